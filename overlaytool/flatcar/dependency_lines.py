"""Adds and removes lines of a metapackage's dependency variables, in the style of the file."""

from __future__ import annotations

import re
from collections import Counter

from overlaytool.flatcar.dependency_block import Block, Entry, Group, not_understood
from overlaytool.flatcar.order import atom_key, place_by_category


def members(block: Block, group: Group) -> tuple[Entry, ...]:
    return tuple(entry for entry in block.entries if group.first < entry.line < group.last and entry.alone)


def insert(
    file: str, lines: list[str], block: Block, among: tuple[Entry, ...], atom: str, text: str | None = None
) -> None:
    """Put a line among the entries where sorting wants it, indented as they are."""
    usable = [entry for entry in among if entry.alone or entry.inline]
    if not usable:
        raise not_understood(file, block.first, lines[block.first])
    keys, new = [atom_key(entry.atom) for entry in usable], atom_key(atom)
    position = place_by_category(keys, new)
    starts_category = position == 0 or keys[position - 1][0] != new[0]
    if position == 0 or (starts_category and position < len(keys) and keys[position][0] == new[0]):
        line = usable[position].line
    else:
        line = usable[position - 1].line + 1
    indents = Counter(_indent(lines[entry.line]) for entry in usable)
    lines.insert(line, f"{indents.most_common(1)[0][0]}{text or atom}\n")


def take_out(lines: list[str], block: Block, entry: Entry) -> bool:
    """Delete the line of an entry, and its group where that becomes empty; False where it cannot be done."""
    if len(block.entries) == 1 and ("+=" in lines[block.first] or "${" in lines[block.first]):
        start = block.first
        while start and lines[start - 1].startswith("#"):
            start -= 1
        following = block.last + 1
        end = following + (following < len(lines) and not lines[following].strip())
        del lines[start:end]
        return True
    if entry.inline:
        if len(lines[entry.line].split()) != 4:  # amd64? ( atom )
            return False
        del lines[entry.line]
        return True
    group = next((one for one in block.groups if one.first < entry.line < one.last), None)
    if not entry.alone or group is None:
        return False
    if len(members(block, group)) > 1 or lines[group.first].split()[-1:] != ["("]:
        del lines[entry.line]
        return True
    closing = lines[group.last]
    rest = closing.partition(")")[2]
    lines[group.first : group.last + 1] = [_indent(closing) + rest] if rest.strip() else []
    return True


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def group_lines(beside: str, arch: str, atom: str) -> list[str]:
    indent = _indent(beside)
    return [f"{indent}{arch}? (\n", f"{indent}\t{atom}\n", f"{indent})\n"]


def copy_block(
    file: str, lines: list[str], block: Block, group: Group, other: str, arch: str, atom: str
) -> None:
    """An assignment of its own for ``arch``, after the one for ``other`` and laid out as that one."""
    inner = members(block, group)
    if not inner:
        raise not_understood(file, group.first, lines[group.first])
    start = block.first
    while start and lines[start - 1].startswith("#"):
        start -= 1
    inside = range(group.first + 1, group.last)
    copied: list[str] = []
    for index in range(start, block.last + 1):
        if index == inner[0].line:
            copied.append(f"{_indent(lines[index])}{atom}\n")
        elif index not in inside:
            copied.append(re.sub(rf"\b{re.escape(other)}\b", arch, lines[index]))
    lines[block.last + 1 : block.last + 1] = ["\n", *copied]
