"""Refuses to overwrite work that is not committed, unless overlaytool wrote it itself.

A file of the checkout may be replaced or deleted when it is what HEAD has, or what an earlier run wrote.
For the second kind there is a record, ``written.json``, in the checkout's private directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from overlaytool.apply.journal import digest, replace_file
from overlaytool.errors import UncommittedError
from overlaytool.flatcar.tree import read_file
from overlaytool.git.head import head_commit
from overlaytool.git.repository import Repository
from overlaytool.model.change import FileChange

RECORD = "written.json"
AT_A_TIME = 500
"""Paths that git is asked about in one command line."""


def refuse(checkout: Path, place: Path, changes: Sequence[FileChange]) -> None:
    """Refuse a change that would replace or delete content that exists in the work tree only.

    A checkout without git, or without a commit, has nothing to compare with.

    :param place: the checkout's private directory.
    :raises UncommittedError: naming every such file; whether git ignores it makes no difference.
    """
    if head_commit(checkout) is None:
        return
    written = _read(place)
    there = [
        change
        for change in changes
        if change.before is not None and written.get(change.path) != digest(change.before)
    ]
    lost = _uncommitted(Repository.open(checkout), there) if there else ()
    if lost:
        raise UncommittedError(
            f"{checkout} has changes that are not committed, and this would write over them",
            details=tuple(lost),
            hint="nothing was written; commit or stash them (git stash --all -- FILE...), or add --commit,"
            " which leaves your files alone; then run this again",
        )


def remember(checkout: Path, place: Path, changes: Iterable[FileChange]) -> None:
    """Record the files that are about to be written, and drop those that no longer exist.

    :raises OSError: where it cannot be written.
    """
    note(checkout, place, {change.path: digest(change.after) for change in changes})


def note(checkout: Path, place: Path, digests: Mapping[str, str | None]) -> None:
    """The same, given the digests of the files; None for a file that is deleted.

    :raises OSError: where it cannot be written.
    """
    known = {path: kept for path, kept in _read(place).items() if digest(read_file(checkout / path)) == kept}
    for path, after in digests.items():
        known.pop(path, None)
        if after is not None:
            known[path] = after
    replace_file(place / RECORD, msgspec.json.encode({"format": 1, "written": known}, order="deterministic"))


def _uncommitted(repository: Repository, changes: Sequence[FileChange]) -> list[str]:
    """The paths whose file, as it is found, is not in HEAD."""
    head = repository.tree("HEAD")
    lost, differing = [], []
    for change in changes:
        committed = head.read(change.path)
        if committed is None:
            lost.append(change.path)
        elif committed != change.before:
            differing.append(change.path)
    # What differs by bytes may be the same to git: line endings, other filters, modes that are not looked at.
    for start in range(0, len(differing), AT_A_TIME):
        some = differing[start : start + AT_A_TIME]
        specs = [f":(top,literal){path}" for path in some]
        lost += some if repository.hidden(specs) else set(some).intersection(repository.dirty(specs))
    return sorted(lost)


def _read(place: Path) -> Mapping[str, str]:
    """The record; empty where it is missing or damaged, so that every file counts as the user's work."""
    try:
        found = msgspec.json.decode((place / RECORD).read_bytes())
        written = found["written"]
        return {str(path): str(kept) for path, kept in written.items()}
    except (OSError, msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError):
        return {}
