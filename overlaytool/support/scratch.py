"""Directories in the temporary directory that are removed at the end, or by the next run after a kill.

Each is locked as long as its process lives.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from overlaytool.support.lock import take

PREFIX = "overlaytool-run-"
STAYS, UNFINISHED = "overlaytool-", "unfinished"
"""What a directory that is to stay begins with, and the file in it until it is complete."""
YOUNG = 60
"""Seconds in which a directory may be made and not locked yet."""


class Directory:
    """A new, empty temporary directory, which :meth:`close` removes."""

    def __init__(self) -> None:
        """:raises OSError: where none can be made."""
        remove_left_over(tempfile.gettempdir())
        self._made = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.path = Path(self._made.name)
        self._held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        take(self._held)

    def close(self) -> None:
        """Remove it with all that is in it."""
        self._made.cleanup()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


@contextmanager
def scratch() -> Iterator[str]:
    """An empty directory, which is removed at the end.

    :raises OSError: where none can be made.
    """
    made = Directory()
    try:
        yield str(made.path)
    finally:
        made.close()


@contextmanager
def staying(name: str) -> Iterator[Path]:
    """A new directory that is kept when the block completes; else the next run removes it.

    :raises OSError: where none can be made.
    """
    remove_left_over(tempfile.gettempdir())
    place = Path(tempfile.mkdtemp(prefix=f"{STAYS}{name}-"))
    held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        take(held)
        (place / UNFINISHED).touch()
        yield place
        (place / UNFINISHED).unlink()
    finally:
        os.close(held)


@cache
def remove_left_over(temporary: str) -> None:
    """Remove the directories of this user that no process holds; once in a run."""
    unfinished = [mark.parent for mark in Path(temporary).glob(f"{STAYS}*/{UNFINISHED}")]
    for place in (*Path(temporary).glob(f"{PREFIX}*"), *unfinished):
        with suppress(OSError):
            status = place.lstat()
            if status.st_uid != os.geteuid() or status.st_mtime > time.time() - YOUNG:
                continue
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if take(descriptor):
                    shutil.rmtree(place)
            finally:
                os.close(descriptor)
