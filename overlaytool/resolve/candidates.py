"""Which ebuild emerge takes for an atom, and which steps would give it one where it finds none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.model.dependency import Atom, Candidate, FlagChanges, Known, Origin, View
from overlaytool.model.resolution import (
    NO_KEYWORD_REASON,
    SYNC_REASON,
    UNSTABLE_REASON,
    Because,
    Rejection,
    RejectionKind,
    Root,
)
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.provider import PackageSource

UNKEYWORDED = frozenset({RejectionKind.KEYWORD, RejectionKind.LIVE})
"""What an entry in package.accept_keywords can lift."""

UNACCEPTED = frozenset({RejectionKind.LICENSE, RejectionKind.RESTRICT})
"""What the profile does not accept, and a person may decide to accept."""

UNSOURCED = frozenset({RejectionKind.LIVE, RejectionKind.EAPI, RejectionKind.METADATA})
"""With these, a candidate's metadata is not at hand."""


class Option[C: Candidate](Struct, frozen=True):
    """A candidate and the steps that make it the one that emerge takes."""

    candidate: C
    source: str | None
    """The source to import from; None: the checkout has it."""
    update: bool
    keyword: str | None
    flags: tuple[tuple[str, bool], ...]
    license: bool
    eclasses: tuple[str, ...]
    seen_by: tuple[int, int]
    """On how many boards it is visible, and on how many it has at least an unstable keyword."""

    @property
    def cost(self) -> tuple[int, ...]:
        """The order of preference; see :meth:`Chooser.options`."""
        grade = 0 if self.keyword is None else 2 if self.keyword == "**" else 1
        return (
            int(self.license),
            int(bool(self.flags)),
            int(self.update),
            int(self.source is not None),
            grade,
            *(-count for count in self.seen_by if grade),
        )


class Trials:
    """How many branches of any-of groups may still be tried out in a search; the first one is taken then.

    Groups behind groups would multiply. What Gentoo has takes some dozens.
    """

    def __init__(self) -> None:
        self.left = 1000


