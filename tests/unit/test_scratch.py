"""Temporary directories: gone at the end, and gone with the next run where the end was a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from overlaytool.support.scratch import PREFIX, YOUNG, remove_left_over, scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove_left_over.cache_clear()
    return tmp_path


def age(place: Path) -> None:
    then = time.time() - YOUNG - 1
    os.utime(place, (then, then))


def test_it_is_there_for_a_while(temporary: Path) -> None:
    with scratch() as place:
        assert list(temporary.iterdir()) == [Path(place)]
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_and_what_is_held_stays(temporary: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, tempfile, time\nfrom overlaytool.support.scratch import scratch\n"
            "tempfile.tempdir = sys.argv[1]\n"
            "with scratch() as place:\n print(place, flush=True)\n time.sleep(60)",
            temporary,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    place = Path(holder.stdout.readline().strip())
    age(place)
    stranger = temporary / "overlaytool-of-somebody"
    stranger.mkdir()
    age(stranger)
    with scratch():
        assert place.exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    remove_left_over.cache_clear()
    with scratch():
        assert not place.exists()
    assert stranger.exists()
    assert not list(temporary.glob(f"{PREFIX}*"))
