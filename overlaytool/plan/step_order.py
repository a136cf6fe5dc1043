"""Orders the steps of an update so that the tree of every commit works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from overlaytool.model.change import Step, StepKind
from overlaytool.model.resolution import package_name
from overlaytool.plan.states import State

_RANK = {
    StepKind.ECLASS: 0,
    StepKind.LICENSE: 1,
    StepKind.MASKS: 2,
    StepKind.PROVIDED: 2,
    StepKind.AUTOMATION: 5,
    StepKind.CHANGELOG: 6,
}


def in_order(steps: Sequence[Step], state: State) -> tuple[Step, ...]:
    """The steps, eclasses and dependencies before what needs them.

    Steps that edit one file stay in the order in which they were made.
    """
    place = {package: number for number, package in enumerate(_dependencies_first(state))}

    def rank(step: Step) -> tuple[int, int]:
        if step.kind is StepKind.PACKAGE:
            return (3, place.get(step.subject, -1))
        return (_RANK.get(step.kind, 4), 0)

    return tuple(sorted(steps, key=rank))


def _dependencies_first(state: State) -> tuple[str, ...]:
    """Every selected package, after what it depends on; a cycle starts with its first name."""
    below: dict[str, set[str]] = defaultdict(set)
    for link in state.everything.links:
        if link.parent is not None:
            below[package_name(link.parent.cpv)].add(package_name(link.child.cpv))
    done: dict[str, None] = {}
    for start in sorted(below):
        pending = [(start, iter(sorted(below[start])))]
        entered = {start}
        while pending:
            name, children = pending[-1]
            child = next((child for child in children if child not in done and child not in entered), None)
            if child is None:
                pending.pop()
                done[name] = None
            else:
                entered.add(child)
                pending.append((child, iter(sorted(below.get(child, ())))))
    return tuple(done)