class Chooser[C: Candidate]:
    """Looks at candidates with the eyes of emerge, after the steps that have been decided."""

    def __init__(
        self,
        source: PackageSource[C],
        *,
        accept_keywords: bool,
        older_eclasses: bool = False,
        trials: Trials | None = None,
    ) -> None:
        """:param older_eclasses: whether eclasses of the checkout may be replaced by older ones."""
        self.source, self.accept_keywords = source, accept_keywords
        self.older_eclasses = older_eclasses
        self.trials = trials or Trials()
        self._best: Known[C] = {}
        self._likely: Known[C] = {}
        self._boards = tuple(view for view in source.views if view.root is Root.BOARD)

    # --- what emerge takes -------------------------------------------------------------------------

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

    # --- what could be done ------------------------------------------------------------------------

    def option(self, view: View, atoms: tuple[Atom, ...], decisions: Decisions) -> Option[C] | None:
        """The preferred way to give emerge an ebuild that satisfies all of the atoms, or None.

        Preference: accept a keyword for an ebuild of the checkout, unless an update brings it without one;
        import a visible ebuild; import one that needs a keyword; update portage-stable; change USE. Within
        one of these, the version that the boards can have in common, then the highest. Sources are asked in
        order; the first that can do it is taken. An ebuild with a licence that the profile does not accept
        comes after all others, and so does one with such a RESTRICT. Updating an eclass touches every
        ebuild that inherits it: only where nothing else helps.
        """
        package = atoms[0].package
        trees: list[tuple[str | None, Sequence[C]]] = [(None, self.pool(package, decisions))]
        if package not in decisions.imports and not self.source.holds(Origin.OVERLAY, package):
            names = self.source.source_names()
            trees += [(name, self.source.source_candidates(name, package)) for name in names]
        for look in (self._option, self._with_eclasses):
            found: list[Option[C]] = []
            for source, candidates in trees:
                options = (
                    look(view, atoms, decisions, source, candidate)
                    for candidate in candidates
                    if not decisions.excludes(view, candidate.cpv)
                )
                offered = [option for option in options if option is not None]
                found += offered
                if source is not None and offered:
                    break
            if found:
                return self._rather_updated(
                    view, min(found, key=lambda option: option.cost), found, decisions
                )
        return None

    def _rather_updated(
        self, view: View, chosen: Option[C], found: list[Option[C]], decisions: Decisions
    ) -> Option[C]:
        """An update that serves without a keyword, where the source is not behind the checkout.

        An entry in package.accept_keywords is a decision that somebody has to take back one day.
        """
        package = chosen.candidate.package
        if chosen.keyword is None or chosen.source is not None:
            return chosen
        today = self.best(view, self.source.parse_atom(package), decisions)
        stable = [
            option
            for option in found
            if option.update
            and option.source is not None
            and option.keyword is None
            and option.license <= chosen.license
            and bool(option.flags) <= bool(chosen.flags)
            and (today is None or self._is_no_older(option.candidate, today))
            and any(
                self._is_no_older(other, chosen.candidate)
                for other in self.source.source_candidates(option.source, package)
                if all(one.kind is not RejectionKind.LIVE for one in self.source.obstacles(view, other))
            )
        ]
        return min(stable, key=lambda option: option.cost, default=chosen)

    def _is_no_older(self, candidate: C, other: C) -> bool:
        return self.source.admits(candidate, self.source.parse_atom(f">={other.cpv}"))

    def _option(
        self, view: View, atoms: tuple[Atom, ...], decisions: Decisions, source: str | None, candidate: C
    ) -> Option[C] | None:
        if not all(self.source.admits(candidate, atom) for atom in atoms):
            return None
        changes = decisions.changes(view, candidate.package)
        kinds = {rejection.kind for rejection in self.hidden(view, candidate, decisions)}
        keyword = self._keyword(view, candidate, kinds, decisions)
        if kinds - UNKEYWORDED - UNACCEPTED or keyword == "":
            return None
        if any(self._slot_differs(view, candidate, atom, changes) for atom in atoms):
            return None
        flags = self._flags(view, atoms, candidate, changes)
        if flags is None:
            return None
        after = changes | frozenset(flags)
        if self.source.required_use_violation(view, candidate, after) is not None:
            return None
        update = source is not None and self.source.holds(Origin.STABLE, candidate.package)
        return Option(
            candidate=candidate,
            source=source,
            update=update,
            keyword=keyword,
            flags=flags,
            license=bool(kinds & UNACCEPTED),
            eclasses=(),
            seen_by=self._seen_by(candidate) if keyword else (0, 0),
        )

    def _slot_differs(self, view: View, candidate: C, atom: Atom, changes: FlagChanges) -> bool:
        mismatch = self.source.mismatch(view, candidate, atom, changes)
        return mismatch is not None and mismatch.kind not in (RejectionKind.USE, RejectionKind.FIXED)

    def _with_eclasses(
        self, view: View, atoms: tuple[Atom, ...], decisions: Decisions, source: str | None, candidate: C
    ) -> Option[C] | None:
        """The same for a source's candidate that cannot be sourced until eclasses are updated."""
        if not all(self.source.admits(candidate, atom) for atom in atoms):
            return None
        updated = self._updated(view, candidate, decisions)
        if updated is None:
            return None
        needed, chooser, twin = updated
        option = chooser._option(view, atoms, decisions, source, twin)
        return replace(option, eclasses=needed) if option is not None else None

    def _updated(
        self, view: View, candidate: C, decisions: Decisions
    ) -> tuple[tuple[str, ...], Chooser[C], C] | None:
        """The eclass updates with which a source's candidate can be sourced; who sees it then, and it."""
        if candidate.origin is not Origin.SOURCE:
            return None
        kinds = {rejection.kind for rejection in self.hidden(view, candidate, decisions)}
        if RejectionKind.METADATA not in kinds:
            return None
        needed = self.source.eclass_updates(candidate, older=self.older_eclasses)
        if needed is None:
            return None
        chooser = Chooser(
            self.source.with_eclass_updates({*decisions.eclasses, *needed}),
            accept_keywords=self.accept_keywords,
            older_eclasses=self.older_eclasses,
        )
        twin = next(
            other
            for other in chooser.source.source_candidates(candidate.repository, candidate.package)
            if other.cpv == candidate.cpv
        )
        return needed, chooser, twin

    def _keyword(
        self, view: View, candidate: C, kinds: set[RejectionKind], decisions: Decisions
    ) -> str | None:
        """The keyword to accept, None where none is needed, "" where none may be."""
        if not kinds & UNKEYWORDED:
            return None
        if not self.accept_keywords:
            return ""
        if candidate.cpv in decisions.named:
            return self.source.keyword(view, candidate) or ""
        if RejectionKind.LIVE in kinds or self.source.unkeyworded(candidate):
            return ""
        return self.source.keyword(view, candidate) or ""

    def _flags(
        self, view: View, atoms: tuple[Atom, ...], candidate: C, changes: FlagChanges
    ) -> tuple[tuple[str, bool], ...] | None:
        """The USE changes that all atoms together need, or None where they cannot be made.

        A flag that the plan, or the environment, has set already is not set the other way.
        """
        decided = dict(changes)
        wanted: dict[str, bool] = {}
        for atom in atoms:
            if self.source.mismatch(view, candidate, atom, changes | frozenset(wanted.items())) is None:
                continue
            more = self.source.flags_to_change(view, candidate, atom, changes)
            known = decided | wanted
            if more is None or any(known.get(flag, state) != state for flag, state in more):
                return None
            wanted.update(more)
        return tuple(sorted(wanted.items()))

    def _seen_by(self, candidate: C) -> tuple[int, int]:
        visible = keyworded = 0
        for board in self._boards:
            obstacles = self.source.obstacles(board, candidate)
            if not obstacles:
                visible += 1
            elif all(obstacle.kind is RejectionKind.KEYWORD for obstacle in obstacles):
                keyworded += self.source.keyword(board, candidate) == f"~{self.source.arch(board)}"
        return visible, visible + keyworded

    def adopt(self, option: Option[C], view: View, decisions: Decisions, because: Because) -> None:
        """Write an option's steps into the decisions."""
        candidate = option.candidate
        if option.source is not None:
            decisions.import_from(option.source, candidate.package)
        if option.keyword is not None:
            arch, reason = self.source.arch(view), self._reason(option)
            decisions.accept_keyword(candidate.cpv, arch, option.keyword, reason)
        if option.license:
            decisions.accept_license(candidate.cpv, view)
        if option.flags:
            decisions.set_flags(view.root, candidate.package, option.flags, because)
        for name in option.eclasses:
            decisions.eclasses.setdefault(name, (view, candidate.cpv))

    def bring_boards_up(self, atom: Atom, decisions: Decisions) -> None:
        """Accept the keyword with which every board gets the newest version that one of them gets."""
        found = [(board, self.best(board, atom, decisions)) for board in self._boards]
        selections = [(board, candidate) for board, candidate in found if candidate is not None]
        self.accept_newest(atom.package, selections, decisions)

    def accept_newest(self, package: str, selections: Sequence[tuple[View, C]], decisions: Decisions) -> bool:
        """Accept the newest of these candidates of a package for the boards that only lack its keyword.

        :return: whether a keyword was accepted.
        """
        if not self.accept_keywords or not selections:
            return False
        rank = {candidate.cpv: place for place, candidate in enumerate(self.pool(package, decisions))}
        newest = min(
            (candidate for _view, candidate in selections), key=lambda candidate: rank[candidate.cpv]
        )
        changed = False
        for view, candidate in selections:
            key = (newest.cpv, self.source.arch(view))
            if candidate.cpv == newest.cpv or key in decisions.keywords:
                continue
            kinds = {rejection.kind for rejection in self.hidden(view, newest, decisions)}
            keyword = self.source.keyword(view, newest)
            if kinds == {RejectionKind.KEYWORD} and keyword == f"~{key[1]}":
                decisions.accept_keyword(*key, keyword, SYNC_REASON)
                changed = True
        return changed

    @staticmethod
    def _reason(option: Option[C]) -> str:
        if option.seen_by[0]:
            return SYNC_REASON
        return NO_KEYWORD_REASON if option.keyword == "**" else UNSTABLE_REASON

    # --- why not -----------------------------------------------------------------------------------

    def rejections(self, view: View, atom: Atom, decisions: Decisions) -> tuple[Rejection, ...]:
        """Every candidate of an atom's package in every tree, with the first reason against it."""
        found: dict[tuple[str, str], Rejection] = {}
        changes = decisions.changes(view, atom.package)
        for candidate in self._everywhere(atom.package, decisions):
            reason = self._rejection(view, candidate, atom, decisions, changes)
            if reason is not None:
                found.setdefault((candidate.cpv, candidate.repository), reason)
        return tuple(found.values())

    def _everywhere(self, package: str, decisions: Decisions) -> Iterator[C]:
        yield from self.pool(package, decisions)
        for name in self.source.source_names():
            yield from self.source.source_candidates(name, package)

    def mask_comment(self, view: View, atom: Atom, decisions: Decisions) -> tuple[str, ...]:
        """What the profile says of the first candidate of an atom that is masked, or whose flags it fixes."""
        changes = decisions.changes(view, atom.package)
        masked = None
        for candidate in self._everywhere(atom.package, decisions):
            if not self.source.admits(candidate, atom):
                continue
            kinds = {obstacle.kind for obstacle in self.source.obstacles(view, candidate)}
            if RejectionKind.MASK in kinds:
                masked = masked or candidate
            elif not kinds & UNSOURCED:
                mismatch = self.source.mismatch(view, candidate, atom, changes)
                if mismatch is not None and mismatch.kind is RejectionKind.FIXED:
                    return self.source.fixed_comment(candidate, view, atom)
        return self.source.mask_comment(masked, view) if masked is not None else ()

    def _rejection(
        self,
        view: View,
        candidate: C,
        atom: Atom,
        decisions: Decisions,
        changes: FlagChanges,
    ) -> Rejection | None:
        def rejected(kind: RejectionKind, reason: str) -> Rejection:
            return Rejection(cpv=candidate.cpv, repository=candidate.repository, kind=kind, reason=reason)

        excluded = decisions.excluded.get((view.name, candidate.cpv))
        if excluded is not None:
            return rejected(excluded.kind, excluded.reason)
        if self.source.admits(candidate, atom):
            hidden = self.hidden(view, candidate, decisions)
            kinds = {rejection.kind for rejection in hidden}
            acceptable = kinds <= UNKEYWORDED and self._keyword(view, candidate, kinds, decisions) != ""
            if hidden and not acceptable:
                return self._rejection_when_updated(view, candidate, atom, decisions, changes) or hidden[0]
        mismatch = self.source.mismatch(view, candidate, atom, changes)
        if mismatch is not None:
            return mismatch
        violated = self.source.required_use_violation(view, candidate, changes)
        if violated is not None:
            return rejected(RejectionKind.REQUIRED_USE, f"REQUIRED_USE {violated}")
        if candidate.origin is Origin.SOURCE and self.source.holds(Origin.OVERLAY, candidate.package):
            return rejected(RejectionKind.OVERLAY, "coreos-overlay holds the package")
        return None

    def _rejection_when_updated(
        self, view: View, candidate: C, atom: Atom, decisions: Decisions, changes: FlagChanges
    ) -> Rejection | None:
        """What speaks against a candidate even with the eclasses updated that it needs."""
        updated = self._updated(view, candidate, decisions)
        if updated is None:
            return None
        _needed, chooser, twin = updated
        return chooser._rejection(view, twin, atom, decisions, changes)
