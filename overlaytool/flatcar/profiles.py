"""Adds entries to package.accept_keywords and package.use, in the style of these files.

Both files consist of paragraphs: a comment, then the entries that it is about, then a blank line.
package.accept_keywords is roughly sorted by atom; new entries of package.use go to its end.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence

from msgspec import Struct

from overlaytool.flatcar.order import atom_key, place
from overlaytool.model.resolution import STOCK_REASONS

_WIDTH = 78


class ProfileEntry(Struct, frozen=True, kw_only=True):
    """A line with an atom and what is set for it."""

    line: int
    """Index into the file's lines."""
    atom: str
    values: tuple[str, ...]
    """Keywords or USE flags, as they stand."""


class Block(Struct, frozen=True, kw_only=True):
    """Comment lines and the entries below them, with nothing between."""

    first: int
    comment: str
    entries: tuple[ProfileEntry, ...]

    @property
    def last(self) -> int:
        return self.entries[-1].line


def entries(text: str) -> tuple[ProfileEntry, ...]:
    """What a package.accept_keywords or package.use sets, in the file's order."""
    return tuple(
        ProfileEntry(line=index, atom=words[0], values=tuple(words[1:]))
        for index, line in enumerate(text.split("\n"))
        if (words := line.split("#", 1)[0].split())
    )


def with_keywords(
    text: str, atom: str, keywords: Sequence[str], comment: str, *, gone: Collection[str] = ()
) -> str:
    """package.accept_keywords with an entry for ``atom``.

    An entry for the same atom is widened where it stands. Entries for other versions stay, except
    those in ``gone``.

    :param keywords: empty for ~arch on all boards.
    :param comment: the sentence above the entry; blocks of the same sentence nearby are extended.
    :param gone: atoms of versions that the checkout will no longer have: the new entry supersedes them.
        What a person wrote above one of them stays, and so do the arches that it names.
    """
    for entry in entries(text):
        if entry.atom == atom:
            if _covers(entry.values, keywords):
                return text
            return _with_line(text, entry.line, _line(atom, _merged(entry.values, keywords)))
    lines = _lines(text)
    dead = [entry for entry in entries(text) if entry.atom in gone]
    kept = next((entry for entry in dead if _is_same_sentence(_block_of(text, entry).comment, comment)), None)
    if kept is None:
        theirs = next((entry for entry in dead if _comment_still_holds(text, entry, keywords)), None)
        if theirs is not None:
            keywords = _merged(theirs.values, keywords)
            kept = theirs if comment in STOCK_REASONS else None
    for entry in reversed(dead):
        if entry is kept:
            lines[entry.line] = _line(atom, keywords)
        else:
            _remove(lines, entry.line)
    if kept:
        return _joined(lines)
    return _inserted(_joined(lines), atom, _line(atom, keywords), comment)


def with_use(text: str, atom: str, flags: Sequence[str], comment: str) -> str:
    """package.use with ``flags`` set for ``atom``.

    Values to the contrary are removed from entries of the same atom. New flags get a paragraph of their
    own at the end, so that each comment explains what is below it.

    :param flags: ``flag`` or ``-flag``.
    """
    effective = {
        flag.removeprefix("-"): flag for entry in entries(text) if entry.atom == atom for flag in entry.values
    }
    missing = [flag for flag in flags if effective.get(flag.removeprefix("-")) != flag]
    if not missing:
        return text
    lines = _lines(text)
    contrary = {_contrary(flag) for flag in missing}
    for entry in reversed(entries(text)):
        if entry.atom == atom and contrary & set(entry.values):
            _drop_values(lines, entry, contrary)
    text = _joined(lines)
    for block in blocks_in(text):
        if block.comment and _is_same_sentence(block.comment, comment):
            own = next((entry for entry in block.entries if entry.atom == atom), None)
            if own:
                return _with_line(text, own.line, _line(atom, (*own.values, *missing)))
            position = place([atom_key(entry.atom) for entry in block.entries], atom_key(atom))
            return _inserted_line(text, block.entries[0].line + position, _line(atom, missing))
    return _appended(text, _line(atom, missing), comment)


