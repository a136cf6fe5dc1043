"""Edits of Flatcar's own in copies, put onto Gentoo's newer ones where they still apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import unified_diff
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.model.change import FileState

type Files = Mapping[str, FileState]
"""The files of a package directory, by path inside."""
type Merge = Callable[[bytes, bytes, bytes], bytes | None]
"""Ours, base and theirs to the merged text; None where they contradict each other."""

type Order = Callable[[str], Any]
"""The file name of an ebuild to what versions are compared by."""

MANIFEST = "Manifest"
MOST_LINES = 400
"""Lines of a difference that are kept."""


class Reapplied(Struct, frozen=True, kw_only=True):
    """What comes of putting an edit onto a newer copy."""

    files: dict[str, FileState | None]
    """The files that differ from Gentoo's then; None for one that goes."""
    conflicts: tuple[str, ...]
    """Files on which the edit does not apply."""


def reapplied(base: Files, ours: Files, theirs: Files, merge: Merge, order: Order) -> Reapplied:
    """Put the change from ``base`` to ``ours`` onto ``theirs``.

    An ebuild that is gone, or that has a newer one beside it, hands its edit on to the new ebuilds.
    """
    files: dict[str, FileState | None] = {}
    conflicts: list[str] = []

    def put(path: str, state: FileState | None, new: FileState) -> None:
        if state is None:
            conflicts.append(path)
        elif state != new:
            files[path] = state

    changed = sorted(path for path in {*base, *ours} if base.get(path) != ours.get(path))
    for path in changed:
        was, is_now, new = base.get(path), ours.get(path), theirs.get(path)
        if is_now == new or (was is None and _superseded(path, theirs, order)):
            continue
        if new == was:
            files[path] = is_now
        elif was and is_now and new:
            put(path, _onto(new, was, is_now, merge), new)
        elif is_now is not None and not _is_ebuild(path):
            conflicts.append(path)
    handed_on = dict(_newer(base, ours, theirs, order))
    conflicts += (
        path
        for path in changed
        if _is_ebuild(path)
        and path in base
        and path in ours
        and path not in theirs
        and path not in handed_on.values()
    )
    for path, source in handed_on.items():
        put(path, _onto(theirs[path], base[source], ours[source], merge), theirs[path])
    if set(files) == {MANIFEST} and any(path != MANIFEST for path in changed):
        files.clear()  # it covered what is not put on again
    return Reapplied(files=files, conflicts=tuple(conflicts))


def _onto(theirs: FileState, base: FileState, ours: FileState, merge: Merge) -> FileState | None:
    """A file with an edit put onto it; itself where it has the edit by now; None where it does not apply."""
    text = merge(ours.content, base.content, theirs.content)
    if text is None:
        return theirs if _has(theirs, base, ours) else None
    return replace(theirs, content=text)


def _has(theirs: FileState, base: FileState, ours: FileState) -> bool:
    """Whether a text has the lines that an edit put in, and none that it took out."""
    was, is_now, lines = (set(state.content.splitlines()) for state in (base, ours, theirs))
    return is_now - was <= lines and not (was - is_now) & lines


def difference(old: Files, new: Files) -> str:
    """What differs between two states of a directory, as a unified diff."""
    lines: list[str] = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before != after:
            lines += unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}", lineterm="", n=2)
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"[{len(lines) - MOST_LINES} more lines]"]
    return "\n".join(lines)


def _lines(state: FileState | None) -> list[str]:
    return state.content.decode("utf-8", "replace").splitlines() if state else []


def _newer(base: Files, ours: Files, theirs: Files, order: Order) -> Iterator[tuple[str, str]]:
    """The ebuilds that only Gentoo has, each with the edited ebuild that it follows.

    Live ebuilds follow none.
    """
    edited = [
        path
        for path in sorted(filter(_is_ebuild, ours), key=order)
        if path in base and base[path] != ours[path]
    ]
    for path in sorted(theirs):
        if _is_ebuild(path) and path not in base and path not in ours and "9999" not in path:
            older = [one for one in edited if order(one) < order(path)]
            if older:
                yield path, older[-1]


def _superseded(path: str, theirs: Files, order: Order) -> bool:
    """Whether a file is an ebuild that we had before Gentoo, and Gentoo has that version or a newer one."""
    return _is_ebuild(path) and any(
        "9999" not in other and not order(other) < order(path) for other in filter(_is_ebuild, theirs)
    )


def _is_ebuild(path: str) -> bool:
    return path.endswith(".ebuild")
