"""A cache of commits' files on disk: writing ten thousand files takes longer than resolving with them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from overlaytool.errors import WriteError
from overlaytool.git.repository import QUIET, Repository

KEPT = 4
"""Copies that stay, the ones that were used last."""
IN_USE = 3600.0
"""Seconds in which a copy that was used is not removed: another overlaytool may be reading it."""


@contextmanager
def exported(
    repository: Repository, commit: str, cache: Path, *, without: Sequence[str] = ()
) -> Iterator[Path]:
    """A copy of a commit's files, to be read only.

    :param cache: the user's cache directory; the copy is kept below it, under git's name for its content.
    :param without: directories, from the top, that are left out.
    :raises WriteError: where the copy cannot be written.
    """
    home = cache / "exports"
    place = home / f"{repository.tree_id(commit)}-{len(without)}"
    if not place.is_dir():
        _write(repository, commit, place, without)
    with suppress(OSError):
        os.utime(place)
    yield place
    _prune(home, place)


def _write(repository: Repository, commit: str, place: Path, without: Sequence[str]) -> None:
    """Write a copy under a temporary name, and rename it when it is complete."""
    part = place.with_name(f".{place.name}.{os.getpid()}")
    index = part.with_suffix(".index")
    try:
        part.mkdir(parents=True)
        environment = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(part)}
        repository.run(*QUIET, "read-tree", commit, environment=environment)
        names = repository.run("ls-tree", "-r", "-z", "--name-only", commit).split(b"\0")
        left_out = tuple(f"{path}/".encode() for path in without)
        wanted = b"".join(name + b"\0" for name in names if name and not name.startswith(left_out))
        repository.run(
            *QUIET, "checkout-index", "--quiet", "-z", "--stdin", stdin=wanted, environment=environment
        )
        with suppress(OSError):  # another overlaytool was faster
            part.rename(place)
    except OSError as error:
        raise WriteError(
            f"{part} cannot be written: {error.strerror}", hint="XDG_CACHE_HOME names another place"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            index.unlink()


def _prune(home: Path, current: Path) -> None:
    """Remove the least recently used copies, and incomplete ones of runs that were killed."""
    with suppress(OSError):
        now = time.time()
        found = sorted(
            ((entry.stat().st_mtime, entry) for entry in home.iterdir() if entry != current), reverse=True
        )
        for place, (used, entry) in enumerate(found, start=1):
            if now - used > IN_USE and (place >= KEPT or entry.name.startswith(".")):
                shutil.rmtree(entry, ignore_errors=True)
