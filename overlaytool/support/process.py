"""The one place that starts programs: output line by line, a time limit, and an end for the whole group.

A program gets a process group of its own, so that Ctrl-C reaches overlaytool alone and overlaytool decides
in which order things end. The terminal stays the controlling one, so that sudo can use its cached ticket.
"""

from __future__ import annotations

import codecs
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from msgspec import Struct

from overlaytool.errors import HungError, ToolMissingError, WriteError

TAIL = 2000
"""Lines of output that are kept in memory; a log has them all."""
PATIENCE = 5.0
"""Seconds between SIGTERM and SIGKILL, and for output that comes after a program's end."""
LOOK_EVERY = 0.25
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")

Line = Callable[[str], None]


class Completed(Struct, frozen=True, kw_only=True):
    """A program that has ended."""

    command: tuple[str, ...]
    status: int
    """Exit status; negative: the number of the signal that ended it."""
    output: tuple[str, ...]
    """The last lines of both streams, without colours."""
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.status == 0

    @property
    def text(self) -> str:
        """The output as one string."""
        return "\n".join(self.output)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    source: Path | None = None,
    log: Path | None = None,
    line: Line | None = None,
    watch: Callable[[], None] | None = None,
) -> Completed:
    """Run a program and wait until it ends. Any exception, Ctrl-C too, ends its whole process group.

    :param timeout: seconds; None for no limit.
    :param source: a file that the program gets as its standard input; None for nothing.
    :param log: gets every line too, appended.
    :param line: is called with every line, without colours, as it comes.
    :param watch: is called four times a second; what it raises ends the program.
    :raises ToolMissingError: when there is no such program.
    :raises HungError: when the time is up.
    :raises WriteError: when the log cannot be written.
    """
    words = tuple(map(str, command))
    started = time.monotonic()
    kept: deque[str] = deque(maxlen=TAIL)
    with _log(log) as write, _started(words, cwd, environment, source) as process:
        deadline = started + timeout if timeout else None
        for text in _lines(words[0], process, deadline, watch):
            kept.append(text)
            write(text)
            if line:
                line(text)
        status = _ended(words[0], process, deadline, watch)
    return Completed(command=words, status=status, output=tuple(kept), seconds=time.monotonic() - started)


def in_foreground(command: Sequence[str]) -> bool:
    """Run a program that talks to the user on the terminal, as sudo does for a password."""
    return attached(command) == 0


def attached(command: Sequence[str], *, watch: Callable[[], None] | None = None) -> int:
    """Run a program on our own input and output, and give its exit status.

    It is in our process group: what the terminal sends, it gets too.

    :param watch: is called twice a second; what it raises ends the program.
    :raises ToolMissingError: when there is no such program.
    """
    try:
        process = subprocess.Popen(command)
    except (FileNotFoundError, PermissionError) as error:
        raise _missing(command[0], error) from error
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(0.5 if watch else None)
            if watch:
                watch()
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            process.wait()


def _missing(program: str, error: OSError) -> ToolMissingError:
    return ToolMissingError(
        f"{program} cannot be run: {error.strerror}", hint=f"install {Path(program).name}"
    )


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block like Ctrl-C does, so that its clean-up happens."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Clean-up that a second, impatient Ctrl-C must not cut short. Keep what is in it bounded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _log(path: Path | None) -> Iterator[Line]:
    if path is None:
        yield lambda text: None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise WriteError(f"the log {path} cannot be written: {error.strerror}") from error
    with file:
        yield lambda text: _append(file, path, text)


def _append(file: BinaryIO, path: Path, text: str) -> None:
    try:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")
    except OSError as error:
        raise WriteError(f"the log {path} cannot be written: {error.strerror}") from error


@contextmanager
def _started(
    command: tuple[str, ...], cwd: Path | None, environment: Mapping[str, str] | None, source: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        with (source or Path(os.devnull)).open("rb") as given:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
    except (FileNotFoundError, PermissionError) as error:
        raise _missing(command[0], error) from error
    with process:
        try:
            yield process
        except BaseException:
            with uninterrupted():
                _end_group(process)
            raise


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the group, SIGKILL to what is left of it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
            break
    _signal_group(process.pid, signal.SIGKILL)
    if process.stdout:
        process.stdout.close()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
    except PermissionError:  # it is sudo's: only root may signal it
        with suppress(OSError):
            subprocess.run(
                ["sudo", "-n", "kill", f"-{number.value}", "--", f"-{group}"],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )


def _ended(
    name: str, process: subprocess.Popen[bytes], deadline: float | None, watch: Callable[[], None] | None
) -> int:
    """The exit status of a program that has closed its output; it may run for long after that.

    :raises HungError: at the deadline.
    """
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(LOOK_EVERY)
        _look(name, deadline, watch)


def _look(name: str, deadline: float | None, watch: Callable[[], None] | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise HungError(f"{name} was ended: its time was up")
    if watch:
        watch()


def _lines(
    name: str, process: subprocess.Popen[bytes], deadline: float | None, watch: Callable[[], None] | None
) -> Iterator[str]:
    """The lines of the output, without colours; of a line that overwrites itself only the last text."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    pending = ""
    for chunk in _chunks(name, process, deadline, watch):
        *complete, pending = (pending + decoder.decode(chunk)).split("\n")
        yield from map(_plain, complete)
    if pending:
        yield _plain(pending)


def _plain(text: str) -> str:
    return ANSI.sub("", text.rstrip("\r").rpartition("\r")[2])


def _chunks(
    name: str, process: subprocess.Popen[bytes], deadline: float | None, watch: Callable[[], None] | None
) -> Iterator[bytes]:
    """Bytes until the end of output, or until a program has ended whose children keep its output open.

    :raises HungError: at the deadline.
    """
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    ended: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if selector.select(LOOK_EVERY):
                chunk = os.read(descriptor, 65536)
                if not chunk:
                    return
                yield chunk
            _look(name, deadline, watch)
            if process.poll() is not None:
                ended = ended or time.monotonic()
                if time.monotonic() > ended + PATIENCE:
                    return
