"""Locks on files. The kernel gives a lock back when its process ends, however it ends: none is ever stale."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class HeldElsewhereError(Exception):
    """Another process has the lock.

    :param process: its number, where the file says it; else empty.
    """

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self.process = process


def take(descriptor: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; False while another process has a lock that excludes this one."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def hold(file: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made where there is none and says which process has it.

    :raises HeldElsewhereError: while another process holds it.
    :raises OSError: where the file cannot be made.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if not take(descriptor):
            raise HeldElsewhereError(os.pread(descriptor, 32, 0).decode("ascii", "replace").strip())
        with suppress(OSError):  # the number is for a message only; a full disk must not stop the work
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
