"""Removes the lines that ask for a package from metapackages and the lists of system extensions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from msgspec.structs import replace

from overlaytool.flatcar.dependency_block import Block, Entry, Group, parse
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.flatcar.order import atom_name


def asked_in(meta: Metapackage) -> frozenset[str]:
    """The packages that a metapackage's lines name."""
    return frozenset(atom_name(atom) for atom in meta.atoms)


def without_packages(meta: Metapackage, packages: Collection[str]) -> Metapackage:
    """A metapackage without the lines for some packages; every other byte of its text is kept.

    A group and an assignment that hold nothing else go with their last line.
    """
    lines = meta.text.splitlines(keepends=True)
    gone: set[int] = set()
    for block in meta.blocks:
        dropped = [entry for entry in block.entries if atom_name(entry.atom) in packages]
        left = [entry for entry in block.entries if entry not in dropped]
        if dropped and not left and block.first != block.last and block.groups:
            gone |= _whole(lines, block)
            continue
        for entry in dropped:
            if entry.alone or (entry.inline and all(other.line != entry.line for other in left)):
                gone.add(entry.line)
            else:
                lines[entry.line] = _without_word(lines[entry.line], entry)
        for group in block.groups:
            if any(_inside(entry, group) for entry in dropped) and not any(
                _inside(entry, group) for entry in left
            ):
                gone |= set(range(group.first, group.last + 1))
    text = "".join(line for index, line in enumerate(lines) if index not in gone)
    blocks = tuple(
        block for block in parse(meta.file, text.splitlines(keepends=True)) if block.variable == meta.variable
    )
    return replace(meta, text=text, blocks=blocks)


def _inside(entry: Entry, group: Group) -> bool:
    return group.first < entry.line < group.last


def _whole(lines: list[str], block: Block) -> set[int]:
    """The lines of an assignment, with the comment above it and the empty line before that."""
    first = block.first
    while first and lines[first - 1].startswith("#"):
        first -= 1
    if first and not lines[first - 1].strip():
        first -= 1
    return set(range(first, block.last + 1))


def _without_word(line: str, entry: Entry) -> str:
    """A line without one of its atoms, and without the blanks that stood before it."""
    at = re.compile(rf"[ \t]*(?<![^\s\"(])({re.escape(entry.atom)})(?![^\s\")])")
    found = at.search(line)
    if found is None:
        return line
    kept = line[: found.start()] + line[found.end() :]
    return (
        kept
        if line[: found.start()].strip(' \t"') or '"' not in line[: found.start()]
        else kept.replace('" ', '"', 1)
    )


_BASE_SYSEXTS = re.compile(r'(DEFINE_string\s+base_sysexts\s+")([^"]*)(")')


def without_in_base_sysexts(text: str, packages: Collection[str]) -> str:
    """``build_image`` without some packages in ``base_sysexts``; an extension that has no other goes too."""

    def kept(entry: str) -> str:
        start, mark, words = (
            re.split(r"([|:])", entry, maxsplit=1) if re.search("[|:]", entry) else ("", "", "")
        )
        left = [word for word in words.split("&") if atom_name(word.strip()) not in packages]
        return f"{start}{mark}{'&'.join(left)}" if words else entry

    def edited(found: re.Match[str]) -> str:
        entries = (kept(entry) for entry in found[2].split(","))
        return f"{found[1]}{','.join(entry for entry in entries if entry[-1:] not in '|:')}{found[3]}"

    return _BASE_SYSEXTS.sub(edited, text)


def without_in_sysexts(text: str, packages: Collection[str]) -> str:
    """``extra_sysexts.sh`` without some packages; an extension that has no other goes too."""
    return "".join(_sysext_lines(text, packages))


_SYSEXT = re.compile(
    r"""^(?P<start>\s*["']?[\w.+-]+(?P<mark>[|:]))(?P<packages>[^|"']+)(?P<rest>.*)$""", re.DOTALL
)


def _sysext_lines(text: str, packages: Collection[str]) -> Iterator[str]:
    inside = False
    for line in text.splitlines(keepends=True):
        if "EXTRA_SYSEXTS=(" in line:
            inside = True
            yield line
            continue
        inside = inside and line.strip() != ")"
        match = _SYSEXT.match(line) if inside else None
        if match is None:
            yield line
            continue
        words = match["packages"].split(",")
        kept = [word for word in words if atom_name(word.strip()) not in packages]
        if kept:
            yield match["start"] + ",".join(kept) + match["rest"]
