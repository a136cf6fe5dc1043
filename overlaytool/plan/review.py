"""Compares two states of a checkout: the version that each view selects, and its metadata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.facts import FIELDS, INHERITED, facts
from overlaytool.errors import MetadataError
from overlaytool.model.notices.updating import ReviewUnsourceable
from overlaytool.model.resolution import Notice
from overlaytool.model.review import (
    Occurrence,
    PackageChange,
    PackageReview,
    Skew,
    TargetChange,
    VersionChange,
)
from overlaytool.plan.metadata_diff import MetadataDiff
from overlaytool.plan.states import Selections, State, Where
from overlaytool.plan.tags import tags
from overlaytool.plan.target_changes import target_changes
from overlaytool.plan.touched import Touched, TouchedPackage

type Pair = tuple[EbuildCandidate | None, EbuildCandidate | None]

COMPARED = (*FIELDS, INHERITED)
_ORDER = tuple(PackageChange)


class Comparison:
    """Compares two states of a checkout."""

    def __init__(self, before: State, after: State, touched: Touched) -> None:
        self._before, self._after, self._touched = before, after, touched
        self._pairs = _pairs(before.selections, after.selections)
        self.notices: list[Notice] = []
        """Ebuilds whose metadata could not be read."""

    def packages(self, occurrences: Mapping[str, Sequence[Occurrence]]) -> tuple[PackageReview, ...]:
        """Every package whose files, selected version or selected metadata changed; see :class:`Review`.

        :param occurrences: by package: where else the repository names it.
        """
        names = {package for package, _repository in self._touched.packages}
        names |= {
            package for package, pairs in self._pairs.items() if any(old is not new for old, new in pairs)
        }
        reviews = [self._package(name, tuple(occurrences.get(name, ()))) for name in sorted(names)]
        return tuple(
            sorted(
                (review for review in reviews if review is not None),
                key=lambda review: (_ORDER.index(review.change), review.package),
            )
        )

    def _package(self, name: str, occurrences: tuple[Occurrence, ...]) -> PackageReview | None:
        files = [entry for (package, _), entry in self._touched.packages.items() if package == name]
        versions = self._versions(name)
        if not files and not any(_is_visible(version) for version in versions):
            return None
        return PackageReview(
            package=name,
            change=self._change(name, versions, files),
            repository=self._repository(name),
            versions=versions,
            ebuilds_added=_every(files, lambda entry: entry.versions(entry.added)),
            ebuilds_removed=_every(files, lambda entry: entry.versions(entry.removed)),
            ebuilds_changed=_every(files, lambda entry: entry.versions(entry.changed)),
            files_added=_every(files, lambda entry: entry.others(entry.added)),
            files_removed=_every(files, lambda entry: entry.others(entry.removed)),
            files_changed=_every(files, lambda entry: entry.others(entry.changed)),
            occurrences=occurrences,
        )

    # --- versions ----------------------------------------------------------------------------------

    def _versions(self, name: str) -> tuple[VersionChange, ...]:
        changes = []
        for (old, new), places in self._pairs.get(name, {}).items():
            if old is None and new is None:
                continue
            diff = self._metadata(old, new)
            changes.append(
                VersionChange(
                    old=_version(old),
                    new=_version(new),
                    views=tuple(sorted({view for _target, view in places})),
                    targets=self._tags(name, places),
                    fields=tuple(diff.fields) if diff else (),
                    eclass_only=tuple(diff.eclass_only) if diff else (),
                    noise=tuple(diff.noise) if diff else (),
                )
            )
        return tuple(sorted(changes, key=lambda change: (change.old or "", change.new or "", change.views)))

    def _tags(self, name: str, places: Sequence[Where]) -> tuple[str, ...]:
        """The targets that a package ends up in, in short; see :func:`tags`."""
        run_time = {
            where[0]
            for state in (self._before, self._after)
            for where in places
            if name in state.run_time.get(where, {})
        }
        return tags(run_time or {target for target, _view in places}, build_only=not run_time)

    def _metadata(self, old: EbuildCandidate | None, new: EbuildCandidate | None) -> MetadataDiff | None:
        """What differs between two ebuilds; None where there are no two, or one cannot be sourced."""
        if old is None or new is None:
            return None
        try:
            return MetadataDiff(facts(old), facts(new), texts=(old.text, new.text), fields=COMPARED)
        except MetadataError as error:
            self.notices.append(ReviewUnsourceable(problem=" ".join((error.message, *error.details))).notice)
            return None

    def _change(
        self, name: str, versions: Sequence[VersionChange], files: Sequence[TouchedPackage]
    ) -> PackageChange:
        before = {candidate for pair in self._pairs.get(name, {}) if (candidate := pair[0]) is not None}
        after = {candidate for pair in self._pairs.get(name, {}) if (candidate := pair[1]) is not None}
        if any(old and new and _is_older(new, old) for old, new in self._pairs.get(name, {})):
            return PackageChange.DOWNGRADED
        in_tree = bool(self._after.source.checkout_candidates(name))
        was_in_tree = bool(self._before.source.checkout_candidates(name))
        if in_tree != was_in_tree:
            return PackageChange.ADDED if in_tree else PackageChange.REMOVED
        if {one.repository for one in before} != {one.repository for one in after} and before and after:
            return PackageChange.MOVED
        if any(change.old != change.new for change in versions):
            return PackageChange.UPDATED
        selected = {change.new for change in versions}
        touched = {version for entry in files for version in entry.versions(entry.changed)}
        others = any(entry.others((*entry.added, *entry.removed, *entry.changed)) for entry in files)
        if others or touched & selected or any(_is_visible(change) for change in versions):
            return PackageChange.CHANGED
        return PackageChange.FILES

    def _repository(self, name: str) -> str:
        for state in (self._after, self._before):
            candidates = state.source.checkout_candidates(name)
            if candidates:
                return candidates[0].repository
        return next(repository for package, repository in self._touched.packages if package == name)

    # --- targets -----------------------------------------------------------------------------------

    def targets(self) -> tuple[TargetChange, ...]:
        """What each target gains and loses; see :func:`.target_changes`."""
        return tuple(target_changes(self._before, self._after))

    def skews(self) -> tuple[Skew, ...]:
        """Packages of which the views select different versions now, and selected one version before."""
        before, after = _by_view(self._before.selections), _by_view(self._after.selections)
        return tuple(
            Skew(package=package, versions=tuple(sorted(views.items())))
            for package, views in sorted(after.items())
            if len(set(views.values())) > 1 and len(set(before.get(package, {}).values())) < 2
        )

    def unsatisfied(self) -> tuple[str, ...]:
        """What nothing satisfies any more, and something did before: a line each."""
        after = self._after
        lines = (
            f"{entry.atom} on {entry.view}: {entry.reason or after.asking(entry)}"
            for entry in after.newly_missing(self._before)
        )
        return tuple(sorted(set(lines)))

    def inheriting(self, eclass: str) -> tuple[str, ...]:
        """The packages whose selected ebuilds inherit an eclass, those of its eclasses included; sorted."""
        source = self._after.source
        found = set()
        for packages in self._after.selections.values():
            for name, candidates in packages.items():
                if name not in found and any(
                    eclass in source.inherited(candidate) for candidate in candidates
                ):
                    found.add(name)
        return tuple(sorted(found))


def _pairs(before: Selections, after: Selections) -> Mapping[str, Mapping[Pair, list[Where]]]:
    """For each package: the ebuilds before and after that belong together, and where both are selected.

    A target that is new, gone, or cannot be had any more says nothing about its packages.
    """
    found: dict[str, dict[Pair, list[Where]]] = defaultdict(lambda: defaultdict(list))
    for where in sorted(before.keys() & after.keys()):
        old, new = before[where], after[where]
        for package in sorted({*old, *new}):
            for pair in _paired(old.get(package, ()), new.get(package, ())):
                found[package][pair].append(where)
    return {package: _not_only_elsewhere(pairs) for package, pairs in found.items()}


def _not_only_elsewhere(pairs: Mapping[Pair, list[Where]]) -> dict[Pair, list[Where]]:
    """Without what came to, or went from, a target in a view in which another target had and keeps it."""
    kept = {view for pair, places in pairs.items() if None not in pair for _target, view in places}
    left = {
        pair: [where for where in places if None not in pair or where[1] not in kept]
        for pair, places in pairs.items()
    }
    return {pair: places for pair, places in left.items() if places}


def _paired(old: Sequence[EbuildCandidate], new: Sequence[EbuildCandidate]) -> Iterator[Pair]:
    """Ebuilds of one package, by slot; what is left over on both sides changed its slot."""
    by_slot = {candidate.slot: candidate for candidate in new}
    left = []
    for candidate in old:
        twin = by_slot.pop(candidate.slot, None)
        if twin is None:
            left.append(candidate)
        else:
            yield candidate, twin
    rest = list(by_slot.values())
    while left or rest:
        yield (left.pop(0) if left else None, rest.pop(0) if rest else None)


def _is_visible(change: VersionChange) -> bool:
    """Whether there is anything in it to look at."""
    return change.old != change.new or bool(change.fields or change.eclass_only or change.noise)


def _is_older(new: EbuildCandidate, old: EbuildCandidate) -> bool:
    return bool(new.ebuild < old.ebuild)


def _version(candidate: EbuildCandidate | None) -> str | None:
    return candidate.cpv.removeprefix(f"{candidate.package}-") if candidate else None


def _by_view(selections: Selections) -> dict[str, dict[str, str]]:
    """Package to view to the highest version that is selected there."""
    found: dict[str, dict[str, EbuildCandidate]] = defaultdict(dict)
    for (_target, view), packages in selections.items():
        for package, candidates in packages.items():
            for candidate in candidates:
                known = found[package].get(view)
                if known is None or _is_older(known, candidate):
                    found[package][view] = candidate
    return {
        package: {view: _version(candidate) or "" for view, candidate in views.items()}
        for package, views in found.items()
    }


def _every(
    files: Sequence[TouchedPackage], part: Callable[[TouchedPackage], tuple[str, ...]]
) -> tuple[str, ...]:
    """One part of every directory of a package, sorted."""
    return tuple(sorted({name for entry in files for name in part(entry)}))
