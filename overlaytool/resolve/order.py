"""Dependencies first, in a graph that has cycles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from overlaytool.model import DepClass, Edge, NodeKey

type Arc = tuple[NodeKey, NodeKey, int]
"""Parent, child, and the position of the dependency class among :class:`DepClass`: higher is weaker."""


def dependencies_first(nodes: Iterable[NodeKey], edges: Iterable[Edge]) -> tuple[NodeKey, ...]:
    """Every node after what it depends on. A cycle is cut at its weakest dependency class (PDEPEND first).

    Nodes that nothing orders stand by name, so that the same graph gives the same order.
    """
    strength = {dep_class: position for position, dep_class in enumerate(DepClass)}
    arcs = [(edge.parent, edge.child, strength[edge.dep_class]) for edge in edges if edge.parent is not None]
    return tuple(_ordered(sorted(nodes, key=_by_name), arcs))


def _by_name(node: NodeKey) -> tuple[str, str]:
    return node.cpv, node.board or ""


def _ordered(nodes: Sequence[NodeKey], arcs: Sequence[Arc]) -> list[NodeKey]:
    ordered: list[NodeKey] = []
    for component in _components(nodes, arcs):
        if len(component) == 1:
            ordered += component
            continue
        members = set(component)
        inner = [arc for arc in arcs if arc[0] in members and arc[1] in members and arc[0] != arc[1]]
        weakest = max(weight for _parent, _child, weight in inner)
        ordered += _ordered(
            sorted(component, key=_by_name), [arc for arc in inner if arc[2] != weakest]
        )
    return ordered


def _components(nodes: Sequence[NodeKey], arcs: Sequence[Arc]) -> list[list[NodeKey]]:
    """Strongly connected components, children before parents (Tarjan 1972, without recursion)."""
    children: dict[NodeKey, list[NodeKey]] = defaultdict(list)
    known = set(nodes)
    for parent, child, _weight in arcs:
        if parent in known and child in known:
            children[parent].append(child)
    for listed in children.values():
        listed.sort(key=_by_name)
    index: dict[NodeKey, int] = {}
    low: dict[NodeKey, int] = {}
    open_nodes: list[NodeKey] = []
    is_open: set[NodeKey] = set()
    components: list[list[NodeKey]] = []
    for start in nodes:
        if start in index:
            continue
        work = [(start, iter(children[start]))]
        index[start] = low[start] = len(index)
        open_nodes.append(start)
        is_open.add(start)
        while work:
            node, rest = work[-1]
            for child in rest:
                if child not in index:
                    index[child] = low[child] = len(index)
                    open_nodes.append(child)
                    is_open.add(child)
                    work.append((child, iter(children[child])))
                    break
                if child in is_open:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = open_nodes.pop()
                        is_open.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    components.append(component)
    return components
