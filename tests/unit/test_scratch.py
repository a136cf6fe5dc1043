"""Directories for a while: they are there while somebody holds them, and what was left is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support import ROOT

from overlaytool.support import scratch


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory that nobody else uses, and in which nothing counts as young."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "YOUNG", -10)
    scratch.remove_left_over.cache_clear()
    return tmp_path


def killed(temporary: Path, code: str) -> Path:
    """What a process leaves that is killed while it holds a directory, which it prints."""
    command = f"import os, time\nfrom overlaytool.support.scratch import *\n{code}\n"
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    place = Path(process.stdout.readline().strip())
    assert place.parent == temporary
    scratch.remove_left_over(str(temporary))
    assert place.is_dir(), "somebody holds it"
    scratch.remove_left_over.cache_clear()
    process.kill()
    process.communicate()
    return place


@pytest.mark.parametrize(
    "hold",
    [
        "made = Directory(); print(made.path, flush=True); time.sleep(60)",
        "with scratch() as place: print(place, flush=True); time.sleep(60)",
        "with staying('demo') as place: print(place, flush=True); time.sleep(60)",
    ],
)
def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path, hold: str) -> None:
    left = killed(temporary, hold)
    (left / "file").write_text("x")
    made = scratch.Directory()
    assert [path for path in temporary.iterdir() if path != made.path] == []
    made.close()
    assert list(temporary.iterdir()) == []


def test_what_is_done_and_to_stay_stays(temporary: Path) -> None:
    with scratch.staying("demo") as place:
        (place / "file").write_text("x")
    scratch.remove_left_over.cache_clear()
    scratch.Directory().close()
    assert [path.name for path in place.iterdir()] == ["file"]


def test_what_others_have_named_so_stays(temporary: Path) -> None:
    (temporary / "overlaytool-notes").mkdir()
    (temporary / f"{scratch.PREFIX}link").symlink_to(temporary / "overlaytool-notes")
    scratch.Directory().close()
    assert len(list(temporary.iterdir())) == 2


def test_a_directory_that_may_just_have_been_made_stays(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "YOUNG", 60)
    young, old = temporary / f"{scratch.PREFIX}young", temporary / f"{scratch.PREFIX}old"
    for place in (young, old):
        place.mkdir()
    os.utime(old, (time.time() - 120,) * 2)
    scratch.Directory().close()
    assert list(temporary.iterdir()) == [young]
