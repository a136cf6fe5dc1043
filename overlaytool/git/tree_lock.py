"""A tree that `sync` keeps does not change under its readers, and nobody reads one that is half refreshed.

``.NAME.lock`` beside the tree: `sync` holds it alone, readers share it; it goes with the process.
``overlaytool-refresh`` in its git directory is there while its files change, and holds the commit to come.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from overlaytool.errors import LockedError, StaleError
from overlaytool.support.lock import take

MANAGED = "overlaytool.managed"
MARKER = ".git/overlaytool-refresh"


def managed(path: Path) -> bool:
    """Whether `sync` made that clone."""
    try:
        text = (path / ".git/config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    section, _, key = MANAGED.partition(".")
    lines = [line.strip() for line in text.splitlines()]
    return f"[{section}]" in lines and f"{key} = true" in lines


@contextmanager
def alone(name: str, path: Path) -> Iterator[None]:
    """Keep other processes off a tree while it is changed.

    :raises LockedError: while another process changes or reads it.
    :raises OSError: where there can be no lock.
    """
    with _lock_file(path).open("a") as lock:
        if not take(lock.fileno()):
            raise LockedError(f"another overlaytool is syncing or reading {name}", hint="wait for it to end")
        yield


@contextmanager
def reading(trees: Mapping[str, Path]) -> Iterator[None]:
    """Keep `sync` off these trees for so long. Trees that it does not keep are their owner's to leave alone.

    :param trees: name to path.
    :raises LockedError: while one is being refreshed.
    :raises StaleError: where a refresh of one was cut short.
    """
    with ExitStack() as stack:
        for name, path in trees.items():
            if managed(path):
                stack.enter_context(_shared(name, path))
                _refuse_half(name, path)
        yield


@contextmanager
def _shared(name: str, path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(_lock_file(path), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        yield  # a directory that may not be written to: no sync can run there either
        return
    try:
        if not take(descriptor, shared=True):
            raise LockedError(f"{name} is being refreshed by overlaytool sync", hint="wait for it to end")
        yield
    finally:
        os.close(descriptor)


def _refuse_half(name: str, path: Path) -> None:
    if (path / MARKER).exists():
        raise StaleError(
            f"a refresh of {name} at {path} was cut short: its files are of two commits",
            hint="overlaytool sync completes it",
        )


def _lock_file(path: Path) -> Path:
    """Beside the tree, under the name that it really has."""
    real = path.resolve()
    return real.parent / f".{real.name}.lock"
