"""Describes a mask for a person: file, line and comment, where it counts, what else it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from overlaytool.ebuild import depend
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.fixed import Node, Setter, deciding
from overlaytool.ebuild.mask import mask_line
from overlaytool.model.dependency import Atom, View
from overlaytool.model.profile import FixedFlag, ProfileLine

if TYPE_CHECKING:
    from overlaytool.ebuild.source import TreeSource

MAX_NAMED = 5
"""Packages named that a line is about; the rest are counted."""


def mask_of(source: TreeSource, view: View, candidate: EbuildCandidate) -> ProfileLine | None:
    """The line of package.mask that hides a candidate, of the profile, its tree or portage-stable."""
    profiles = [place / "package.mask" for place in reversed(source.profile(view).files)]
    trees = [candidate.repo.path, *(tree.path for tree in source.repositories)]
    files = dict.fromkeys((*profiles, *(tree / "profiles/package.mask" for tree in trees)))
    found = mask_line(candidate.ebuild, files)
    if found is None:
        return None
    place = _shown_path(source, found.path)
    return ProfileLine(file=place, number=found.number, text=found.atom, comment=found.comment)


def setter_of(
    source: TreeSource,
    view: View,
    candidate: EbuildCandidate,
    flag: str,
    kind: str,
    read: Callable[[Path], str],
) -> Setter | None:
    """The line that decides whether a flag of a candidate is masked or forced in a view.

    :param kind: ``mask`` or ``force``.
    :param read: the text of a file.
    """
    nodes = [Node(*node) for node in source.profile(view).nodes(candidate.ebuild)]
    return deciding(nodes, candidate.ebuild, flag, kind, read)


def fixed_flag(source: TreeSource, view: View, candidate: EbuildCandidate, flag: str) -> FixedFlag | None:
    """The line that masks or forces a flag of a candidate, or None where the profile leaves it alone."""
    for kind in ("mask", "force"):
        found = setter_of(source, view, candidate, flag, kind, read_text)
        if found is not None and found.fixes:
            return FixedFlag(
                package=candidate.package,
                flag=flag,
                forced=kind == "force",
                line=ProfileLine(
                    file=_shown_path(source, found.path),
                    number=found.number,
                    text=found.text,
                    comment=found.comment,
                ),
                every_package=found.atom is None,
            )
    return None


def about_mask(source: TreeSource, view: View, candidate: EbuildCandidate) -> tuple[str, ...]:
    """Lines for a person about the mask of a candidate."""
    line = mask_of(source, view, candidate)
    if line is None:
        return ()
    where = [other.name for other in source.views if mask_of(source, other, candidate) == line]
    return (f"{line.place} masks {line.text} on {', '.join(where)}", *_comment(line))


def about_fixed(source: TreeSource, view: View, candidate: EbuildCandidate, atom: Atom) -> tuple[str, ...]:
    """Lines for a person about the flags of an atom that the profile does not let a candidate have."""
    profile = source.profile(view)
    wanted = depend.use_dependencies(atom, profile.iuse(candidate.ebuild))
    lines: list[str] = []
    for flag in profile.unchangeable(candidate.ebuild, wanted):
        fixed = fixed_flag(source, view, candidate, flag)
        if fixed is None:
            continue
        where = [
            other.name
            for other in source.views
            if (found := fixed_flag(source, other, candidate, flag)) and found.forced == fixed.forced
        ]
        verb = "forces" if fixed.forced else "masks"
        lines.append(f"{fixed.line.place} {verb} {flag} on {', '.join(where)}: {fixed.line.text}")
        lines += _comment(fixed.line)
        lines.append(_protects(source, fixed))
    return tuple(lines)


def read_text(path: Path) -> str:
    """The text of a profile's file; empty for one that is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _comment(line: ProfileLine) -> Iterator[str]:
    import textwrap  # where something is refused

    yield from (f"  {part}" for part in textwrap.wrap(line.comment, 100, break_on_hyphens=False))


def _protects(source: TreeSource, fixed: FixedFlag) -> str:
    """What else a line is about."""
    if not fixed.every_package:
        others = [word for word in fixed.line.text.split()[1:] if word.removeprefix("-") != fixed.flag]
        also = f", and fixes {', '.join(others)} too" if others else ""
        return f"  that line is about {fixed.line.text.split()[0]} alone{also}"
    found = sorted(set(_with_flag(source, fixed.flag)) - {fixed.package})
    if not found:
        return "  that line is about every package; no other one of the checkout has the flag"
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return f"  that line also holds for {', '.join(found[:MAX_NAMED])}{more}"


def _with_flag(source: TreeSource, flag: str) -> Iterator[str]:
    """The packages of the checkout with an ebuild whose text names a flag in IUSE."""
    named = re.compile(rf'^\s*IUSE\+?="[^"]*(?<![\w+-]){re.escape(flag)}(?![\w+-])[^"]*"', re.MULTILINE)
    for tree in source.repositories:
        for path in tree.path.glob("*/*/*.ebuild"):
            if named.search(read_text(path)):
                yield f"{path.parts[-3]}/{path.parts[-2]}"


def _shown_path(source: TreeSource, path: Path) -> str:
    """The path of a profile's file for a person: from the checkout's top, or behind a source's name."""
    trees: Iterable[tuple[str, Path]] = source.paths.items()
    for name, tree in trees:
        if path.is_relative_to(tree):
            return f"{name}/{path.relative_to(tree)}"
    return source.checkout.shown(path)
