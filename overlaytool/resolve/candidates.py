"""Which steps would give emerge an ebuild for an atom where it finds none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.model.dependency import Atom, Candidate, FlagChanges, Origin, View
from overlaytool.model.resolution import (
    NO_KEYWORD_REASON,
    SYNC_REASON,
    UNSTABLE_REASON,
    Because,
    RejectionKind,
    Root,
)
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.market import UNACCEPTED, UNKEYWORDED, Market
from overlaytool.resolve.provider import PackageSource


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


class Keyword(NamedTuple):
    """Whether a candidate may be taken as far as keywords go, and what has to be accepted for that."""

    may_be_taken: bool
    accepted: str | None = None
    """``~arm64`` or ``**``; None where nothing has to be."""


class Chooser[C: Candidate](Market[C]):
    """Picks the ebuild that emerge would take, and the steps after which it would take one."""

    def __init__(
        self,
        source: PackageSource[C],
        *,
        accept_keywords: bool,
        older_eclasses: bool = False,
        trials: Trials | None = None,
    ) -> None:
        """:param older_eclasses: whether eclasses of the checkout may be replaced by older ones."""
        super().__init__(source)
        self.accept_keywords, self.older_eclasses = accept_keywords, older_eclasses
        self.trials = trials or Trials()
        self._boards = tuple(view for view in source.views if view.root is Root.BOARD)

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
        keyword = self.keyword_of(view, candidate, kinds, decisions)
        if kinds - UNKEYWORDED - UNACCEPTED or not keyword.may_be_taken:
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
            keyword=keyword.accepted,
            flags=flags,
            license=bool(kinds & UNACCEPTED),
            eclasses=(),
            seen_by=self._seen_by(candidate) if keyword.accepted else (0, 0),
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
        updated = self.updated(view, candidate, decisions)
        if updated is None:
            return None
        needed, chooser, twin = updated
        option = chooser._option(view, atoms, decisions, source, twin)
        return replace(option, eclasses=needed) if option is not None else None

    def updated(
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

    def keyword_of(
        self, view: View, candidate: C, kinds: set[RejectionKind], decisions: Decisions
    ) -> Keyword:
        """What about its keywords decides whether a candidate can be taken.

        :param kinds: what hides it. A live ebuild, or one without keywords, has to be named by version.
        """
        if not kinds & UNKEYWORDED:
            return Keyword(True)
        hidden = RejectionKind.LIVE in kinds or self.source.unkeyworded(candidate)
        if not self.accept_keywords or (hidden and candidate.cpv not in decisions.named):
            return Keyword(False)
        keyword = self.source.keyword(view, candidate)
        return Keyword(keyword is not None, keyword)

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
