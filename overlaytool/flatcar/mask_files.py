"""Edits of the profile files that mask, force, unmask and declare provided: text to text.

The files are those of :mod:`overlaytool.flatcar.profiles`: paragraphs of a comment and the lines below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.profiles import entries, with_line, with_use, without_flags
from overlaytool.model.plan import MaskAction, MaskChange, ProvidedChange
from overlaytool.model.resolution import Root

PROFILES = OVERLAY / "profiles/coreos"
BASE = PROFILES / "base"
TARGETS = {Root.BOARD: PROFILES / "targets/generic", Root.HOST: PROFILES / "targets/sdk"}
"""The directory that only the boards, or only the build host, have among the parents of their profiles."""


def edits_of_mask(read: Callable[[str], str], change: MaskChange) -> dict[str, str]:
    """The files that a change of a mask edits: path to the new text.

    :param read: the text of a file by its path from the checkout's top; empty for one that is not there.
    """
    if change.action is MaskAction.ADD:
        return {change.file: _with_change(read(change.file), change)}
    edited = {change.file: without_flags(read(change.file), change.atom, change.flags)}
    if change.to is not None:
        edited[change.to] = _with_change(read(change.to), change)
    return edited


def edits_of_provided(read: Callable[[str], str], change: ProvidedChange) -> dict[str, str]:
    """package.provided with one more entry."""
    return {change.file: with_entry(read(change.file), change.cpv, change.comment)}


def with_entry(text: str, entry: str, comment: str) -> str:
    """A list of atoms with one more at its end, under a comment of its own."""
    if any(known.atom == entry for known in entries(text)):
        return text
    return with_line(text, entry, comment)


def _with_change(text: str, change: MaskChange) -> str:
    if not change.flags:
        return with_entry(text, change.atom, change.comment)
    return with_use(text, change.atom, change.flags, change.comment)


def lifted(flags: Sequence[str]) -> tuple[str, ...]:
    """The values of a line that undoes what another line masks or forces."""
    return tuple(f"-{flag}" for flag in flags)
