"""Long lines on a terminal: broken between words, what follows indented; a path is never cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

MORE = 2
"""Columns by which the rest of a line stands further in than its beginning."""
LEAST = 20
"""Columns that a rest has at least; on a terminal too narrow for that nothing is broken."""
_WORD = re.compile(r"\S+\s*")


def wrapped(text: Text, width: int) -> Iterator[Text]:
    """The lines of a text, each at the most ``width`` columns where its words let it be."""
    for line in text.split("\n", allow_blank=True):
        yield from _broken(line, width)


def _broken(line: Text, width: int) -> Iterator[Text]:
    plain = line.plain
    indent = len(plain) - len(plain.lstrip(" ")) + MORE
    if line.cell_len <= width or width - indent < LEAST:
        yield line
        return
    first, *rest = line.divide(_breaks(plain, width, indent))
    first.rstrip()
    yield first
    for part in rest:
        part.rstrip()
        part.pad_left(indent)
        yield part


def _breaks(plain: str, width: int, indent: int) -> list[int]:
    """Where to break: before each word that would pass the edge."""
    from rich.cells import cell_len

    breaks: list[int] = []
    begun, taken = 0, 0
    for word in _WORD.finditer(plain):
        room = width - (indent if breaks else 0)
        if taken and cell_len(plain[begun : word.start()] + word.group().rstrip()) > room:
            breaks.append(word.start())
            begun, taken = word.start(), 0
        taken += 1
    return breaks
