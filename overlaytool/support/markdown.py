"""Pieces of GitHub's Markdown that say what they are given and no more: no mentions, no broken tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from overlaytool.support.text import visible

_SPECIAL = re.compile(r"([\\`*_<>|\[\]~&$])")
_REFERENCE = re.compile(r"[@#]|\bGH-\d|github\.com/", re.IGNORECASE)
"""What GitHub makes mentions and references of that may close an issue; entities in its place do not help."""


def escaped(value: str) -> str:
    """Text as it is: no emphasis, no links, no mention of a user, no reference that closes an issue."""
    words = visible(" ".join(value.split())).split(" ")
    return " ".join(code(word) if _REFERENCE.search(word) else _SPECIAL.sub(r"\\\1", word) for word in words)


def code(value: str) -> str:
    """A code span, also for text with backticks; in tables a bar has to be escaped even there."""
    flat = visible(" ".join(value.split())).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    space = " " if "`" in flat else ""
    return f"{ticks}{space}{flat}{space}{ticks}"


def fenced(value: str, language: str) -> str:
    """A fenced block that no line of its content can end."""
    value = visible(value)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", value)), 3)
    return f"{fence}{language}\n{value.rstrip()}\n{fence}\n"


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plural(count: int, singular: str, many: str | None = None) -> str:
    """``1 package``, ``2 packages``."""
    return f"{count} {singular if count == 1 else many or singular + 's'}"


def size(count: int) -> str:
    """Bytes for people, in powers of 1024."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
