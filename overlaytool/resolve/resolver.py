"""resolve(request, source) -> Resolution: passes over the graph until nothing is left to decide."""

from __future__ import annotations

from collections.abc import Container, Sequence

from overlaytool.errors import ConflictError
from overlaytool.model.dependency import Atom, Candidate, Origin, View
from overlaytool.model.resolution import Notice, RejectionKind, Request, Resolution, Root, State
from overlaytool.resolve import fallback
from overlaytool.resolve.candidates import Chooser, Trials
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Decisions, Exclusion
from overlaytool.resolve.explain import unsatisfied_error
from overlaytool.resolve.graph import Conflict, Restart, Unsatisfied
from overlaytool.resolve.provider import PackageSource, everywhere
from overlaytool.resolve.request import interpret
from overlaytool.resolve.result import build

MAX_PASSES = 200
"""Passes after which a resolution that keeps changing its mind is given up."""
MAX_BACKTRACKS = 40
"""Choices of exclusions tried, over all dead ends of a resolution."""

COPIED = frozenset({State.ADD, State.UPDATE})
"""The states of packages that a plan copies."""

type Requests = tuple[tuple[View, Atom], ...]


def resolve[C: Candidate](
    request: Request, source: PackageSource[C], *, described: Container[State] = COPIED
) -> Resolution:
    """What a request takes, on every board and on the build host.

    :param described: the states of packages that get a description; each costs a Manifest to read.
    :raises UnknownPackageError, AmbiguousPackageError, MalformedAtomError: for what was asked.
    :raises MaskedError, KeywordError, MetadataError, UnsatisfiableError: when nothing satisfies an atom.
    :raises ConflictError: when selections exclude each other and no other candidates help.
    """
    requests, named = interpret(request, source)
    limits: list[Notice] = []
    while True:
        updates = _updates(request, source, requests)
        start = Decisions(named=set(named), updates=frozenset(updates))
        for package, name in updates.items():
            start.import_from(name, package)
        try:
            closure, requests = _solve(request, source, requests, start)
        except Unsatisfied as failure:
            remaining = None if _refused(request, source, failure) else _without_board(requests, failure)
            if remaining is None:
                raise unsatisfied_error(failure, request) from None
            requests = remaining
            limits.append(_limit(failure))
        except Conflict as conflict:
            raise ConflictError(
                conflict.message,
                details=conflict.details,
                hint="request an older or newer version of one of them, or take one of them out",
            ) from None
        else:
            return build(request, closure, requests, tuple(limits), described)


def _solve[C: Candidate](
    request: Request, source: PackageSource[C], requests: Requests, start: Decisions
) -> tuple[Closure[C], Requests]:
    """The graph, and the requests that it is for: an update goes below what is there only where it has to."""
    chooser = Chooser(source, accept_keywords=request.accept_keywords)
    raised = tuple((view, _at_least(chooser, view, atom, start)) for view, atom in requests)
    if raised != requests:
        try:
            return _Search(request, source, raised).solve(start), raised
        except (Unsatisfied, Conflict, ConflictError):
            pass
    return _Search(request, source, requests).solve(start), requests


def _at_least[C: Candidate](chooser: Chooser[C], view: View, atom: Atom, start: Decisions) -> Atom:
    """The atom of an update, asking for no less than the version that the checkout has."""
    if atom.package not in start.updates or not atom.text.startswith(atom.package):
        return atom
    present = chooser.best(view, atom, Decisions())
    return (
        chooser.source.parse_atom(f">={atom.text.replace(atom.package, present.cpv, 1)}") if present else atom
    )


