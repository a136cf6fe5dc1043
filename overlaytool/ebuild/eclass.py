"""Eclasses: where each tree's ebuilds find them, which ones a checkout lacks, and who inherits one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.dependency import Origin
from overlaytool.support.files import read_bytes, read_text

INHERIT = re.compile(
    r"^[ \t]*(?:[^#\n]*(?:[;&|(){]|\b(?:then|else|do))[ \t]*)?inherit[ \t]+((?:[^\n\\]|\\\n)*)", re.MULTILINE
)
COPYRIGHT = re.compile(r"Copyright (?:\d{4}-)?(\d{4})")
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class EclassStack:
    """Which directories the eclasses of a tree come from.

    An ebuild that gets copied is built with the checkout's eclasses; the source's own serve only where the
    checkout has none, or where an update of that eclass is part of the plan.
    """

    def __init__(self, checkout: Checkout, sources: Mapping[str, Path], updates: Iterable[str] = ()) -> None:
        """
        :param sources: trees to import from, by name, in order of preference.
        :param updates: eclasses of the checkout that get replaced by the first source's that has them.
        """
        self._stable, self._overlay = checkout.portage_stable / "eclass", checkout.overlay / "eclass"
        self._sources = {name: path / "eclass" for name, path in sources.items()}
        self.updates = tuple(sorted(updates))
        self.trusted = frozenset((self._stable, self._overlay, *tuple(self._sources.values())[:1]))
        """The directories of the checkout and of Gentoo."""

    @property
    def overrides(self) -> Mapping[str, Path]:
        """The files of the updated eclasses and of those that come along, by name."""
        names = (*self.updates, *self.companions)
        return {name: path for name in names if (path := self.in_sources(name)) is not None}

    @cached_property
    def companions(self) -> tuple[str, ...]:
        """The eclasses that portage-stable lacks and that the updated ones inherit, sorted.

        Without them an update would break the ebuilds of the checkout that inherit the updated ones.
        """
        found: set[str] = set()
        pending = list(self.updates)
        while pending:
            path = self.in_sources(pending.pop())
            inherited = _named(path) if path is not None else set()
            new = {
                name
                for name in inherited - found
                if self.in_sources(name) is not None and not (self._stable / f"{name}.eclass").is_file()
            }
            found |= new
            pending += new
        return tuple(sorted(found))

    def directories(self, name: str, origin: Origin) -> tuple[Path, ...]:
        """The eclass directories for the ebuilds of a tree, first wins."""
        if origin is Origin.STABLE:
            return (self._stable,)
        if origin is Origin.OVERLAY:
            return (self._overlay, self._stable)
        own, first = self._sources[name], next(iter(self._sources))
        if name == first:
            return (self._stable, own)
        return (self._overlay, self._stable, own, self._sources[first])

    def in_sources(self, name: str) -> Path | None:
        """The file that an import of the eclass copies, or None."""
        for directory in self._sources.values():
            path = directory / f"{name}.eclass"
            if path.is_file():
                return path
        return None

    def in_checkout(self, name: str, origin: Origin) -> Path | None:
        """The checkout's file for an eclass, as an ebuild that lands in a tree of that kind finds it."""
        directories = (self._stable,) if origin is Origin.STABLE else (self._overlay, self._stable)
        for directory in directories:
            path = directory / f"{name}.eclass"
            if path.is_file():
                return path
        return None

    @cached_property
    def outdated(self) -> tuple[str, ...]:
        """The eclasses that portage-stable and a source both have, with different contents."""
        return tuple(
            path.stem
            for path in sorted(self._stable.glob("*.eclass"))
            if (other := self.in_sources(path.stem)) is not None and _differ(other, path)
        )

    @cached_property
    def behind(self) -> tuple[str, ...]:
        """Those of them that are not newer in portage-stable, as far as the years of their copyright tell."""
        return tuple(
            name
            for name in self.outdated
            if (source := self.in_sources(name)) is None
            or not is_of_earlier_year(source, self._stable / f"{name}.eclass")
        )


