"""One build at a time in one container."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overlaytool.errors import LockedError, WriteError


@contextmanager
def held(directory: Path, name: str) -> Iterator[None]:
    """Hold the lock of the container ``name``. It goes with the process, however that ends.

    :raises LockedError: when another overlaytool is at work in that container.
    :raises WriteError: when the lock's file cannot be written.
    """
    path = directory / f"{name}.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LockedError(
                f"another overlaytool is building in the container {name}",
                details=(f"process {file.read().strip() or 'unknown'}",),
                hint="wait for it, or end it with Ctrl-C there",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
