"""Dependencies first, in a graph that has cycles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from overlaytool.model.resolution import DepClass, Edge, NodeKey

type Arc = tuple[int, int, int]
"""Parent, child, and the position of the dependency class among :class:`DepClass`: higher is weaker."""


def dependencies_first(nodes: Iterable[NodeKey], edges: Iterable[Edge]) -> tuple[NodeKey, ...]:
    """Every node after what it depends on. A cycle is cut at its weakest dependency class (PDEPEND first).

    Nodes that nothing orders stand by name, so that the same graph gives the same order.
    """
    named = sorted(nodes, key=lambda node: (node.cpv, node.board or ""))
    number = {node: place for place, node in enumerate(named)}
    strength = {dep_class: position for position, dep_class in enumerate(DepClass)}
    arcs = [
        (number[edge.parent], number[edge.child], strength[edge.dep_class])
        for edge in edges
        if edge.parent is not None
    ]
    return tuple(named[place] for place in _ordered(range(len(named)), arcs))


def _ordered(nodes: Sequence[int], arcs: Sequence[Arc]) -> list[int]:
    ordered: list[int] = []
    for component in _components(nodes, arcs):
        if len(component) == 1:
            ordered += component
            continue
        members = set(component)
        inner = [arc for arc in arcs if arc[0] in members and arc[1] in members and arc[0] != arc[1]]
        weakest = max(weight for _parent, _child, weight in inner)
        ordered += _ordered(sorted(component), [arc for arc in inner if arc[2] != weakest])
    return ordered


def _components(nodes: Sequence[int], arcs: Sequence[Arc]) -> list[list[int]]:
    """Strongly connected components, children before parents (Kosaraju's algorithm)."""
    children: dict[int, list[int]] = defaultdict(list)
    parents: dict[int, list[int]] = defaultdict(list)
    for parent, child, _weight in sorted(arcs):
        children[parent].append(child)
        parents[child].append(parent)
    seen: set[int] = set()
    finished = [node for start in nodes for node in _post_order(start, children, seen)]
    seen.clear()
    components = [_post_order(start, parents, seen) for start in reversed(finished)]
    return [component for component in reversed(components) if component]


def _post_order(start: int, following: Mapping[int, Sequence[int]], seen: set[int]) -> list[int]:
    """What is reached from a node and was not seen before, each after all that follows it."""
    if start in seen:
        return []
    seen.add(start)
    ordered = []
    work = [(start, iter(following.get(start, ())))]
    while work:
        node, rest = work[-1]
        ahead = next((other for other in rest if other not in seen), None)
        if ahead is None:
            ordered.append(node)
            work.pop()
        else:
            seen.add(ahead)
            work.append((ahead, iter(following.get(ahead, ()))))
    return ordered
