"""resolve(request, source) -> Resolution: passes over the graph until nothing is left to decide."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from overlaytool.errors import ConflictError
from overlaytool.flatcar.targets import Target
from overlaytool.model.dependency import Atom, Candidate, FlagChanges, View
from overlaytool.model.notices.resolving import OneArch
from overlaytool.model.resolution import Notice, RejectionKind, Request, Resolution, State
from overlaytool.resolve import fallback, settled, updates
from overlaytool.resolve.candidates import Chooser, Trials
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Decisions, Exclusion
from overlaytool.resolve.dependents import Dependents
from overlaytool.resolve.explain import unsatisfied_error
from overlaytool.resolve.graph import Conflict, Node, Restart, Unsatisfied
from overlaytool.resolve.patience import Patience
from overlaytool.resolve.provider import PackageSource, everywhere
from overlaytool.resolve.request import interpret
from overlaytool.resolve.result import build
from overlaytool.resolve.updates import Requests

MAX_PASSES = 200
"""Passes after which a resolution that keeps changing its mind is given up."""
MANY_PASSES = 100
"""Passes after which it counts as a dead end; most answers take a dozen."""
MAX_BACKTRACKS = 40
"""Choices of exclusions tried, over all dead ends of a resolution."""

COPIED = frozenset({State.ADD, State.UPDATE})
"""The states of packages that a plan copies."""


def resolve[C: Candidate](
    request: Request,
    source: PackageSource[C],
    *,
    described: Container[State] = COPIED,
    dependents: Callable[[], Dependents[C]] | None = None,
    target: Target | None = None,
    patience: Callable[[], Patience] = Patience,
) -> Resolution:
    """What a request takes, on every board and on the build host.

    :param described: the states of packages that get a description; each costs a Manifest to read.
    :param dependents: what the checkout selects today; called only where that may change. None: what the
        request does not lead to is not looked at.
    :param target: what the request goes into, where that has USE flags or arches of its own.
    :param patience: how long a search goes on that has met a dead end.
    :raises UnknownPackageError, AmbiguousPackageError, MalformedAtomError: for what was asked.
    :raises MaskedError, KeywordError, MetadataError, UnsatisfiableError: when nothing satisfies an atom.
    :raises ConflictError: when selections exclude each other and no other candidates help.
    :raises MovedError, ForkError, DroppedError, AbsentError: where there is nothing to update from.
    """
    requests, named = interpret(request, source)
    environment: FlagChanges = frozenset()
    if target is not None and not request.update:
        environment = target.flags
        requests = tuple(
            (view, atom) for view, atom in requests if view.board is None or target.is_for(view.board.arch)
        )
    limits: list[Notice] = []
    left: tuple[Notice, ...] = ()
    if request.update:
        requests, left = updates.possible(requests, source)
        if dependents is not None:
            requests = updates.wherever_used(requests, dependents(), source)
    search = _Search(request, source, dependents, patience())
    while True:
        replaced = updates.sources_of(request, source, requests)
        start = Decisions(named=set(named), updates=frozenset(replaced), environment=environment)
        for package, name in replaced.items():
            start.import_from(name, package)
        try:
            closure, requests = _solve(search, requests, start)
        except Unsatisfied as failure:
            remaining = None if _refused(request, source, failure) else _without_board(requests, failure)
            if remaining is None:
                error = unsatisfied_error(failure, request)
                error.details += _undecided(search)
                raise error from None
            requests = remaining
            limits.append(_limit(failure))
        except Conflict as conflict:
            clash = ConflictError(
                conflict.message,
                details=(*conflict.details, *_undecided(search)),
                hint="request an older or newer version of one of them, or take one of them out",
            )
            clash.about = conflict.asked[0][2].package if conflict.asked else None
            raise clash from None
        else:
            limits += updates.channels_left(closure.chooser, requests, closure.decisions)
            return build(request, closure, requests, (*limits,), described, left)


def _undecided[C: Candidate](search: _Search[C]) -> tuple[str, ...]:
    """What to say where not every choice was tried."""
    if not search.patience.gave_up:
        return ()
    return (
        "not every other choice was tried: there may be one that does",
        "fewer packages at once take less",
    )


def _solve[C: Candidate](
    search: _Search[C], requests: Requests, start: Decisions
) -> tuple[Closure[C], Requests]:
    """The graph, and the requests that it is for: an update goes below what is there only where it has to."""
    chooser = search.chooser()
    raised = tuple((view, updates.at_least(chooser, view, atom, start)) for view, atom in requests)
    if raised != requests:
        try:
            return _with_waivers(search, raised, start), raised
        except (Unsatisfied, Conflict, ConflictError):
            pass
    return _with_waivers(search, requests, start), requests


def _with_waivers[C: Candidate](search: _Search[C], requests: Requests, start: Decisions) -> Closure[C]:
    """The graph; where only what is outside of it stands in the way, that is left to a person."""
    while True:
        try:
            return search.run(requests, start)
        except (Unsatisfied, Conflict) as failure:
            start = start.copy()
            if isinstance(failure, Conflict) and failure.negotiable:
                start.firm |= {(asker.view.name, asker.cpv) for _view, asker, _atom in failure.asked}
                continue
            new = set(_outside(failure)) - start.waived
            if not new:
                raise
            start.waived |= new


def _outside[C: Candidate](failure: Unsatisfied[C] | Conflict[C]) -> Iterator[tuple[str, str, str]]:
    """The edges of today that a failure is about, as :attr:`.Decisions.waived` has them."""
    asked: list[tuple[View, Node[C] | None, Atom]]
    if isinstance(failure, Conflict):
        asked = list(failure.asked)
    elif failure.chain:
        first = failure.chain[0]
        asked = [(first.child.view, first.parent, first.atom)]
    else:
        asked = [(failure.view, failure.ask.parent, failure.atom)]
    for view, asker, atom in asked:
        if asker is not None and asker.outside:
            yield view.name, asker.cpv, atom.text


class _Search[C: Candidate]:
    """Passes until one stands. Dead ends are backed out of by excluding candidates, and starting afresh."""

    def __init__(
        self,
        request: Request,
        source: PackageSource[C],
        dependents: Callable[[], Dependents[C]] | None,
        patience: Patience,
    ) -> None:
        self._request, self._source, self._dependents = request, source, dependents
        self._requests: Requests = ()
        self._passes = self._backtracks = 0
        self._trials = Trials()
        self._failure: Unsatisfied[C] | Conflict[C] | None = None
        self.patience = patience

    def run(self, requests: Requests, start: Decisions) -> Closure[C]:
        """The graph for some requests; see :meth:`solve`."""
        self._requests = requests
        self._passes, self._backtracks = MAX_PASSES + len(requests), MAX_BACKTRACKS
        self._failure = None
        self._trials = Trials()
        return self.solve(start)

    def solve(self, start: Decisions) -> Closure[C]:
        """The graph that comes of what is decided at the start.

        :raises Unsatisfied, Conflict: where there is none.
        :raises ConflictError: when the decisions go round in a circle.
        """
        decisions, requests = start.copy(), self._requests
        chooser = self.chooser()
        updated: set[str] = set()
        while self._passes > 0 and not self.patience.over:
            self._passes -= 1
            if self._passes + MANY_PASSES < MAX_PASSES + len(self._requests):
                self.patience.dead_end()  # it may be going round in a circle
            if decisions.eclasses.keys() != updated:
                updated = set(decisions.eclasses)
                chooser = self.chooser(self._source.with_eclass_updates(updated))
                requests = _rebound(requests, chooser.source)
            closure = Closure(chooser, decisions, dependents=self._dependents)
            try:
                closure.run(requests)
                settled.check(closure)
            except Restart:
                continue
            except Unsatisfied as failure:
                given_up = fallback.give_up(closure, failure)
                return self._without(start, [given_up] if given_up else [], failure)
            except Conflict as conflict:
                alone = [(exclusion,) for exclusion in conflict.excludable]
                return self._without(start, [conflict.excludable] if conflict.negotiable else alone, conflict)
            return closure
        if self._failure is not None:
            self.patience.gave_up = True
            raise self._failure
        if self.patience.over:
            raise ConflictError(
                f"{' '.join(self._request.atoms)} could not be decided in good time",
                details=tuple(f"import {package}" for package in sorted(decisions.imports)),
                hint="request fewer packages at once",
            )
        raise ConflictError(
            "the steps that the packages ask for go round in a circle",
            details=tuple(f"import {package}" for package in sorted(decisions.imports)),
            hint="request one of these packages alone to see which update undoes another",
        )

    def chooser(self, source: PackageSource[C] | None = None) -> Chooser[C]:
        """Who picks candidates: in the trees, or in these with eclasses updated."""
        return Chooser(
            source or self._source,
            accept_keywords=self._request.accept_keywords,
            older_eclasses=self._request.allow_downgrade,
            trials=self._trials,
        )

    def _without(
        self, start: Decisions, choices: Sequence[Sequence[Exclusion]], failure: Unsatisfied[C] | Conflict[C]
    ) -> Closure[C]:
        """Try without one choice of candidates after the other; the failure stands when none helps."""
        self.patience.dead_end()
        self._failure = self._failure or failure
        for exclusions in choices:
            new = [entry for entry in exclusions if not start.excludes(entry.view, entry.cpv)]
            if not new or self._backtracks <= 0:
                continue
            self._backtracks -= 1
            other = start.copy()
            for exclusion in new:
                other.exclude(exclusion)
            try:
                return self.solve(other)
            except (Unsatisfied, Conflict):
                if any(exclusion.kind is RejectionKind.METADATA for exclusion in new):
                    raise  # it says what the eclass was wanted for
        raise failure


def _rebound[C: Candidate](requests: Requests, source: PackageSource[C]) -> Requests:
    """The requests in the views of another source object; views are equal by value."""
    views = {view.name: view for view in source.views}
    return tuple((views[view.name], atom) for view, atom in requests)


def _refused[C: Candidate](request: Request, source: PackageSource[C], failure: Unsatisfied[C]) -> bool:
    """Whether all that is missing is leave to accept a ~arch keyword."""
    if request.accept_keywords:
        return False
    unstable = f"~{source.arch(failure.view)}"
    hidden = {
        (rejection.cpv, rejection.repository)
        for rejection in failure.rejections
        if rejection.kind is RejectionKind.KEYWORD
    }
    return any(
        (candidate.cpv, candidate.repository) in hidden
        and source.keyword(failure.view, candidate) == unstable
        for candidates in everywhere(failure.atom.package, source)
        for candidate in candidates
    )


def _without_board[C: Candidate](requests: Requests, failure: Unsatisfied[C]) -> Requests | None:
    """The requests without the one that can only be had for another arch, or None where that is not so.

    Only what an ebuild or a profile says about the arch counts: an ebuild that is masked for it or says
    ``-arch``; whatever else is missing is missing for everybody.
    """
    about_arch = {RejectionKind.KEYWORD, RejectionKind.MASK, RejectionKind.VERSION, RejectionKind.LIVE}
    kinds = {rejection.kind for rejection in failure.rejections}
    if not kinds & {RejectionKind.KEYWORD, RejectionKind.MASK} or kinds - about_arch:
        return None
    root = failure.chain[0] if failure.chain else None
    view = root.child.view if root else failure.view
    atom = root.atom if root else failure.atom
    remaining = tuple(entry for entry in requests if entry != (view, atom))
    if len(remaining) == len(requests) or not any(other == atom for _view, other in remaining):
        return None
    return remaining


def _limit[C: Candidate](failure: Unsatisfied[C]) -> Notice:
    root = failure.chain[0] if failure.chain else None
    atom, view = (root.atom, root.child.view) if root else (failure.atom, failure.view)
    reasons = "; ".join(
        f"{rejection.cpv} {rejection.reason}"
        for rejection in failure.rejections
        if rejection.kind in (RejectionKind.KEYWORD, RejectionKind.MASK)
    )
    return OneArch(atom=str(atom), view=str(view), reasons=reasons).notice
