"""Run a program on a terminal of its own, and read what it writes there, control sequences and all."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from overlaytool.errors import ToolMissingError

KIND = "xterm-256color"
PATIENCE = 5.0
"""Seconds between SIGHUP and SIGKILL."""


class Terminal:
    """The end of a pseudo terminal (pty(7)) at which a person would sit."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor = descriptor
        self._process = process

    def read(self, seconds: float, *, first: float = 0.0) -> bytes:
        """What comes within that time, or until the program has ended.

        :param first: seconds to wait for the first byte, from which ``seconds`` count.
        """
        chunks: list[bytes] = []
        deadline = time.monotonic() + max(first, seconds)
        while (remaining := deadline - time.monotonic()) > 0:
            if not select.select([self._descriptor], [], [], remaining)[0]:
                continue
            try:
                chunk = os.read(self._descriptor, 65536)
            except OSError:  # EIO: nobody has the other end open any more
                break
            if not chunk:
                break
            if not chunks:
                deadline = time.monotonic() + seconds
            chunks.append(chunk)
        return b"".join(chunks)

    def write(self, data: bytes) -> None:
        """Type something; nothing happens where the program has ended."""
        with suppress(OSError):
            os.write(self._descriptor, data)

    def status(self) -> int | None:
        """The program's exit status; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(0.5)
        return None


@contextmanager
def opened(
    command: Sequence[str], *, columns: int, rows: int, environment: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Start a program on a new terminal; it ends with the block, and its whole session with it.

    :raises ToolMissingError: when there is no such program.
    """
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (rows, columns))
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**(os.environ if environment is None else environment), "TERM": KIND},
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as error:
        os.close(ours)
        raise ToolMissingError(
            f"{command[0]} cannot be run: {error.strerror}", hint=f"install {command[0]}"
        ) from error
    finally:
        os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        os.close(ours)
        for number in (signal.SIGHUP, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
                break
