"""One build at a time in one container."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from overlaytool.errors import LockedError, WriteError
from overlaytool.support.lock import HeldElsewhereError, hold


@contextmanager
def held(directory: Path, name: str) -> Iterator[None]:
    """Hold the lock of the container ``name``.

    :raises LockedError: when another overlaytool is at work in that container.
    :raises WriteError: when the lock's file cannot be written.
    """
    path = directory / f"{name}.lock"
    with ExitStack() as stack:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold(path))
        except HeldElsewhereError as error:
            raise LockedError(
                f"another overlaytool is building in the container {name}",
                details=(f"process {error.process or 'unknown'}",),
                hint="wait for it, or end it with Ctrl-C there",
            ) from None
        except OSError as error:
            raise WriteError(f"{path} cannot be written: {error.strerror}") from error
        yield
