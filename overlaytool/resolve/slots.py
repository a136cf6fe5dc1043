"""Two candidates for one slot of a view: one for all that ask for it, or who cannot go together."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.model.dependency import Atom, Candidate, Origin, View
from overlaytool.model.resolution import RejectionKind
from overlaytool.resolve.decisions import Exclusion
from overlaytool.resolve.graph import Ask, Conflict, Node, Restart
from overlaytool.resolve.questions import Questions


def collide[C: Candidate](
    closure: Questions[C], view: View, prior: Node[C], node: Node[C], atom: Atom, ask: Ask[C]
) -> None:
    """Find a candidate for all that ask for a slot, or say who cannot go together.

    :raises Restart: with the slot pinned to what all of them accept.
    :raises Conflict: where there is none.
    """
    if node.candidate is None:
        return
    key = (view.name, node.candidate.package, node.candidate.slot)
    askers = [link for link in closure.graph.links if link.child == prior]
    atoms = tuple(dict.fromkeys((*(link.atom for link in askers), atom)))
    asked = [(Ask(link.parent, link.dep_class), link.atom) for link in askers] + [(ask, atom)]
    reason = f"{prior.cpv} and {node.cpv} are both wanted in slot {key[2]} of {key[1]}"
    odd = tuple(
        (view, asker.parent, wanted)
        for asker, wanted in reversed(asked)
        if asker.parent is not None
        and _is_of_checkout(asker.parent)
        and (asker is ask or not closure.matches(view, node.candidate, wanted))
    )
    _update_together(closure, odd, reason, key[1])
    if key not in closure.decisions.pins:
        share_slot(closure, view, node.candidate, atoms)
        option = closure.chooser.option(view, atoms, closure.decisions)
        if option is not None and option.candidate.slot == key[2]:
            closure.chooser.adopt(option, view, closure.decisions, ask.because(atom))
            closure.decisions.pin(view, *key[1:], atoms)
            raise Restart
    raise Conflict(
        f"{reason} on {view}",
        tuple(f"{asker.name} needs {wanted}" for asker, wanted in asked),
        tuple(
            Exclusion(asker.parent.view, asker.parent.cpv, RejectionKind.CONFLICT, reason)
            for asker, _wanted in reversed(asked)
            if asker.parent is not None and (asker.parent.candidate or not asker.parent.outside)
        ),
        odd,
    )


def _is_of_checkout[C: Candidate](node: Node[C]) -> bool:
    """Whether a node is what the checkout has already."""
    return node.outside or (node.candidate is not None and node.candidate.origin is not Origin.SOURCE)


def _update_together[C: Candidate](
    closure: Questions[C], odd: tuple[tuple[View, Node[C], Atom], ...], reason: str, package: str
) -> None:
    """Ask for another version of what depends on today's version of a package that is to be updated.

    :param odd: who does, by which atom.
    :raises Conflict: where one of them has not been tried yet.
    """
    movable = tuple(
        entry
        for entry in odd
        if entry[1].candidate is not None and (entry[1].view.name, entry[1].cpv) not in closure.decisions.firm
    )
    if movable and package in closure.decisions.updates:
        exclusions = tuple(
            Exclusion(asker.view, cpv, RejectionKind.CONFLICT, reason)
            for _view, asker, _atom in movable
            for cpv in _up_to(closure, asker)
        )
        raise Conflict(reason, (), exclusions, movable, negotiable=True)


def _up_to[C: Candidate](closure: Questions[C], node: Node[C]) -> Iterator[str]:
    """A selected version of a package and the older ones: an update looks for a newer one."""
    assert node.candidate is not None
    yield node.cpv
    listed = [candidate.cpv for candidate in closure.source.checkout_candidates(node.candidate.package)]
    older = listed[listed.index(node.cpv) + 1 :] if node.cpv in listed else []
    for candidate in closure.source.checkout_candidates(node.candidate.package):
        in_view = not closure.source.obstacles(node.view, candidate)
        if candidate.cpv in older and in_view and candidate.slot == node.candidate.slot:
            yield candidate.cpv


def share_slot[C: Candidate](closure: Questions[C], view: View, newer: C, atoms: tuple[Atom, ...]) -> None:
    """Pin a slot to what all that ask for it accept, where emerge could take one ebuild for all of them.

    :raises Restart: then.
    """
    pool = closure.chooser.pool(newer.package, closure.decisions)
    if any(closure.serves(view, candidate, atoms, newer.slot) for candidate in pool):
        closure.decisions.pin(view, newer.package, newer.slot, atoms)
        raise Restart
