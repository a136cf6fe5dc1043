"""The graph of one pass while it grows, and the reasons for which a pass ends early."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from overlaytool.model.dependency import Atom, Candidate, View
from overlaytool.model.resolution import Because, DepClass, Rejection, package_name
from overlaytool.resolve.decisions import Exclusion


class Restart(Exception):
    """What was decided changes what this pass did already."""


class Node[C: Candidate](Struct, eq=False):
    """A candidate selected in a view, or a package.provided entry (``candidate`` None).

    :meth:`Graph.node` makes one for each: two nodes are the same only if they are the same object.
    """

    view: View
    cpv: str
    candidate: C | None = None
    outside: bool = False
    """It is what the checkout has today, beside what the request leads to: see :mod:`.dependents`."""


class Link[C: Candidate](NamedTuple):
    """An edge of the graph while it grows."""

    parent: Node[C] | None
    child: Node[C]
    atom: Atom
    dep_class: DepClass


class Ask[C: Candidate](NamedTuple):
    """Who asks for an atom, and how. ``parent`` None: the request."""

    parent: Node[C] | None
    dep_class: DepClass

    @property
    def name(self) -> str:
        """Who asks, in words."""
        return self.parent.cpv if self.parent else "your request"

    def because(self, atom: Atom) -> Because:
        """The same for the record."""
        parent = self.parent.cpv if self.parent else None
        return Because(parent=parent, atom=atom.text, dep_class=self.dep_class)


class Unsatisfied[C: Candidate](Exception):
    """No ebuild and no step satisfies an atom."""

    def __init__(
        self,
        view: View,
        atom: Atom,
        ask: Ask[C],
        rejections: tuple[Rejection, ...],
        chain: tuple[Link[C], ...],
        mask_comment: tuple[str, ...],
    ) -> None:
        super().__init__(atom.text)
        self.view, self.atom, self.ask, self.rejections, self.chain = view, atom, ask, rejections, chain
        self.mask_comment = mask_comment


class Conflict[C: Candidate](Exception):
    """Two selections exclude each other. ``excludable`` are those that another candidate could replace."""

    def __init__(
        self,
        message: str,
        details: tuple[str, ...],
        excludable: tuple[Exclusion, ...],
        asked: tuple[tuple[View, Node[C], Atom], ...] = (),
        *,
        negotiable: bool = False,
    ) -> None:
        """
        :param asked: who takes part in it, by which atom or blocker, where.
        :param negotiable: an older version would do for all, if none of these can be updated.
        """
        super().__init__(message)
        self.message, self.details, self.excludable = message, details, excludable
        self.asked, self.negotiable = asked, negotiable


class Graph[C: Candidate]:
    """What has been selected so far, and who asked for it."""

    def __init__(self) -> None:
        self._selected: dict[tuple[str, str], tuple[tuple[Node[C], C], ...]] = {}
        """View name and package to what fills its slots."""
        self.links: list[Link[C]] = []
        self.blockers: list[tuple[View, Atom, Node[C]]] = []
        """Where a blocker holds, the blocker, and who has it."""
        self._nodes: dict[tuple[str, str, C | None], Node[C]] = {}
        self._first: dict[Node[C], Link[C]] = {}

    def node(self, view: View, cpv: str, candidate: C | None = None) -> Node[C]:
        """The node for a candidate in a view, or for a package.provided entry."""
        key = (view.name, cpv, candidate)
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = Node(view, cpv, candidate)
        return known

    def copy(self) -> Graph[C]:
        """An independent copy."""
        other: Graph[C] = Graph()
        other._selected, other.links = dict(self._selected), list(self.links)
        other.blockers, other._first = list(self.blockers), dict(self._first)
        other._nodes = dict(self._nodes)
        return other

    def select(self, node: Node[C], candidate: C) -> None:
        """Let a node fill the slot of its candidate, which nothing has filled yet."""
        key = (node.view.name, candidate.package)
        self._selected[key] = (*self._selected.get(key, ()), (node, candidate))

    def link(self, node: Node[C], atom: Atom, ask: Ask[C]) -> None:
        """Add an edge."""
        link = Link(ask.parent, node, atom, ask.dep_class)
        self.links.append(link)
        self._first.setdefault(node, link)

    def chosen(self, view: View, atom: Atom) -> C | None:
        """What the request's atom got in a view."""
        return next(
            (
                link.child.candidate
                for link in self.links
                if link.parent is None and link.child.view == view and link.atom == atom
            ),
            None,
        )

    def chain(self, node: Node[C] | None) -> tuple[Link[C], ...]:
        """The links from the request to a node, by which the node was first reached; request first."""
        links: list[Link[C]] = []
        while node is not None and node in self._first:
            link = self._first[node]
            links.append(link)
            node = link.parent
        return tuple(reversed(links))

    def candidates(self, view: View, package: str) -> tuple[tuple[Node[C], C], ...]:
        """What is selected of a package in a view, slot by slot."""
        return self._selected.get((view.name, package), ())

    def filling(self, view: View, package: str, slot: str) -> Node[C] | None:
        """What fills a slot of a package in a view."""
        found = self.candidates(view, package)
        return next((node for node, candidate in found if candidate.slot == slot), None)

    def selected(self) -> Iterator[tuple[Node[C], C]]:
        """Everything that fills a slot."""
        return chain.from_iterable(self._selected.values())

    def holds(self, node: Node[C]) -> bool:
        """Whether this very selection is in the graph: the same candidate in the same view."""
        return any(
            candidate is node.candidate for _node, candidate in self.candidates(node.view, _package_of(node))
        )

    def has(self, package: str) -> bool:
        """Whether any slot of a package is selected anywhere."""
        return any(selected == package for _view, selected in self._selected)


def _package_of[C: Candidate](node: Node[C]) -> str:
    return node.candidate.package if node.candidate is not None else package_name(node.cpv)
