"""Finds the place for a new line in a list of atoms that is not quite sorted."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from overlaytool.model.resolution import package_name

type AtomKey = tuple[str, str, tuple[tuple[int, str], ...]]
"""Category, package name, and the rest of the atom with its numbers made comparable."""


def atom_name(atom: str) -> str:
    """Category and package name of a package dependency specification (PMS section 8.3)."""
    bare = atom.lstrip("!")
    versioned = bare.lstrip("<>=~")
    name = re.split(r"[:\[]", versioned, maxsplit=1)[0]
    return package_name(name.rstrip("*")) if versioned != bare else name


def _is_number(part: str) -> bool:
    """Whether a text is a number of ASCII digits, no longer than in a version; else it is sorted as text."""
    return part.isascii() and part.isdigit() and len(part) < 1000


def atom_key(atom: str) -> AtomKey:
    """What lists of atoms are sorted by."""
    name = atom_name(atom)
    rest = atom.partition(name)[2] if name else atom
    category, _, name = name.partition("/")
    return (
        category,
        name,
        tuple((int(part), "") if _is_number(part) else (-1, part) for part in _numbers(rest)),
    )


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+|\D+", text)


def place[K: tuple[object, ...]](keys: Sequence[K], new: K) -> int:
    """The index before which ``new`` goes.

    Lines that are out of order are ignored: only the longest ordered subsequence counts. ``new`` goes right
    after the last line of it that is not greater, else right before its first.
    """
    ordered = _longest_ordered(keys)
    if not ordered:
        return 0
    position = bisect_right([keys[index] for index in ordered], new)
    return ordered[position - 1] + 1 if position else ordered[0]


def place_by_category(keys: Sequence[AtomKey], new: AtomKey) -> int:
    """As :func:`place`, but beside lines of its own category, and never between lines of another one."""
    same = [index for index, key in enumerate(keys) if key[0] == new[0]]
    if not same:
        position = place(keys, new)
        while 0 < position < len(keys) and keys[position - 1][0] == keys[position][0]:
            position += 1 if keys[position][0] < new[0] else -1
        return position
    position = place([keys[index] for index in same], new)
    return same[position - 1] + 1 if position else same[0]


def _longest_ordered[K: tuple[object, ...]](keys: Sequence[K]) -> list[int]:
    """Indices of a longest nondecreasing subsequence (patience sorting)."""
    tails: list[K] = []
    tail_indices: list[int] = []
    previous: list[int | None] = []
    for index, key in enumerate(keys):
        pile = bisect_right(tails, key)
        previous.append(tail_indices[pile - 1] if pile else None)
        if pile == len(tails):
            tails.append(key)
            tail_indices.append(index)
        else:
            tails[pile], tail_indices[pile] = key, index
    found: list[int] = []
    current = tail_indices[-1] if tail_indices else None
    while current is not None:
        found.append(current)
        current = previous[current]
    return found[::-1]
