"""What can be told of a graph and of decisions without changing either."""

from __future__ import annotations

from collections.abc import Callable

from overlaytool.model.dependency import AllOf, AnyOf, Atom, Candidate, Dependency, View
from overlaytool.model.resolution import DepClass
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.dependents import Dependents
from overlaytool.resolve.graph import Ask, Graph

BUILD_TIME = frozenset({DepClass.BDEPEND, DepClass.DEPEND})


class Questions[C: Candidate]:
    """A graph, the decisions that it is grown under, and who picks candidates."""

    def __init__(
        self,
        chooser: Chooser[C],
        decisions: Decisions,
        dependents: Callable[[], Dependents[C]] | None = None,
    ) -> None:
        """:param dependents: what the checkout selects today; None: that is not looked at."""
        self.chooser, self.source, self.decisions = chooser, chooser.source, decisions
        self.dependents = dependents
        self.graph: Graph[C] = Graph()

    def current_name(self, atom: Atom) -> Atom:
        """The atom, under the name that ``profiles/updates`` gives a package that no tree has any more."""
        if not self.source.checkout_candidates(atom.package) and not any(
            self.source.source_candidates(name, atom.package) for name in self.source.source_names()
        ):
            moved = self.source.moved(atom.package)
            return self.source.renamed(atom, moved) if moved else atom
        return atom

    def matches(self, view: View, candidate: C, atom: Atom) -> bool:
        """Whether a candidate satisfies an atom in a view, with the USE flags that the plan sets."""
        changes = self.decisions.changes(view, candidate.package)
        return self.source.mismatch(view, candidate, atom, changes) is None

    def serves(self, view: View, candidate: C, atoms: tuple[Atom, ...], slot: str) -> bool:
        """Whether emerge could take a candidate for all of these atoms in one slot."""
        return (
            all(self.source.admits(candidate, atom) for atom in atoms)
            and not self.chooser.hidden(view, candidate, self.decisions)
            and candidate.slot == slot
            and all(self.matches(view, candidate, atom) for atom in atoms)
            and not self.decisions.excludes(view, candidate.cpv)
        )

    def is_asker(self, view: View, branch: Dependency, ask: Ask[C]) -> bool:
        """Whether a branch is the very package that asks, to build itself with."""
        asker = ask.parent.candidate if ask.parent is not None else None
        if not isinstance(branch, Atom) or asker is None or ask.dep_class not in BUILD_TIME:
            return False
        if branch.package != asker.package or ask.parent is None or view != ask.parent.view:
            return False
        return self.chooser.best(view, branch, self.decisions) is asker

    def satisfied(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                if dependency.blocks:
                    return not self.selected(view, dependency)
                atom = self.current_name(dependency)
                if self.source.provided(view, atom) or self.chooser.best(view, atom, self.decisions):
                    return True
                moved = self.source.slot_moved(atom)
                return moved is not None and self.chooser.best(view, moved, self.decisions) is not None
            case AllOf(children):
                return all(self.satisfied(view, child) for child in children)
            case AnyOf(children):
                return not children or any(self.satisfied(view, child) for child in children)

    def in_graph(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                return dependency.blocks or self.selected(view, dependency)
            case AllOf(children):
                return all(self.in_graph(view, child) for child in children)
            case AnyOf(children):
                return any(self.in_graph(view, child) for child in children)

    def selected(self, view: View, atom: Atom) -> bool:
        """Whether something that is selected matches an atom or a blocker."""
        return any(
            self.matches(view, candidate, atom)
            for _node, candidate in self.graph.candidates(view, atom.package)
        )
