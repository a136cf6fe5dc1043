"""A pass over the checkout as it is: nothing is imported, nothing decided, and no package stops it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from overlaytool.errors import MetadataError
from overlaytool.model.dependency import Atom, Candidate, Demand, Dependency, FlagChanges, View
from overlaytool.model.resolution import DepClass, package_name
from overlaytool.model.target import Into
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.graph import Ask, Node
from overlaytool.resolve.slots import share_slot

MAX_PASSES = 50
"""Passes in which slots get pinned; after that a collision is reported as it stands."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What one target asks for in one view."""

    target: Into
    view: View
    atoms: tuple[Atom, ...]
    environment: FlagChanges = frozenset()
    """USE flags in the environment."""
    own_root: bool = False
    """Whether it is merged on top of what the others share, into a root of its own."""


class Walk[C: Candidate](Closure[C]):
    """A pass that takes the checkout as it is, and notes what does not hold."""

    def __init__(self, chooser: Chooser[C], decisions: Decisions) -> None:
        super().__init__(chooser, decisions)
        self.missing: list[tuple[View, Atom, Ask[C], str | None]] = []
        self.collisions: list[tuple[Node[C], Node[C], Atom, Ask[C]]] = []
        self.roots: list[tuple[Into, Node[C]]] = []

    def on_top(self, decisions: Decisions) -> Walk[C]:
        """A pass that begins where this one has ended."""
        walk = Walk(self.chooser, decisions)
        walk.graph = self.graph.copy()
        return walk

    def walk(self, wanted: Iterable[Wanted]) -> None:
        """Grow the graph from what is wanted.

        :raises Restart: when a slot was pinned.
        """
        for entry in wanted:
            first = len(self.graph.links)
            for atom in entry.atoms:
                self._need(entry.view, atom, Ask(None, DepClass.RDEPEND))
            self.roots += [(entry.target, link.child) for link in self.graph.links[first:]]
        self._drain()

    def _demands(self, node: Node[C]) -> tuple[Demand, ...]:
        try:
            return super()._demands(node)
        except MetadataError as error:
            about = Atom(text=node.cpv, package=package_name(node.cpv))
            entry = (node.view, about, Ask(node, DepClass.DEPEND), error.message)
            if entry not in self.missing:
                self.missing.append(entry)
            return ()

    def _take(self, view: View, atom: Atom, ask: Ask[C]) -> C | None:
        self.missing.append((view, atom, ask, None))
        return None

    def _branch(self, view: View, branches: tuple[Dependency, ...], ask: Ask[C]) -> Dependency:
        others = [branch for branch in branches if not self.is_asker(view, branch, ask)]
        for good_enough in (self.in_graph, self.satisfied):
            for branch in others:
                if good_enough(view, branch):
                    return branch
        return branches[0]

    def _collide(self, view: View, prior: Node[C], node: Node[C], atom: Atom, ask: Ask[C]) -> None:
        if node.candidate is None:
            return
        slot = (view.name, node.candidate.package, node.candidate.slot)
        if slot not in self.decisions.pins and len(self.decisions.pins) < MAX_PASSES:
            asked = [link.atom for link in self.graph.links if link.child == prior]
            share_slot(self, view, node.candidate, tuple(dict.fromkeys((*asked, atom))))
        self.collisions.append((prior, node, atom, ask))
