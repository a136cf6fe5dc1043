"""Directories for a while, in the temporary directory. What a killed run left of them, the next run removes.

Each is locked as long as its process lives: the kernel lets go of the lock, however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

PREFIX = "overlaytool-run-"
YOUNG = 60
"""Seconds in which a directory may be made and not locked yet."""


@contextmanager
def scratch() -> Iterator[str]:
    """An empty directory, which is removed at the end.

    :raises OSError: where none can be made.
    """
    remove_left_over(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=PREFIX) as place:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield place
        finally:
            os.close(descriptor)


@cache
def remove_left_over(temporary: str) -> None:
    """Remove the directories of this user that no process holds; once in a run."""
    for place in Path(temporary).glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = place.lstat()
            if status.st_uid != os.geteuid() or status.st_mtime > time.time() - YOUNG:
                continue
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place)
            finally:
                os.close(descriptor)