def is_of_earlier_year(one: Path, other: Path) -> bool:
    """Whether a file's copyright line names an earlier year than another's."""
    first, second = copyright_year(one), copyright_year(other)
    return first is not None and second is not None and first < second


def copyright_year(file: Path) -> int | None:
    """The last year of a file's copyright line; None where there is none at its beginning."""
    try:
        found = COPYRIGHT.search(read_text(file, errors="replace")[:400])
    except OSError:
        return None
    return int(found[1]) if found else None


def _differ(one: Path, other: Path) -> bool:
    """Whether two files have different contents; of one that cannot be read nothing is known."""
    try:
        return read_bytes(one) != read_bytes(other)
    except OSError:
        return False


def needed_updates(
    outdated: Iterable[str], sourced_with: Callable[[Iterable[str]], Any]
) -> tuple[str, ...] | None:
    """The fewest eclass updates with which an ebuild can be sourced, or None where none help.

    :param outdated: eclasses that could be updated.
    :param sourced_with: gives pkgcore's package, bound to these eclasses as the sources have them.
    """
    names = set(outdated)
    if not names:
        return None
    inherited = _inherits(sourced_with(names))
    if inherited is None:
        return None
    needed = sorted(names & inherited)
    for name in tuple(needed):
        fewer = [other for other in needed if other != name]
        if _inherits(sourced_with(fewer)) is not None:
            needed = fewer
    return tuple(needed)


def _inherits(ebuild: Any) -> set[str] | None:
    """The eclasses of an ebuild, or None where it cannot be sourced."""
    try:
        _ = ebuild.slot
        return set(ebuild.inherited)
    except MetadataException:
        return None


def inherited_by(name: str, trees: Iterable[Path]) -> tuple[str, ...]:
    """The ebuilds of these trees that inherit an eclass, directly or through other eclasses, as CPVs.

    Read from the text of the ``inherit`` lines: sourcing thousands of ebuilds would say the same.
    """
    trees = tuple(trees)
    names = {name}
    eclasses = {
        path.stem: _named(path) for tree in trees for path in sorted((tree / "eclass").glob("*.eclass"))
    }
    while grown := {stem for stem, words in eclasses.items() if words & names} - names:
        names |= grown
    return tuple(
        sorted(
            f"{path.parent.parent.name}/{path.stem}"
            for tree in trees
            for path in tree.glob("*-*/*/*.ebuild")
            if _named(path) & names
        )
    )


def inherited_in(text: str) -> set[str]:
    """The words of a text's ``inherit`` lines, whatever the condition."""
    return {word for line in inherit_lines(text) for word in WORD.findall(line)}


def inherit_lines(text: str) -> Iterator[str]:
    """What stands behind each ``inherit`` of a text; variables are not expanded."""
    at = text.find("inherit")
    while at >= 0:
        line = INHERIT.match(text, text.rfind("\n", 0, at) + 1)
        if line is not None:
            yield line[1]
        end = line.end() if line is not None else text.find("\n", at)
        at = text.find("inherit", max(end, at + 1)) if end >= 0 else -1


def live_eclasses(ebuilds: Mapping[str, str], eclasses: Mapping[str, str]) -> set[str]:
    """The names of eclasses that ebuilds inherit, directly or through others.

    :param ebuilds: path to text.
    :param eclasses: path to text.
    """
    places: dict[str, list[str]] = {}
    for path in eclasses:
        places.setdefault(Path(path).stem, []).append(path)
    live: set[str] = set()
    pending = {name for text in ebuilds.values() for name in inherited_in(text)}
    while pending:
        name = pending.pop()
        if name not in live and name in places:
            live.add(name)
            pending.update(other for path in places[name] for other in inherited_in(eclasses[path]))
    return live


def _named(path: Path) -> set[str]:
    """The words of a file's ``inherit`` lines."""
    try:
        return inherited_in(read_text(path, errors="replace"))
    except OSError:
        return set()
