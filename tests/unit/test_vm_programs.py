"""Programs in a machine: which are tried, and what their answers mean."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from records import MACHINE

from overlaytool.model.vm import Machine, ProgramState
from overlaytool.support.process import Completed
from overlaytool.vm import programs, ssh


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what ssh would run with this machine's sh."""

    def run(machine: Machine, words: tuple[str, ...], **_: object) -> Completed:
        done = subprocess.run(["sh", "-c", words[0]], capture_output=True, text=True, check=False)
        lines = tuple((done.stdout + done.stderr).splitlines())
        return Completed(command=words, status=done.returncode, output=lines, seconds=0.0)

    monkeypatch.setattr(ssh, "run", run)


def write(place: Path, name: str, script: str) -> str:
    path = place / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_only_what_is_run_by_name_is_a_program() -> None:
    files = ["/usr/bin/htop", "/usr/bin/site/x", "/usr/share/man/htop.1", "/usr/sbin/tool", "", "/etc/htop"]
    assert programs.programs(files) == ("/usr/bin/htop", "/usr/sbin/tool")


@pytest.mark.parametrize(
    "script, state, command, output",
    [
        ("echo tool 1.2; echo more", ProgramState.SPEAKS, "tool --version", "tool 1.2"),
        ('[ "$1" = -V ] && echo V 3 || exit 2', ProgramState.SPEAKS, "tool -V", "V 3"),
        ("echo; echo bad option >&2; exit 1", ProgramState.STARTS, "tool --help", "bad option"),
        ("exit 127", ProgramState.BROKEN, "tool --version", ""),
        ("kill -SEGV $$", ProgramState.BROKEN, "tool --version", ""),
    ],
)
def test_answers_are_understood(
    here: None, tmp_path: Path, script: str, state: ProgramState, command: str, output: str
) -> None:
    path = write(tmp_path, "tool", script)
    (checked,) = programs.check(MACHINE, {"app-misc/tool-1.2": [path]})
    assert (checked.state, checked.command, checked.output) == (state, command, output)
    assert checked.package == "app-misc/tool-1.2"


def test_program_that_is_not_there_is_absent(here: None, tmp_path: Path) -> None:
    (checked,) = programs.check(MACHINE, {"a/b-1": [os.fspath(tmp_path / "none")]})
    assert checked.state is ProgramState.ABSENT
    assert not checked.works


def test_nothing_to_try_asks_nobody() -> None:
    assert programs.check(MACHINE, {}) == ()
