"""Finds the line of a profile that masks or forces a USE flag of an ebuild.

The files are those that :mod:`overlaytool.ebuild.use` stacks, in the same order: the last line that names a
flag decides. They are read again as text, since this is only needed where something is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from overlaytool.ebuild.depend import is_about
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.ebuild.use_files import specificity
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.profiles import Block, blocks_in


class Node(NamedTuple):
    """A directory of a profile, and whether its ``.stable`` files are about the ebuild that is looked at."""

    path: Path
    stable: bool


class Setter(NamedTuple):
    """A line that masks, forces or leaves alone a USE flag of an ebuild."""

    path: Path
    number: int
    """Counted from 1."""
    atom: str | None
    """The package that it is about; None: all of them."""
    word: str
    """What it says of the flag: ``flag``, ``-flag``, or a pattern for it."""
    text: str
    comment: str

    @property
    def fixes(self) -> bool:
        """Whether it masks or forces the flag, rather than leaving it alone."""
        return not self.word.startswith("-")


def deciding(
    nodes: Sequence[Node], ebuild: Any, flag: str, kind: str, read: Callable[[Path], str]
) -> Setter | None:
    """The line that decides whether a flag is masked or forced, or None where no line names it.

    :param nodes: the profile's directories, parents first.
    :param ebuild: pkgcore's package.
    :param kind: ``mask`` or ``force``.
    :param read: the text of a file, empty for one that is not there.
    """
    last = None
    for node in nodes:
        for path, about_all in _files(node, kind):
            said = _setters(path, blocks_in(read(path)), about_all, ebuild, flag)
            last = max(said, key=lambda pair: (pair[0], pair[1].number))[1] if said else last
    return last


def _files(node: Node, kind: str) -> Iterator[tuple[Path, bool]]:
    """The files of one directory in the order in which they count, and whether each is about all packages."""
    names = [(f"use.{kind}", True), (f"use.stable.{kind}", True)]
    names += [(f"package.use.{kind}", False), (f"package.use.stable.{kind}", False)]
    for name, about_all in names:
        if ".stable." in name and not node.stable:
            continue
        path = node.path / name
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            yield file, about_all


def _setters(
    path: Path, found: Sequence[Block], about_all: bool, ebuild: Any, flag: str
) -> list[tuple[int, Setter]]:
    """The lines of one file about a flag, each with the rank of its atom."""
    said = []
    for block in found:
        for entry in block.entries:
            words = (entry.atom, *entry.values) if about_all else entry.values
            word = next((word for word in reversed(words) if _names(word, flag)), None)
            rank = 0 if about_all else _rank(entry.atom, ebuild) if word else None
            if word is not None and rank is not None:
                text = " ".join((entry.atom, *entry.values))
                atom = None if about_all else entry.atom
                said.append((rank, Setter(path, entry.line + 1, atom, word, text, block.comment)))
    return said


def _names(word: str, flag: str) -> bool:
    name = word.removeprefix("-")
    return name == flag or (name.endswith("*") and flag.startswith(name[:-1]))


def _rank(text: str, ebuild: Any) -> int | None:
    """How specific an atom is, as a number; None where it does not match the ebuild."""
    try:
        atom = parsed(parse_atom(text))
    except MalformedAtomError:
        return None
    return specificity(atom) if is_about(atom, ebuild) else None
