"""Text out of trees, shown as text: what a terminal or a page would take for a command is written out."""

from __future__ import annotations

import re

_KEPT = "\n\t"
_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls of both sets, marks that change the direction of writing, line separators, lone surrogates."""


def counted(number: int, one: str, several: str | None = None) -> str:
    """A number with its noun: ``1 package``, ``2 packages``."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def visible(text: str) -> str:
    """Text whose control characters are written as Python writes them: ``\\x1b``. Lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in _KEPT or char == "\xa0" else _written(char) for char in text
    )


def inert(text: str) -> str:
    """A document whose bytes matter: controls as ``\\u001b``, which is the same to JSON; all else is kept."""
    return text if text.isascii() and text.isprintable() else _COMMANDS.sub(_as_json, text)


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _as_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
