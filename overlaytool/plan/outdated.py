"""Which entries of the automation list differ from Gentoo, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from overlaytool.flatcar.automation import ListEntry


class EntryState(StrEnum):
    """How the files of an entry of the automation list compare with Gentoo's."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_HERE = "not-here"
    """portage-stable has no such package: the bot calls it nonexistent."""
    DROPPED = "dropped"
    """Gentoo has no such package any more."""
    MOVED = "moved"
    """``profiles/updates`` of Gentoo gives it another name."""


class Entry(Struct, frozen=True, kw_only=True):
    """One package or eclass of the automation list."""

    name: str
    """``cat/pn`` or ``eclass/x.eclass``."""
    state: EntryState
    moved_to: str | None = None


def looked_after(entries: Iterable[ListEntry], excluded: Iterable[str]) -> tuple[str, ...]:
    """The names of a list, without those that match a pattern.

    :param excluded: patterns as of the shell, ``dev-python/*``.
    """
    patterns = tuple(excluded)
    return tuple(
        entry.name
        for entry in entries
        if not entry.commented_out and not any(fnmatchcase(entry.name, pattern) for pattern in patterns)
    )


def is_package(name: str) -> bool:
    """Whether a name of the list is that of a package: it may be an eclass or a whole directory."""
    category, slash, rest = name.partition("/")
    return bool(slash and rest) and category not in ("eclass", "metadata", "profiles", "licenses", "scripts")


def is_eclass(name: str) -> bool:
    """Whether a name of the list is that of an eclass."""
    return name.startswith("eclass/") and name.endswith(".eclass")


def without_source(
    names: Iterable[str], stable: Path, source: Path, moved: dict[str, str | None]
) -> Iterator[Entry]:
    """Packages of the list that only one side has; the others have to be compared.

    :param stable: portage-stable.
    :param source: Gentoo's tree.
    :param moved: for packages that Gentoo does not have: the name that it has them under now.
    """
    for name in names:
        if not (stable / name).is_dir():
            yield Entry(name=name, state=EntryState.NOT_HERE)
        elif not (source / name).is_dir():
            target = moved.get(name)
            state = EntryState.MOVED if target else EntryState.DROPPED
            yield Entry(name=name, state=state, moved_to=target)
