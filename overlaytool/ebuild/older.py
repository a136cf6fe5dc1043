"""What an import would set back: versions that become older, and eclasses.

A source may be older than the checkout: a tree that was not refreshed for long, or a package that the
checkout got from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.eclass import copyright_year
from overlaytool.ebuild.repository import VersionKey
from overlaytool.ebuild.source import TreeSource
from overlaytool.git import dates
from overlaytool.model.dependency import Origin, View
from overlaytool.model.resolution import RejectionKind

DIED_IN = re.compile(r"\(([\w.-]+)\.eclass, line \d")
"""How bash's complaint ends about an ebuild that an eclass refuses."""
_LIFTED = frozenset({RejectionKind.KEYWORD, RejectionKind.LICENSE})
"""What an accepted keyword makes good."""


class Takes:
    """What emerge takes of packages that a plan replaces, before and after, view by view."""

    def __init__(self, source: TreeSource, imports: Mapping[str, str], accepted: Collection[str]) -> None:
        """
        :param imports: package to the name of the source that it is copied from.
        :param accepted: the CPVs whose keywords the plan accepts.
        """
        self._source, self._accepted = source, accepted
        first = next(iter(source.source_names()), None)
        self._replaced = {
            package: name
            for package, name in imports.items()
            if name == first and source.holds(Origin.STABLE, package)
        }

    def today(
        self, view: View, package: str, slot: str | None = None, subslot: str | None = None
    ) -> EbuildCandidate | None:
        """The ebuild that emerge takes today of a package, in a slot if one is named; None for none.

        :param subslot: one of that subslot goes first, where targets ask for several of them.
        """
        if package not in self._replaced:
            return None
        visible = list(self._visible(view, self._source.checkout_candidates(package), slot, ()))
        return next((one for one in visible if one.subslot == subslot), next(iter(visible), None))

    def older(self) -> Iterator[str]:
        """A line for each package that goes back: its best version in a view, in a slot, or of all."""
        for package, name in sorted(self._replaced.items()):
            there = list(self._source.checkout_candidates(package))
            coming = list(self._source.after_import(name, package))
            lines = [line for view in self._source.views for line in self._older_in(view, there, coming)]
            yield from dict.fromkeys(lines) or _older_at_all(there, coming)

    def _older_in(
        self, view: View, there: Iterable[EbuildCandidate], coming: Iterable[EbuildCandidate]
    ) -> Iterator[str]:
        """For the package as a whole, and for each slot that goes on."""
        seen = list(self._visible(view, there, None, ()))
        slots = [None, *dict.fromkeys(candidate.slot for candidate in seen)]
        for slot in slots:
            before = next(self._visible(view, seen, slot, ()), None)
            after = next(self._visible(view, coming, slot, self._accepted), None)
            if before is not None and after is not None and _is_older(after, before):
                yield f"{before.cpv} → {after.cpv} on {view.name}"
                return

    def _visible(
        self, view: View, candidates: Iterable[EbuildCandidate], slot: str | None, accepted: Collection[str]
    ) -> Iterator[EbuildCandidate]:
        for candidate in candidates:
            kinds = {obstacle.kind for obstacle in self._source.obstacles(view, candidate)}
            if candidate.cpv in accepted:
                kinds -= _LIFTED
            if not kinds and not candidate.live and (slot is None or _slot(candidate) == slot):
                yield candidate


def _older_at_all(there: Iterable[EbuildCandidate], coming: Iterable[EbuildCandidate]) -> Iterator[str]:
    """What no view sees, but is there: the highest versions, live ebuilds left out."""
    before = next((candidate for candidate in there if not candidate.live), None)
    after = next((candidate for candidate in coming if not candidate.live), None)
    if before is not None and after is not None and _is_older(after, before):
        yield f"{before.cpv} → {after.cpv}"


def _is_older(one: EbuildCandidate, other: EbuildCandidate) -> bool:
    return VersionKey(one.listed) < VersionKey(other.listed)


def _slot(candidate: EbuildCandidate) -> str | None:
    try:
        return candidate.slot
    except MetadataException:
        return None


def older_eclasses(source: TreeSource) -> tuple[str, ...]:
    """A line for each eclass that the plan updates and that would go back.

    The year of the copyright line tells, else the dates: what the checkout changed after the source was made
    is newer there.
    """
    stack = source.eclass_stack
    lines = []
    for name in stack.updates:
        old, new = stack.in_checkout(name, Origin.STABLE), stack.in_sources(name)
        if old is not None and new is not None and (reason := _goes_back(old, new)):
            lines.append(f"eclass/{name}.eclass: {reason}")
    return tuple(lines)


def older_than_wanted(source: TreeSource, said: Iterable[str]) -> tuple[str, ...]:
    """A line for each eclass of the checkout that kept a source's ebuild out, and is older in the source.

    :param said: the lines of an error about ebuilds that cannot be sourced.
    """
    stack = source.eclass_stack
    trees = tuple(f"::{name}" for name in source.source_names())
    refusing = {
        name
        for line in said
        if any(f"{tree} " in line for tree in trees)
        for name in DIED_IN.findall(line)
        if name in stack.outdated and name not in stack.behind
    }
    files = ((name, stack.in_checkout(name, Origin.STABLE), stack.in_sources(name)) for name in refusing)
    return tuple(
        f"eclass/{name}.eclass: {_goes_back(old, new)}" for name, old, new in sorted(files) if old and new
    )


def _goes_back(old: Path, new: Path) -> str | None:
    ours, theirs = copyright_year(old), copyright_year(new)
    if ours and theirs and ours != theirs:
        return f"of {ours}, the source's is of {theirs}" if theirs < ours else None
    changed, made = dates.changed(old.parent, old.name), dates.made(new.parent.parent)
    if changed is not None and made is not None and made < changed:
        return "the checkout changed it after the source was made"
    return None
