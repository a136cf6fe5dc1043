"""Dependency variables of a metapackage ebuild, line by line, so that one line can be added to them.

Understood are assignments at the start of a line, ``RDEPEND="..."`` or ``RDEPEND+="..."``, whose value
holds atoms and groups. Anything that bash would have to evaluate is refused.
"""

from __future__ import annotations

import re

from msgspec import Struct

from overlaytool.errors import CheckoutError

_ASSIGNMENT = re.compile(r'(?P<variable>B?DEPEND|[RPI]DEPEND)(?P<append>\+?=)"')
_ANY_ASSIGNMENT = re.compile(r"\s*(?:export\s+|local\s+)?(?:B?DEPEND|[RPI]DEPEND)\+?=")
_REFERENCE = re.compile(r"\$\{(?:B?DEPEND|[RPI]DEPEND)\}")
_ATOM = re.compile(
    r"!{0,2}[<>=~]{0,2}[A-Za-z0-9_][\w+.-]*/[A-Za-z0-9_](?:[\w+.*-]|\$\{\w+\})*(?::[\w+./*=-]+)?(?:\[[^\s\[\]]+\])?"
)


class Entry(Struct, frozen=True, kw_only=True):
    """One atom."""

    line: int
    """Index into the file's lines."""
    atom: str
    conditions: tuple[str, ...]
    """The groups around it, outermost first: ``amd64?``, ``!arm64?``, ``||``."""
    alone: bool
    """Nothing else stands on its line, so that a line can be put before and after it."""
    inline: bool
    """It stands in a group that opens and closes on its own line, with nothing else there."""


class Group(Struct, frozen=True, kw_only=True):
    """``amd64? (`` to its ``)``, over several lines."""

    condition: str
    depth: int
    """0 for a group directly in the variable."""
    first: int
    last: int


class Block(Struct, frozen=True, kw_only=True):
    """One assignment."""

    variable: str
    first: int
    """Index of the line with the variable's name."""
    last: int
    """Index of the line with the closing quote."""
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]

    @property
    def plain(self) -> tuple[Entry, ...]:
        """The entries for all architectures, and those with a condition on their own line."""
        return tuple(entry for entry in self.entries if not entry.conditions or entry.inline)


def parse(path: str, lines: list[str]) -> tuple[Block, ...]:
    """The dependency assignments of an ebuild.

    :param lines: with their line ends.
    :raises CheckoutError: when one of them has a shape that is not understood.
    """
    blocks: list[Block] = []
    index = 0
    while index < len(lines):
        match = _ASSIGNMENT.match(lines[index])
        if match:
            block = _Reader(path, lines, index, match).read()
            blocks.append(block)
            index = block.last
        elif _ANY_ASSIGNMENT.match(lines[index]):
            raise not_understood(path, index, lines[index])
        index += 1
    return tuple(blocks)


def not_understood(path: str, index: int, line: str) -> CheckoutError:
    """The error for a file whose shape is not understood."""
    return CheckoutError(
        f"{path} line {index + 1} has a shape that is not understood",
        details=(line.strip() or "(an empty line)",),
        hint="add the package to this file by hand, then run again: what is there already is left alone",
    )


class _Reader:
    """Reads one assignment."""

    def __init__(self, path: str, lines: list[str], first: int, match: re.Match[str]) -> None:
        self._path = path
        self._lines = lines
        self._first = first
        self._variable = match["variable"]
        self._value_start = match.end()
        self._open: list[tuple[str, int]] = []
        self._entries: list[Entry] = []
        self._groups: list[Group] = []

    def read(self) -> Block:
        """The whole assignment, up to its closing quote."""
        for index in range(self._first, len(self._lines)):
            text = self._lines[index]
            if index == self._first:
                text = text[self._value_start :]
            body, quote, after = text.partition('"')
            self._read_line(index, body, bare=index != self._first and not quote)
            if quote:
                if self._open or (after.strip() and not after.lstrip().startswith("#")):
                    raise not_understood(self._path, index, self._lines[index])
                return self._block(index)
        raise not_understood(self._path, self._first, self._lines[self._first])

    def _block(self, last: int) -> Block:
        return Block(
            variable=self._variable,
            first=self._first,
            last=last,
            entries=tuple(self._entries),
            groups=tuple(self._groups),
        )

    def _read_line(self, index: int, body: str, *, bare: bool) -> None:
        tokens = body.split()
        depth = len(self._open)
        inline = (
            bare and len(tokens) > 3 and tokens[1] == "(" and tokens[-1] == ")" and tokens.count("(") == 1
        )
        condition = ""
        for token in tokens:
            if token == "(":
                self._open.append((condition, index))
            elif token == ")":
                self._close(index)
            elif token.endswith("?") or token in ("||", "^^", "??"):
                condition = token
                continue
            elif _ATOM.fullmatch(token):
                self._entries.append(
                    Entry(
                        line=index,
                        atom=token,
                        conditions=tuple(name for name, _ in self._open),
                        alone=bare and len(tokens) == 1,
                        inline=inline and depth == 0,
                    )
                )
            elif not _REFERENCE.fullmatch(token):
                raise not_understood(self._path, index, self._lines[index])
            condition = ""

    def _close(self, index: int) -> None:
        if not self._open:
            raise not_understood(self._path, index, self._lines[index])
        condition, first = self._open.pop()
        if first != index:
            self._groups.append(Group(condition=condition, depth=len(self._open), first=first, last=index))