class _Search[C: Candidate]:
    """Passes until one stands. Dead ends are backed out of by excluding candidates, and starting afresh."""

    def __init__(self, request: Request, source: PackageSource[C], requests: Requests) -> None:
        self._request, self._source, self._requests = request, source, requests
        self._passes, self._backtracks = MAX_PASSES, MAX_BACKTRACKS
        self._trials = Trials()

    def solve(self, start: Decisions) -> Closure[C]:
        """The graph that comes of what is decided at the start.

        :raises Unsatisfied, Conflict: where there is none.
        :raises ConflictError: when the decisions go round in a circle.
        """
        decisions, requests = start.copy(), self._requests
        chooser = self._chooser(self._source)
        updated: set[str] = set()
        while self._passes > 0:
            self._passes -= 1
            if decisions.eclasses.keys() != updated:
                updated = set(decisions.eclasses)
                chooser = self._chooser(self._source.with_eclass_updates(updated))
                requests = _rebound(requests, chooser.source)
            closure = Closure(chooser, decisions)
            try:
                closure.run(requests)
                _keep_boards_in_sync(closure)
                _check_blockers(closure)
            except Restart:
                continue
            except Unsatisfied as failure:
                given_up = fallback.give_up(closure, failure)
                return self._without(start, [given_up] if given_up else [], failure)
            except Conflict as conflict:
                return self._without(start, [(exclusion,) for exclusion in conflict.excludable], conflict)
            return closure
        raise ConflictError(
            "the steps that the packages ask for go round in a circle",
            details=tuple(f"import {package}" for package in sorted(decisions.imports)),
            hint="request one of these packages alone to see which update undoes another",
        )

    def _chooser(self, source: PackageSource[C]) -> Chooser[C]:
        return Chooser(source, accept_keywords=self._request.accept_keywords, trials=self._trials)

    def _without(
        self, start: Decisions, choices: Sequence[Sequence[Exclusion]], failure: Unsatisfied[C] | Conflict[C]
    ) -> Closure[C]:
        """Try without one choice of candidates after the other; the failure stands when none helps."""
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


def _updates[C: Candidate](request: Request, source: PackageSource[C], requests: Requests) -> dict[str, str]:
    """The packages that a request to update replaces, and the first source that has each."""
    if not request.update:
        return {}
    return {
        atom.package: next(
            name for name in source.source_names() if source.source_candidates(name, atom.package)
        )
        for _view, atom in requests
        if source.holds(Origin.STABLE, atom.package)
        and any(source.source_candidates(name, atom.package) for name in source.source_names())
    }


def _rebound[C: Candidate](requests: Requests, source: PackageSource[C]) -> Requests:
    """The requests in the views of another source object; views are equal by value."""
    views = {view.name: view for view in source.views}
    return tuple((views[view.name], atom) for view, atom in requests)


def _keep_boards_in_sync[C: Candidate](closure: Closure[C]) -> None:
    """Accept the keyword that brings an imported package to the same version on every board.

    :raises Restart: when one was accepted.
    """
    chosen: dict[tuple[str, str], list[tuple[View, C]]] = {}
    for node, candidate in closure.graph.selected():
        if candidate.package in closure.decisions.imports and node.view.root is Root.BOARD:
            chosen.setdefault((candidate.package, candidate.slot), []).append((node.view, candidate))
    changed = [
        closure.chooser.accept_newest(package, selections, closure.decisions)
        for (package, _slot), selections in chosen.items()
    ]
    if any(changed):
        raise Restart


def _check_blockers[C: Candidate](closure: Closure[C]) -> None:
    """Blockers between what is selected in one root, where something new is part of it.

    Weak or strong makes no difference between packages that are all to be merged: neither can be
    uninstalled for the other (PMS section 8.3.2).

    :raises Conflict: for the first that holds.
    """
    for view, atom, blocker in closure.graph.blockers:
        for node, candidate in closure.graph.candidates(view, closure.current_name(atom).package):
            other = blocker.candidate
            if node == blocker or other is None:
                continue
            if candidate.package == other.package and candidate.slot == other.slot:
                continue
            new = Origin.SOURCE in (candidate.origin, other.origin)
            if new and closure.matches(view, candidate, atom):
                reason = f"{blocker.cpv} blocks {node.cpv} ({atom})"
                raise Conflict(
                    f"{reason} on {view}",
                    (),
                    (
                        Exclusion(view, node.cpv, RejectionKind.BLOCKED, reason),
                        Exclusion(blocker.view, blocker.cpv, RejectionKind.BLOCKED, reason),
                    ),
                )


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
    return Notice(
        reference="one-arch",
        message=f"{atom} cannot be had for {view}: {reasons}",
        hint="the metapackage asks for it on the other architecture only",
    )
