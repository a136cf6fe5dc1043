"""Finds the line of package.mask that hides an ebuild, and the comment above it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from overlaytool.ebuild.depend import is_about
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.profiles import blocks_in
from overlaytool.support.files import read_text


class MaskLine(NamedTuple):
    """A line of a package.mask file."""

    path: Path
    number: int
    """Counted from 1."""
    atom: str
    comment: str


def mask_line(ebuild: Any, files: Iterable[Path]) -> MaskLine | None:
    """The first line that masks an ebuild.

    :param ebuild: pkgcore's package.
    :param files: package.mask files or directories of such files; those that do not exist are passed over.
    """
    for file in files:
        for part in sorted(file.iterdir()) if file.is_dir() else [file]:
            found = _line_in(part, ebuild)
            if found is not None:
                return found
    return None


def _line_in(file: Path, ebuild: Any) -> MaskLine | None:
    try:
        text = read_text(file, errors="replace")
    except OSError:
        return None
    if ebuild.key not in text:
        return None
    for block in blocks_in(text):
        for entry in block.entries:
            if _matches(entry.atom, ebuild):
                return MaskLine(file, entry.line + 1, entry.atom, block.comment)
    return None


def _matches(text: str, ebuild: Any) -> bool:
    try:
        return is_about(parsed(parse_atom(text)), ebuild)
    except MalformedAtomError:
        return False
