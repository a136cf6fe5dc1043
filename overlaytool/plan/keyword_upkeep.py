"""Works out the entries of package.accept_keywords that an update removes, changes or adds.

People do this by hand after each sync with Gentoo. An entry is removed when its version no longer exists, has
become stable, or is no longer selected by any view. An entry without which an older version would be selected
is rewritten for the next version. A new entry gives one arch the version that the other arch selects.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.profiles import ProfileEntry
from overlaytool.model.dependency import Atom, View
from overlaytool.model.resolution import RejectionKind, Root
from overlaytool.plan.states import Selections

SYNC_COMMENT = "Keep versions on both arches in sync."


class KeywordReason(StrEnum):
    """Why an entry is touched."""

    NO_PACKAGE = "no-package"
    """The checkout has no such package."""
    VERSION_GONE = "version-gone"
    STABLE = "stable"
    """Stable by now, where the entry accepts it."""
    SUPERSEDED = "superseded"
    """Every view selects a newer version without the entry."""
    FOLLOWS = "follows"
    """The version is gone, and without an entry a view would fall back."""
    NARROWED = "narrowed"
    """Stable by now on some of the arches that it names."""
    SYNC = "sync"
    """The arches would select different versions."""
    NEEDED = "needed"
    """What is newly needed lacks it."""


class EntryChange(Struct, frozen=True, kw_only=True):
    """What happens to one entry."""

    why: KeywordReason
    package: str
    entry: ProfileEntry | None
    """None: it is new."""
    atom: str | None
    """The entry afterwards; None: it goes."""
    keywords: tuple[str, ...] = ()
    """As they are written: empty for ~arch on every board."""
    reason: str
    """One sentence."""


class KeywordUpkeep:
    """Checks the entries of one file against the trees after an update."""

    def __init__(self, source: TreeSource, before: Selections, after: Selections) -> None:
        """
        :param before: what was selected before the update.
        :param after: what is selected with the update, and the entries as they are.
        """
        self._source, self._before, self._after = source, before, after
        self._boards = tuple(view for view in source.views if view.root is Root.BOARD)
        self._arches = tuple(dict.fromkeys(source.arch(view) for view in source.views))

    def entries(self, entries: Sequence[ProfileEntry], touched: Collection[str]) -> Iterator[EntryChange]:
        """What happens to the entries of the file.

        :param touched: packages that the update changes. Entries of others are left alone.
        """
        for entry in entries:
            atom = self._parsed(entry)
            if atom is None:
                continue
            if atom.package not in touched and self._source.checkout_candidates(atom.package):
                continue
            change = self._entry(entry, atom)
            if change is not None:
                yield change

    def _parsed(self, entry: ProfileEntry) -> Atom | None:
        try:
            return self._source.parse_atom(entry.atom)
        except MalformedAtomError:
            return None  # the audit names it

    def _entry(self, entry: ProfileEntry, atom: Atom) -> EntryChange | None:
        candidates = self._source.checkout_candidates(atom.package)
        if not candidates:
            return _gone(entry, atom, KeywordReason.NO_PACKAGE, f"The checkout has no {atom.package}.")
        matching = [candidate for candidate in candidates if self._source.admits(candidate, atom)]
        if not matching:
            return self._version_gone(entry, atom)
        if not entry.atom.startswith("=") or entry.atom.endswith("*"):
            return None  # it is meant for versions to come
        return self._still_there(entry, atom, matching[0])

    # --- the version is there ----------------------------------------------------------------------

    def _still_there(self, entry: ProfileEntry, atom: Atom, candidate: EbuildCandidate) -> EntryChange | None:
        covered = self._covered(entry)
        if covered is None:
            return None
        needed = tuple(arch for arch in covered if arch not in candidate.ebuild.keywords)
        if not needed:
            return _gone(entry, atom, KeywordReason.STABLE, f"{candidate.cpv} is stable by now.")
        newer = self._superseded(candidate, needed)
        if newer is not None:
            return _gone(
                entry, atom, KeywordReason.SUPERSEDED, f"Every view that had it selects {newer} by now."
            )
        if entry.values and "**" not in entry.values and needed != covered:
            return EntryChange(
                why=KeywordReason.NARROWED,
                package=atom.package,
                entry=entry,
                atom=entry.atom,
                keywords=tuple(f"~{arch}" for arch in needed),
                reason=f"{candidate.cpv} is stable by now on {' and '.join(set(covered) - set(needed))}.",
            )
        return None

    def _covered(self, entry: ProfileEntry) -> tuple[str, ...] | None:
        """The arches that an entry accepts an unstable keyword for; None where it is not about that."""
        if not entry.values or set(entry.values) & {"**", "~*"}:
            return self._arches
        named = tuple(value[1:] for value in entry.values if value.startswith("~"))
        return named if len(named) == len(entry.values) else None

    def _superseded(self, candidate: EbuildCandidate, arches: Collection[str]) -> str | None:
        """The newer CPV that the views of some arches select in a candidate's slot; None where one has it."""
        newer = None
        for (_target, view), packages in self._after.items():
            if self._arch_of(view) not in arches:
                continue
            for selected in packages.get(candidate.package, ()):
                if selected.cpv == candidate.cpv:
                    return None
                if selected.slot == candidate.slot and selected.ebuild > candidate.ebuild:
                    newer = selected.cpv
        return newer

    def _arch_of(self, name: str) -> str:
        return next(self._source.arch(view) for view in self._source.views if view.name == name)

    # --- the version is gone -----------------------------------------------------------------------

    def _version_gone(self, entry: ProfileEntry, atom: Atom) -> EntryChange:
        covered = self._covered(entry) or ()
        successor = self._successor(atom, covered)
        if successor is None:
            return _gone(
                entry,
                atom,
                KeywordReason.VERSION_GONE,
                f"{entry.atom.lstrip('=')} is not in the tree any more.",
            )
        needed = tuple(arch for arch in covered if arch not in successor.ebuild.keywords)
        keywords = tuple(f"~{arch}" for arch in needed) if entry.values else ()
        return EntryChange(
            why=KeywordReason.FOLLOWS,
            package=atom.package,
            entry=entry,
            atom=f"={successor.cpv}",
            keywords=("**",) if "**" in entry.values else keywords,
            reason=f"{entry.atom.lstrip('=')} is gone; without an entry a view would fall back.",
        )

    def _successor(self, atom: Atom, arches: Collection[str]) -> EbuildCandidate | None:
        """The ebuild to accept instead, where some view would else get an older one than it had, or none."""
        fallen = [
            slot
            for view in self._source.views
            if self._source.arch(view) in arches
            for slot in self._fallen(view, atom.package)
        ]
        if not fallen:
            return None
        offered = [
            candidate
            for candidate in self._source.checkout_candidates(atom.package)
            if not candidate.live and candidate.slot in fallen and self._only_keywords(candidate, arches)
        ]
        return offered[0] if offered else None

    def _fallen(self, view: View, package: str) -> Iterator[str]:
        """The slots in which a view had a newer ebuild of a package than it has now."""
        had, has = (_of_view(selections, view.name, package) for selections in (self._before, self._after))
        for slot, old in had.items():
            new = has.get(slot)
            if new is None or new.ebuild < old.ebuild:
                yield slot

    def _only_keywords(self, candidate: EbuildCandidate, arches: Collection[str]) -> bool:
        """Whether nothing but keywords hides a candidate in the views of some arches."""
        views = [view for view in self._source.views if self._source.arch(view) in arches]
        obstacles = [obstacle for view in views for obstacle in self._source.obstacles(view, candidate)]
        return all(obstacle.kind is RejectionKind.KEYWORD for obstacle in obstacles)

    # --- both arches ------------------------------------------------------------------------------

    def in_sync(self, touched: Collection[str]) -> Iterator[EntryChange]:
        """New entries so that every board selects the newest version that one of them selects.

        :param touched: packages that the update changes, or whose entries it changes.
        """
        for package in sorted(touched):
            by_board = {view: _of_view(self._after, view.name, package) for view in self._boards}
            for slot in sorted({slot for slots in by_board.values() for slot in slots}):
                selected = {view: slots[slot] for view, slots in by_board.items() if slot in slots}
                yield from self._synced(package, selected)

    def _synced(self, package: str, selected: dict[View, EbuildCandidate]) -> Iterator[EntryChange]:
        newest = max(selected.values(), key=lambda candidate: candidate.ebuild)
        behind = [view for view, candidate in selected.items() if candidate.cpv != newest.cpv]
        arches = [
            self._source.arch(view)
            for view in behind
            if self._only_keywords(newest, (self._source.arch(view),))
            and f"~{self._source.arch(view)}" in newest.ebuild.keywords
        ]
        if arches:
            yield EntryChange(
                why=KeywordReason.SYNC,
                package=package,
                entry=None,
                atom=f"={newest.cpv}",
                keywords=tuple(f"~{arch}" for arch in sorted(arches)),
                reason=SYNC_COMMENT,
            )


def _gone(entry: ProfileEntry, atom: Atom, why: KeywordReason, reason: str) -> EntryChange:
    return EntryChange(why=why, package=atom.package, entry=entry, atom=None, reason=reason)


def _of_view(selections: Selections, view: str, package: str) -> dict[str, EbuildCandidate]:
    """Slot to the highest ebuild of a package that some target selects in a view."""
    found: dict[str, EbuildCandidate] = {}
    for (_target, name), packages in selections.items():
        if name != view:
            continue
        for candidate in packages.get(package, ()):
            known = found.get(candidate.slot)
            if known is None or known.ebuild < candidate.ebuild:
                found[candidate.slot] = candidate
    return found