def without_entry(text: str, index: int) -> str:
    """A profile's file without one line; with the last of its block the comment above goes too.

    :param index: into the file's lines.
    """
    lines = _lines(text)
    _remove(lines, index)
    return _joined(lines)


def without_values(text: str, entry: ProfileEntry, values: Collection[str]) -> str:
    """A profile's file without some values of an entry; without the entry where none is left."""
    lines = _lines(text)
    _drop_values(lines, entry, values)
    return _joined(lines)


def without_flags(text: str, atom: str, values: Collection[str]) -> str:
    """The file without these values of an atom's entries; an entry goes with the last of its values."""
    lines = _lines(text)
    for entry in reversed(entries(text)):
        if entry.atom == atom and set(values) & set(entry.values):
            _drop_values(lines, entry, values)
    return _joined(lines)


def with_line(text: str, line: str, comment: str) -> str:
    """The file with a block of its own for a line, at its end."""
    return _appended(text, line, comment)


def _line(atom: str, values: Sequence[str]) -> str:
    return " ".join((atom, *values))


def _lines(text: str) -> list[str]:
    """Lines without their ends; a missing end of the last line is supplied on joining."""
    return text.split("\n")[: -1 if text.endswith("\n") else None] if text else []


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _with_line(text: str, index: int, line: str) -> str:
    lines = _lines(text)
    lines[index] = line
    return _joined(lines)


def _inserted_line(text: str, index: int, line: str) -> str:
    lines = _lines(text)
    lines.insert(index, line)
    return _joined(lines)


def _is_same_sentence(comment: str, other: str) -> bool:
    return _sentence(comment) == _sentence(other)


def _sentence(comment: str) -> str:
    return " ".join(comment.split()).rstrip(".").casefold()


def _comment_lines(comment: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(comment, _WIDTH - 2, break_on_hyphens=False)]


