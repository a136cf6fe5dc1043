"""What a complete graph has to hold up to: one version on all boards, blockers, and what stays beside it."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.model.dependency import Atom, Candidate, Origin, View
from overlaytool.model.notices.resolving import DependentRefuses
from overlaytool.model.resolution import Notice, RejectionKind, Root, package_name
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Exclusion
from overlaytool.resolve.graph import Conflict, Node, Restart


def check[C: Candidate](closure: Closure[C]) -> None:
    """Look for what a pass could not see while it went on.

    :raises Restart: when a keyword was accepted so that all boards get one version, or an eclass has to be
        updated together with what inherits it.
    :raises Conflict: for the first blocker that holds.
    """
    _bring_eclasses_along(closure)
    _keep_boards_in_sync(closure)
    _check_blockers(closure)
    _check_blockers_outside(closure)


def _bring_eclasses_along[C: Candidate](closure: Closure[C]) -> None:
    """Update the eclasses that newer versions of a requested update need.

    emerge looks at those versions first, and complains of each that cannot be sourced.

    :raises Restart: where there are any.
    """
    source, decisions = closure.source, closure.decisions
    needed: dict[str, tuple[View, str]] = {}
    for node, selected in closure.graph.selected():
        if selected.package not in decisions.updates or selected.package not in decisions.imports:
            continue
        atoms = [link.atom for link in closure.graph.links if link.child is node]
        for candidate in closure.chooser.pool(selected.package, decisions):
            if candidate is selected:
                break
            if (
                candidate.origin is not Origin.SOURCE
                or source.hidden_at_sight(node.view, candidate)
                or decisions.excludes(node.view, candidate.cpv)
                or not any(source.admits(candidate, atom) for atom in atoms)
            ):
                continue
            kinds = {one.kind for one in source.obstacles(node.view, candidate)}
            if RejectionKind.METADATA in kinds:
                for name in source.eclass_updates(candidate, older=closure.chooser.older_eclasses) or ():
                    needed.setdefault(name, (node.view, candidate.cpv))
    new = {name: what for name, what in needed.items() if name not in decisions.eclasses}
    if new:
        decisions.eclasses.update(new)
        raise Restart


def _keep_boards_in_sync[C: Candidate](closure: Closure[C]) -> None:
    """Accept the keyword that brings an imported package to the same version on every board."""
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
                raise _blocked(view, atom, blocker, node, (node, blocker))


def _check_blockers_outside[C: Candidate](closure: Closure[C]) -> None:
    """Blockers between what the plan changes of the checkout's packages and what stays as it is."""
    changed = closure.changed_today()
    if closure.dependents is None or not changed:
        return
    for view, atom, blocker, blocked in (
        *_blocks_changed(closure, changed),
        *_changed_blocks(closure, changed),
    ):
        outside = blocker if blocker.outside else blocked
        if (view.name, outside.cpv, atom.text) not in closure.decisions.waived:
            raise _blocked(view, atom, blocker, blocked, (outside, blocked if blocker.outside else blocker))


type _Blocked[C: Candidate] = tuple[View, Atom, Node[C], Node[C]]
"""Where a blocker holds, the blocker, who has it, and whom it hits."""


def _blocks_changed[C: Candidate](closure: Closure[C], changed: frozenset[str]) -> Iterator[_Blocked[C]]:
    """What stays blocks what is changed."""
    assert closure.dependents is not None
    today = closure.dependents()
    for package in sorted(changed):
        for view, atom, owner in today.blockers_of(package):
            if owner.candidate is None or closure.graph.candidates(owner.view, owner.candidate.package):
                continue
            before = [node.candidate for node in today.in_view(view, package)]
            for node, candidate in closure.graph.candidates(view, package):
                if candidate.package == owner.candidate.package and candidate.slot == owner.candidate.slot:
                    continue
                if candidate not in before and closure.matches(view, candidate, atom):
                    yield view, atom, owner, node


def _changed_blocks[C: Candidate](closure: Closure[C], changed: frozenset[str]) -> Iterator[_Blocked[C]]:
    """What is changed blocks what stays."""
    assert closure.dependents is not None
    today = closure.dependents()
    for view, atom, owner in closure.graph.blockers:
        package = closure.current_name(atom).package
        candidate = owner.candidate
        if candidate is None or candidate.package not in changed or candidate.package == package:
            continue
        if candidate in [node.candidate for node in today.in_view(owner.view, candidate.package)]:
            continue
        if not closure.graph.candidates(view, package):
            for node in today.in_view(view, package):
                if node.candidate is not None and closure.matches(view, node.candidate, atom):
                    yield view, atom, owner, node


def _blocked[C: Candidate](
    view: View, atom: Atom, blocker: Node[C], blocked: Node[C], replaceable: tuple[Node[C], ...]
) -> Conflict[C]:
    """:param replaceable: whom another candidate could replace, in the order in which to try it."""
    reason = f"{blocker.cpv} blocks {blocked.cpv} ({atom})"
    return Conflict(
        f"{reason} on {view}",
        (),
        tuple(Exclusion(node.view, node.cpv, RejectionKind.BLOCKED, reason) for node in replaceable),
        tuple((view, node, atom) for node in (blocker, blocked) if node.outside),
    )


def left_to_person[C: Candidate](closure: Closure[C]) -> tuple[Notice, ...]:
    """The edges of today that the decisions break because nothing else could be done, a notice for each."""
    if closure.dependents is None or not closure.decisions.waived:
        return ()
    views: dict[tuple[str, str], list[str]] = {}
    for view, cpv, atom in sorted(closure.decisions.waived):
        views.setdefault((cpv, atom), []).append(view)
    return tuple(_left(closure, cpv, atom, where) for (cpv, atom), where in views.items())


def _left[C: Candidate](closure: Closure[C], cpv: str, text: str, views: list[str]) -> Notice:
    assert closure.dependents is not None
    atom = closure.source.parse_atom(text)
    today = closure.dependents()
    asker = next((entry.asker for entry in today.of(atom.package) if entry.asker.cpv == cpv), None)
    is_target = asker is not None and asker.candidate is None
    way = today.way_to(asker) if asker is not None else cpv
    chosen = sorted(
        {
            candidate.cpv
            for view in closure.source.views
            if view.name in views
            for _node, candidate in closure.graph.candidates(view, atom.package)
            if not is_target
        }
    )
    taken = f"takes {', '.join(chosen)}" if chosen else "has none that would do"
    verb = "blocks" if atom.blocks else "needs"
    return DependentRefuses(
        cpv=cpv,
        verb=verb,
        atom=atom.text,
        views=", ".join(views),
        taken=taken,
        way=way,
        package=atom.package,
        instead=_masked_instead(closure, cpv, views),
    ).notice


def _masked_instead[C: Candidate](closure: Closure[C], cpv: str, views: list[str]) -> str:
    """How to try another version of what refuses, where a mask alone hides it; else nothing."""
    source, package = closure.source, package_name(cpv)
    for candidate in source.checkout_candidates(package):
        hidden = [source.obstacles(view, candidate) for view in source.views if view.name in views]
        if candidate.cpv != cpv and any(one.kind is RejectionKind.MASK for each in hidden for one in each):
            return f"try {candidate.cpv}, which is masked: --unmask '={candidate.cpv}'; or "
    return ""
