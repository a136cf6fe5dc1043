"""Programs, their ends and their output; the lock; the words for the container."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from overlaytool.errors import HungError, LockedError, ToolMissingError, WriteError
from overlaytool.sdk import in_container, lock, wrapper
from overlaytool.support import process

NAP = f"sleep {1_000_000 + os.getpid()}"
"""A command line that no other test runs at the same time."""


def napping() -> bool:
    """Whether somebody sleeps still."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return any(NAP in line for line in found)


def test_output_comes_line_by_line_and_goes_to_the_log(tmp_path: Path) -> None:
    seen: list[str] = []
    log = tmp_path / "logs/x.log"
    script = r"printf 'one\n\033[32mtwo\033[0m\nold\rnew\n' ; printf 'err\n' >&2; printf tail; exit 3"
    done = process.run(("sh", "-c", script), line=seen.append, log=log)
    assert done.status == 3
    assert not done.ok
    assert tuple(seen) == done.output
    assert sorted(seen) == ["err", "new", "one", "tail", "two"]
    assert log.read_text().splitlines() == seen


def test_time_limit_ends_the_whole_group() -> None:
    started = time.monotonic()
    with pytest.raises(HungError):
        process.run(("sh", "-c", f"{NAP} & {NAP}"), timeout=0.5)
    assert time.monotonic() - started < 10
    assert not napping()


def test_time_limit_holds_for_a_program_that_has_closed_its_output() -> None:
    started = time.monotonic()
    with pytest.raises(HungError):
        process.run(("sh", "-c", f"exec >&- 2>&-; {NAP}"), timeout=0.5)
    assert time.monotonic() - started < 10
    assert not napping()


@pytest.mark.parametrize("before", ["", "exec >&- 2>&-; "])
def test_watch_ends_a_program_whether_it_speaks_or_not(before: str) -> None:
    def refuse() -> None:
        raise RuntimeError("the machine is gone")

    with pytest.raises(RuntimeError, match="gone"):
        process.run(("sh", "-c", before + NAP), watch=refuse)
    assert not napping()


def test_program_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.3)
    with pytest.raises(HungError):
        process.run(("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"), timeout=0.5)


def test_exception_in_the_listener_ends_the_program() -> None:
    def refuse(text: str) -> None:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError, match="go"):
        process.run(("sh", "-c", f"echo go; {NAP}"), line=refuse)
    assert not napping()


def test_child_that_keeps_the_output_open_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.3)
    started = time.monotonic()
    done = process.run(("sh", "-c", "sleep 6 & echo done"))
    assert done.output == ("done",)
    assert time.monotonic() - started < 5


def test_missing_program_and_unwritable_log_are_said(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="no-such-program cannot be run"):
        process.run(("no-such-program",))
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="log"):
        process.run(("true",), log=tmp_path / "file/x.log")


def test_termination_becomes_an_interruption() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), process.termination_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) == before


def test_lock_is_for_one_process_and_names_it(tmp_path: Path) -> None:
    with lock.held(tmp_path, "c"), pytest.raises(LockedError) as error, lock.held(tmp_path, "c"):
        pass
    assert error.value.details == (f"process {os.getpid()}",)
    with lock.held(tmp_path, "c"):
        pass


@pytest.mark.parametrize("word", ["it's", 'a "b" $c `d` \\e', "", "two\nlines", "''", "'\\''", "$(exit 3)"])
def test_word_survives_two_layers_of_quotes(word: str) -> None:
    inner = f'exec printf %s "{wrapper.quote(word)}"'
    script = f"exec bash -c '{inner}'"
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == word


def test_what_a_command_started_ends_with_it_and_nothing_else_does(tmp_path: Path) -> None:
    record = tmp_path / "stat"
    script = (
        f"cat /proc/$$/stat > {record}; (setsid {NAP} & {NAP}) & trap '' TERM; while :; do sleep 0.1; done"
    )
    stranger = subprocess.Popen(["sleep", "60"])
    ours = subprocess.Popen(["bash", "-c", script], start_new_session=True)
    reaper = threading.Thread(target=ours.wait)
    reaper.start()
    while not record.exists() or not record.read_text():
        time.sleep(0.05)
    time.sleep(0.3)
    done = subprocess.run([sys.executable, in_container.__file__, record], timeout=30)
    reaper.join(10)
    try:
        assert done.returncode == 0
        assert stranger.poll() is None
        assert not napping()
        assert not record.exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_process_that_has_got_the_recorded_id_since_is_left_alone() -> None:
    line = "77 (a (b) c) S 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0"
    recorded, other = (in_container.parse(line.format(started)) for started in (100, 200))
    assert (other.pid, other.parent, other.session, other.started) == (77, 1, 77, 200)
    assert in_container.family(recorded, {77: other}) == set()
    assert in_container.family(other, {77: other}) == {77}
