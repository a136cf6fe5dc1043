"""A checkout as the resolver sees it at one commit: what every target selects, and what ends up in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.model.reached import Missing
from overlaytool.model.target import Into
from overlaytool.resolve.roots import Everything

type Where = tuple[str, str]
"""A target's name and the name of one of its views."""
type Selections = Mapping[Where, Mapping[str, tuple[EbuildCandidate, ...]]]
"""What emerge selects everywhere: target and view to package to its ebuilds, one for each slot."""


class State:
    """A checkout as the resolver sees it at one commit."""

    def __init__(
        self,
        *,
        source: TreeSource,
        everything: Everything[EbuildCandidate],
        asked_by: Mapping[str, tuple[str, ...]],
    ) -> None:
        """
        :param asked_by: by the text of an atom: the names of the targets that ask for it themselves.
        """
        self.source, self.everything, self._asked_by = source, everything, asked_by

    @cached_property
    def selections(self) -> Selections:
        """What every target selects. What package.provided has is left out."""
        return self._ebuilds(self.everything.selected)

    @cached_property
    def run_time(self) -> Selections:
        """For every target, the packages that its run-time dependencies reach."""
        return self._ebuilds(self.everything.selected_at_run_time)

    def _ebuilds(self, everywhere: Mapping[str, Mapping[tuple[Into, str], tuple[str, ...]]]) -> Selections:
        found: dict[Where, dict[str, tuple[EbuildCandidate, ...]]] = defaultdict(dict)
        for package, places in everywhere.items():
            ebuilds = {
                candidate.cpv: candidate for candidate in reversed(self.source.checkout_candidates(package))
            }
            for (target, view), cpvs in places.items():
                selected = tuple(ebuilds[cpv] for cpv in cpvs if cpv in ebuilds)
                if selected:
                    found[(str(target), view)][package] = selected
        return found

    def asking(self, missing: Missing) -> str:
        """Who asks for what is missing: ``dev-libs/a-1 RDEPENDs on it``, ``sysext:x asks for it``."""
        if missing.parent:
            return f"{missing.parent} {missing.dep_class}s on it"
        targets = self._asked_by.get(missing.atom, ())
        if not targets:
            return "a target asks for it"
        return f"{' and '.join(targets)} {'ask' if len(targets) > 1 else 'asks'} for it"

    def newly_missing(self, before: State) -> tuple[Missing, ...]:
        """What nothing satisfies here and something satisfied before."""
        known = {(entry.atom, entry.view, entry.reason) for entry in before.everything.missing}
        return tuple(
            entry for entry in self.everything.missing if (entry.atom, entry.view, entry.reason) not in known
        )