def _covers(existing: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether an entry's keywords accept all that ``wanted`` does (portage(5), package.accept_keywords)."""
    if "**" in existing or tuple(existing) == tuple(wanted):
        return True
    if "**" in wanted:
        return False
    everything = not existing or "~*" in existing
    return everything or (bool(wanted) and set(wanted) <= set(existing))


def _merged(existing: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    if not wanted or "**" in wanted:
        return tuple(wanted)
    if not existing or "**" in existing:
        return tuple(existing)
    return tuple(sorted({*existing, *wanted}))


def _comment_still_holds(text: str, entry: ProfileEntry, keywords: Sequence[str]) -> bool:
    """Whether the comment above an entry is also right for the next version.

    It is not where the old version had no keyword at all and the new one has.
    """
    comment = _block_of(text, entry).comment
    stock = {_sentence(reason) for reason in STOCK_REASONS}
    return (
        bool(comment) and _sentence(comment) not in stock and ("**" in keywords or "**" not in entry.values)
    )


def _contrary(flag: str) -> str:
    return flag[1:] if flag.startswith("-") else f"-{flag}"


def blocks_in(text: str) -> tuple[Block, ...]:
    """The paragraphs of a profile's file that have entries."""
    found: list[Block] = []
    comment: list[str] = []
    members: list[ProfileEntry] = []
    by_line = {entry.line: entry for entry in entries(text)}
    first = 0

    def finish() -> None:
        if members:
            found.append(Block(first=first, comment=" ".join(comment), entries=tuple(members)))
        comment.clear()
        members.clear()

    for index, line in enumerate([*_lines(text), ""]):
        is_comment = line.lstrip().startswith("#")
        if not line.strip() or (is_comment and members):
            finish()
        if is_comment or index in by_line:
            if not comment and not members:
                first = index
            if is_comment:
                comment.append(line.lstrip().lstrip("#").strip())
            else:
                members.append(by_line[index])
    return tuple(found)


def _block_of(text: str, entry: ProfileEntry) -> Block:
    return next(block for block in blocks_in(text) if entry in block.entries)


def _remove(lines: list[str], index: int) -> None:
    """Take an entry out; with the last of its block, the comment and one blank line go too."""
    block = next(block for block in blocks_in(_joined(lines)) if block.first <= index <= block.last)
    if len(block.entries) > 1:
        del lines[index]
        return
    start, end = block.first, block.last + 1
    if end < len(lines) and not lines[end].strip():
        end += 1
    elif end == len(lines) and start and not lines[start - 1].strip():
        start -= 1
    del lines[start:end]


def _drop_values(lines: list[str], entry: ProfileEntry, values: Collection[str]) -> None:
    """Take values out of an entry, and the entry out of the file when none is left."""
    if set(entry.values) <= set(values):
        _remove(lines, entry.line)
        return
    for value in set(entry.values) & set(values):
        lines[entry.line] = re.sub(rf"\s+{re.escape(value)}(?!\S)", "", lines[entry.line])


def _inserted(text: str, atom: str, line: str, comment: str) -> str:
    """The text with an entry in atom order: in a block beside it with the same comment, else in a new one."""
    members = entries(text)
    if not members:
        return _appended(text, line, comment)
    blocks = blocks_in(text)
    position = place([atom_key(entry.atom) for entry in members], atom_key(atom))
    owners = [next(i for i, block in enumerate(blocks) if entry in block.entries) for entry in members]
    before = owners[position - 1] if position else None
    after = owners[position] if position < len(members) else None
    if before is not None and before == after and not _is_same_sentence(blocks[before].comment, comment):
        return _beside(text, blocks, before, atom, line, comment)
    if before is not None and _is_same_sentence(blocks[before].comment, comment):
        return _inserted_line(text, members[position - 1].line + 1, line)
    if after is not None and _is_same_sentence(blocks[after].comment, comment):
        return _inserted_line(text, members[position].line, line)
    if before is not None:
        return _new_block_after(text, blocks[before].last, line, comment)
    return _new_block_before(text, blocks[after or 0].first, line, comment)


def _beside(text: str, blocks: Sequence[Block], middle: int, atom: str, line: str, comment: str) -> str:
    """Put the entry before or after a block about something else, whichever is nearer."""
    block = blocks[middle]
    smaller = sum(atom_key(entry.atom) <= atom_key(atom) for entry in block.entries)
    sides = [1, -1] if 2 * smaller >= len(block.entries) else [-1, 1]
    for side in sides:
        neighbour = middle + side
        if 0 <= neighbour < len(blocks) and _is_same_sentence(blocks[neighbour].comment, comment):
            end = blocks[neighbour].last + 1 if side < 0 else blocks[neighbour].entries[0].line
            return _inserted_line(text, end, line)
    if sides[0] > 0:
        return _new_block_after(text, block.last, line, comment)
    return _new_block_before(text, block.first, line, comment)


def _new_block_after(text: str, index: int, line: str, comment: str) -> str:
    lines = _lines(text)
    while index + 1 < len(lines) and lines[index + 1].strip():
        index += 1
    lines[index + 1 : index + 1] = ["", *_comment_lines(comment), line]
    return _joined(lines)


def _new_block_before(text: str, index: int, line: str, comment: str) -> str:
    lines = _lines(text)
    while index and lines[index - 1].strip():
        index -= 1
    lines[index:index] = [*_comment_lines(comment), line, ""]
    return _joined(lines)


def _appended(text: str, line: str, comment: str) -> str:
    lines = _lines(text)
    while lines and not lines[-1].strip():
        lines.pop()
    return _joined([*lines, *([""] if lines else []), *_comment_lines(comment), line])
