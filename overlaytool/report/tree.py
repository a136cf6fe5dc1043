"""A graph as a tree of lines, the way ``cargo tree`` shows one: nothing is printed here.

What was shown with its subtree before is marked and not repeated; a package that is on the way down to
itself is marked as a cycle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from overlaytool.model.resolution import DepClass, Root
from overlaytool.report.records import Graph, Node


class Mark(StrEnum):
    """Why a line has nothing below it although its package asks for something."""

    NONE = ""
    REPEATED = "(*)"
    """Its subtree stands further up."""
    CYCLE = "(cycle)"
    """It is its own ancestor here."""


class Line(Struct, frozen=True, kw_only=True):
    """One line of the tree."""

    branch: str
    """The strokes in front, ``│   └── ``; empty for a root."""
    node: Node
    classes: tuple[DepClass, ...]
    """How the package above asks for it (turned round: how it asks for the package above)."""
    mark: Mark


class _Pending(Struct, frozen=True):
    node: Node
    classes: tuple[DepClass, ...]
    branch: str
    below: str
    path: frozenset[str]


Children = Mapping[str, list[tuple[Node, tuple[DepClass, ...]]]]


def lines(
    graph: Graph, *, depth: int | None = None, left_out: frozenset[str] = frozenset()
) -> Iterator[Line]:
    """From what the request leads to directly, down to ``depth`` levels below it (None: all the way).

    :param left_out: the ids of packages that get no line, such as :func:`on_the_host` names.
    """
    roots = [node for node in graph.nodes if len(node.chain) == 1 and node.id not in left_out]
    return _walk(roots, _children(graph, left_out=left_out), depth)


def on_the_host(graph: Graph) -> frozenset[str]:
    """The ids of the build host's packages that a tree of the board's root does without.

    Imports stay, and what leads to them. Nothing is named where all packages are the build host's.
    """
    if all(node.root is Root.HOST for node in graph.nodes):
        return frozenset()
    parents: dict[str, list[str]] = defaultdict(list)
    for link in graph.links:
        parents[link.child].append(link.parent)
    pending, kept = [node.id for node in graph.imports], set[str]()
    while pending:
        identity = pending.pop()
        if identity not in kept:
            kept.add(identity)
            pending += parents[identity]
    return frozenset(node.id for node in graph.nodes if node.root is Root.HOST and node.id not in kept)


def reverse_lines(graph: Graph, targets: tuple[str, ...], *, depth: int | None = None) -> Iterator[Line]:
    """From the packages ``targets`` (ids) up to those that ask for them."""
    roots = [node for node in graph.nodes if node.id in targets]
    return _walk(roots, _children(graph, turned=True), depth)


def _children(graph: Graph, *, turned: bool = False, left_out: frozenset[str] = frozenset()) -> Children:
    nodes = {node.id: node for node in graph.nodes}
    children: dict[str, list[tuple[Node, tuple[DepClass, ...]]]] = defaultdict(list)
    for link in graph.links:
        above, below = (link.child, link.parent) if turned else (link.parent, link.child)
        if below not in left_out:
            children[above].append((nodes[below], link.classes))
    for found in children.values():
        found.sort(key=lambda item: (item[0].root, item[0].id))
    return children


def _walk(roots: list[Node], children: Children, depth: int | None) -> Iterator[Line]:
    shown: set[str] = set()
    pending = [_Pending(node, (), "", "", frozenset()) for node in reversed(roots)]
    while pending:
        each = pending.pop()
        wanted = children.get(each.node.id, [])
        if depth is not None and len(each.path) >= depth:
            wanted = []
        mark = Mark.NONE
        if each.node.id in each.path:
            mark, wanted = Mark.CYCLE, []
        elif wanted and each.node.id in shown:
            mark, wanted = Mark.REPEATED, []
        elif wanted:
            shown.add(each.node.id)
        yield Line(branch=each.branch, node=each.node, classes=each.classes, mark=mark)
        path = each.path | {each.node.id}
        for position, (node, classes) in reversed(list(enumerate(wanted, start=1))):
            last = position == len(wanted)
            pending.append(
                _Pending(
                    node,
                    classes,
                    each.below + ("└── " if last else "├── "),
                    each.below + ("    " if last else "│   "),
                    path,
                )
            )
