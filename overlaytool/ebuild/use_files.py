"""The files about USE in a profile directory (PMS section 5.2.11): what they say of one package.

They are read as text, and an atom is parsed when its package is asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from snakeoil.bash import read_bash

from overlaytool.ebuild.depend import is_about
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.order import atom_name
from overlaytool.support.files import read_text

SPECIFICITY = {"=": 6, "~": 5, "=*": 4, "": 1}
"""By an atom's operator, as Portage ranks them: a slot ranks 3, a range of versions 2."""


class Change(NamedTuple):
    """Flags that a line sets and unsets."""

    off: frozenset[str]
    on: frozenset[str]
    clears: bool
    """Whether it begins with ``-*``."""
    prefixes: tuple[str, ...]
    """Of the USE_EXPAND variables that it empties, ``-video_cards_*``."""
    patterns: tuple[str, ...]
    """What it sets stands for all flags that begin so, ``video_cards_*``."""

    def apply(self, flags: set[str], iuse: frozenset[str]) -> None:
        """Set and unset. ``iuse`` is what patterns can stand for."""
        if self.clears:
            flags.clear()
        for prefix in self.prefixes:
            flags.difference_update([flag for flag in flags if flag.startswith(prefix)])
        flags -= self.off
        flags |= self.on
        for pattern in self.patterns:
            flags.update(flag for flag in iuse if flag.startswith(pattern))

    def then(self, other: Change) -> Change | None:
        """Both as one, or None where the other one depends on which flags are on."""
        if other.clears or other.prefixes or self.patterns or other.patterns:
            return None
        return self._replace(off=self.off | other.off, on=(self.on - other.off) | other.on)


def change(words: Iterable[str]) -> Change:
    """``flag -other`` as a change."""
    off = {word[1:] for word in words if word[:1] == "-"}
    on = {word for word in words if word[:1] != "-"}
    return Change(
        off=frozenset(off),
        on=frozenset(flag for flag in on if not flag.endswith("*")),
        clears="*" in off,
        prefixes=tuple(flag[:-1] for flag in sorted(off) if flag.endswith("_*")),
        patterns=tuple(flag[:-1] for flag in sorted(on) if flag.endswith("*")),
    )


class PackageUse:
    """``package.use``, ``package.use.mask`` and their like of one profile directory."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: dict[str, list[str]] = defaultdict(list)
        for line in lines:
            self._lines[atom_name(line.split(maxsplit=1)[0])].append(line)
        self._changes: dict[str, list[tuple[Any, Change]]] = {}
        self.packages = frozenset(self._lines)
        """The packages that it is about."""

    def about(self, ebuild: Any) -> Sequence[Change]:
        """What the file says of an ebuild, the most specific atom last (as Portage orders them)."""
        return [said for atom, said in self._parsed(ebuild.key) if is_about(atom, ebuild)]

    def _parsed(self, package: str) -> list[tuple[Any, Change]]:
        known = self._changes.get(package)
        if known is None:
            known = self._changes[package] = sorted(
                _entries(self._lines.get(package, ())), key=lambda entry: specificity(entry[0])
            )
        return known


def _entries(lines: Iterable[str]) -> Iterator[tuple[Any, Change]]:
    """Atom and change of each line; lines that cannot be read are left out, as emerge leaves them out."""
    for line in lines:
        text, *flags = line.split()
        try:
            atom = parsed(parse_atom(text))
        except MalformedAtomError:
            continue
        yield atom, change(flags)


def specificity(atom: Any) -> int:
    """How specific an atom is, as Portage ranks the lines of one file."""
    rank = SPECIFICITY.get(atom.op, 2)
    return max(rank, 3) if atom.slot is not None else rank


class UseFiles:
    """The files about USE that profiles have, each read once: boards share most of their parents."""

    def __init__(self) -> None:
        self._listed: dict[str, frozenset[str]] = {}
        self._about_packages: dict[tuple[str, str], PackageUse | None] = {}
        self._about_all: dict[tuple[str, str], Change | None] = {}

    def about_packages(self, directory: str, name: str) -> PackageUse | None:
        """``package.use`` or its like in a profile directory. None where it says nothing."""
        key = (directory, name)
        if key not in self._about_packages:
            lines = self._lines(directory, name)
            self._about_packages[key] = PackageUse(lines) if lines else None
        return self._about_packages[key]

    def about_all(self, directory: str, name: str) -> Change | None:
        """``use.mask`` or its like, a flag a line. None where it says nothing."""
        key = (directory, name)
        if key not in self._about_all:
            words = [word for line in self._lines(directory, name) for word in line.split()]
            self._about_all[key] = change(words) if words else None
        return self._about_all[key]

    def _lines(self, directory: str, name: str) -> list[str]:
        listed = self._listed.get(directory)
        if listed is None:
            listed = frozenset(path.name for path in Path(directory).iterdir())
            self._listed[directory] = listed
        return list(_lines(Path(directory, name))) if name in listed else []


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, or of all in a directory, without comments."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if not file.name.startswith(".") and not file.name.endswith("~"):
                yield from _lines(file)
    elif path.is_file():
        yield from read_bash(StringIO(read_text(path, errors="replace")))
