"""What people wrote above an entry of package.mask."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pkgcore.ebuild.atom import atom as PkgcoreAtom
from pkgcore.ebuild.errors import MalformedAtom

from overlaytool.ebuild.depend import is_about


def mask_comment(ebuild: Any, files: Iterable[Path]) -> tuple[str, ...]:
    """The comment block above the first entry that matches an ebuild.

    :param ebuild: pkgcore's package.
    :param files: package.mask files or directories of such files; those that do not exist are passed over.
    :return: the comment's lines without their ``#``; empty where nothing matches or nothing was written.
    """
    for file in files:
        for part in sorted(file.iterdir()) if file.is_dir() else [file]:
            comment = _comment_in(part, ebuild)
            if comment is not None:
                return comment
    return ()


def _comment_in(file: Path, ebuild: Any) -> tuple[str, ...] | None:
    """The block's comment: it holds for all entries up to the next blank line or comment."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    comment: list[str] = []
    in_entries = False
    for line in map(str.strip, lines):
        if line.startswith("#"):
            if in_entries:
                comment, in_entries = [], False
            comment.append(line.lstrip("# "))
        elif not line:
            if in_entries or comment:
                comment, in_entries = [], False
        else:
            in_entries = True
            if _matches(line, ebuild):
                return tuple(text for text in comment if text)
    return None


def _matches(line: str, ebuild: Any) -> bool:
    try:
        return is_about(PkgcoreAtom(line.split()[0]), ebuild)
    except MalformedAtom:
        return False
