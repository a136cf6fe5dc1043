"""Which ebuild emerge takes for an atom, after the steps that have been decided."""

from __future__ import annotations

from collections.abc import Sequence

from overlaytool.model.dependency import Atom, Candidate, Known, View
from overlaytool.model.resolution import Rejection, RejectionKind
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.provider import PackageSource

UNKEYWORDED = frozenset({RejectionKind.KEYWORD, RejectionKind.LIVE})
"""What an entry in package.accept_keywords can lift."""

UNACCEPTED = frozenset({RejectionKind.LICENSE, RejectionKind.RESTRICT})
"""What the profile does not accept, and a person may decide to accept."""


class Market[C: Candidate]:
    """The candidates of the trees, as emerge sees them under decisions."""

    def __init__(self, source: PackageSource[C]) -> None:
        self.source = source
        self._best: Known[C] = {}
        self._likely: Known[C] = {}

    def pool(self, package: str, decisions: Decisions) -> Sequence[C]:
        """The ebuilds that emerge will choose from, highest version first."""
        name = decisions.imports.get(package)
        if name is None:
            return self.source.checkout_candidates(package)
        return self.source.after_import(name, package)

    def best(self, view: View, atom: Atom, decisions: Decisions) -> C | None:
        """The ebuild that emerge takes for an atom in an empty root, or None."""
        state = decisions.state_of(atom.package)
        known, key = self._best if state else self.source.best, (state, view.name, atom.text)
        if key not in known:
            known[key] = self._find_best(view, atom, decisions)
        return known[key]

    def has_settled(self, view: View, atom: Atom, decisions: Decisions) -> bool:
        """Whether :meth:`best` need not look at anything any more."""
        state = decisions.state_of(atom.package)
        return (state, view.name, atom.text) in (self._best if state else self.source.best)

    def _find_best(self, view: View, atom: Atom, decisions: Decisions) -> C | None:
        changes = decisions.changes(view, atom.package)
        for candidate in self.pool(atom.package, decisions):
            if (
                self.source.admits(candidate, atom)
                and not self._out_of_question(view, candidate, decisions)
                and not self.hidden(view, candidate, decisions)
                and self.source.mismatch(view, candidate, atom, changes) is None
                and self._fits(view, candidate, decisions)
            ):
                return candidate
        return None

    def likely(self, view: View, atom: Atom, decisions: Decisions) -> C | None:
        """What :meth:`best` will look at first, told without sourcing anything."""
        state = decisions.state_of(atom.package)
        known, key = self._likely if state else self.source.likely, (state, view.name, atom.text)
        if key not in known:
            known[key] = self._find_likely(view, atom, decisions)
        return known[key]

    def _find_likely(self, view: View, atom: Atom, decisions: Decisions) -> C | None:
        for candidate in self.pool(atom.package, decisions):
            if self.source.admits(candidate, atom) and not self._out_of_question(view, candidate, decisions):
                return candidate
        return None

    def _out_of_question(self, view: View, candidate: C, decisions: Decisions) -> bool:
        """Whether mask or keywords hide a candidate, as far as that can be told without sourcing it."""
        return (
            self.source.hidden_at_sight(view, candidate)
            and (candidate.cpv, self.source.arch(view)) not in decisions.keywords
        )

    def _fits(self, view: View, candidate: C, decisions: Decisions) -> bool:
        """Whether nothing that was learned, nor REQUIRED_USE, speaks against a candidate."""
        if decisions.excludes(view, candidate.cpv):
            return False
        changes = decisions.changes(view, candidate.package)
        pins = decisions.pins.get((view.name, candidate.package, candidate.slot), ())
        return (
            all(self.source.mismatch(view, candidate, pin, changes) is None for pin in pins)
            and self.source.required_use_violation(view, candidate, changes) is None
        )

    def hidden(self, view: View, candidate: C, decisions: Decisions) -> tuple[Rejection, ...]:
        """The obstacles that the decided steps leave."""
        return tuple(
            rejection
            for rejection in self.source.obstacles(view, candidate)
            if not self._lifted(view, rejection, decisions)
        )

    def _lifted(self, view: View, rejection: Rejection, decisions: Decisions) -> bool:
        if rejection.kind in UNKEYWORDED:
            return (rejection.cpv, self.source.arch(view)) in decisions.keywords
        if rejection.kind in UNACCEPTED:
            return (rejection.cpv, view.name) in decisions.licenses
        return False
