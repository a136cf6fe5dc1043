"""One pass over the dependency graph: from the requests to everything that they need, in every root.

A pass goes on as long as what it decides cannot change what it did before. Where it can, it writes the
decision down and raises :class:`Restart`; the next pass starts from the request with all that is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from overlaytool.model.dependency import AllOf, AnyOf, Atom, Candidate, Demand, Dependency, View
from overlaytool.model.resolution import DepClass, Notice, RejectionKind, Root
from overlaytool.resolve import fallback
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions, Exclusion
from overlaytool.resolve.graph import Ask, Conflict, Graph, Node, Restart, Unsatisfied

TRIAL_DEPTH = 3
"""How deep any-of groups within any-of groups are tried out before their first branch is taken."""

BUILD_TIME = frozenset({DepClass.BDEPEND, DepClass.DEPEND})


class Closure[C: Candidate]:
    """The graph of one pass, under decisions that it may add to."""

    def __init__(
        self,
        chooser: Chooser[C],
        decisions: Decisions,
        *,
        classes: frozenset[DepClass] = frozenset(DepClass),
        depth: int = 0,
    ) -> None:
        """
        :param classes: the dependency classes to follow.
        :param depth: how many any-of groups are being tried out around this one.
        """
        self.classes = classes
        self.chooser, self.source, self.decisions = chooser, chooser.source, decisions
        self.graph: Graph[C] = Graph()
        self._queue: deque[Node[C]] = deque()
        self._depth = depth
        self._host = next(view for view in self.source.views if view.root is Root.HOST)

    # --- the walk ----------------------------------------------------------------------------------

    def run(self, requests: tuple[tuple[View, Atom], ...]) -> None:
        """Grow the graph from the requests until nothing is left to look at.

        :raises Restart: when the pass has to be done again under the new decisions.
        :raises Unsatisfied: when nothing satisfies an atom.
        :raises Conflict: when two selections exclude each other.
        """
        for view, atom in requests:
            self._need(view, atom, Ask(None, DepClass.RDEPEND))
        self._drain()

    def _drain(self) -> None:
        while self._queue:
            self._prefetch()
            for _ in range(len(self._queue)):
                self._expand(self._queue.popleft())

    def _prefetch(self) -> None:
        """Let the source work on everything that this generation will look at."""
        wanted: dict[int, C] = {}
        for node in self._queue:
            for demand in self._demands(node):
                view = self._host if demand.root is Root.HOST else node.view
                for candidate in self._likely(view, demand.dependency):
                    wanted.setdefault(id(candidate), candidate)
        self.source.prefetch(wanted.values())

    def _likely(self, view: View, dependency: Dependency) -> Iterator[C]:
        """The candidates that a dependency will most likely lead to: the first branch's of a group."""
        match dependency:
            case Atom():
                candidate = self.chooser.likely(view, dependency, self.decisions)
                if candidate is not None and not dependency.blocks:
                    yield candidate
            case AllOf(children):
                for child in children:
                    yield from self._likely(view, child)
            case AnyOf(children):
                if not any(self._in_graph(view, child) for child in children):
                    branches = (tuple(self._likely(view, child)) for child in children)
                    yield from next(filter(None, branches), ())

    def _demands(self, node: Node[C]) -> tuple[Demand, ...]:
        if node.candidate is None:
            return ()
        changes = self.decisions.changes(node.view, node.candidate.package)
        demands = self.source.demands(node.view, node.candidate, changes)
        return tuple(demand for demand in demands if demand.dep_class in self.classes)

    def _expand(self, node: Node[C]) -> None:
        for demand in self._demands(node):
            view = self._host if demand.root is Root.HOST else node.view
            self._satisfy(view, demand.dependency, Ask(node, demand.dep_class))

    def _satisfy(self, view: View, dependency: Dependency, ask: Ask[C]) -> None:
        match dependency:
            case Atom():
                if not dependency.blocks:
                    self._need(view, dependency, ask)
                elif ask.parent is not None:
                    self.graph.blockers.append((view, dependency, ask.parent))
            case AllOf(children):
                for child in children:
                    self._satisfy(view, child, ask)
            case AnyOf(children):
                if children:
                    self._satisfy(view, self._branch(view, children, ask), ask)

    # --- one atom ----------------------------------------------------------------------------------

    def _need(self, view: View, atom: Atom, ask: Ask[C]) -> None:
        written, atom = atom, self.current_name(atom)
        provided = self.source.provided(view, atom)
        if provided is not None:
            self.graph.link(self.graph.node(view, provided), atom, ask)
            return
        candidate = self._existing(view, atom)
        if candidate is None and (moved := self.source.slot_moved(atom)) is not None:
            atom = moved
            candidate = self._existing(view, atom)
        if atom != written and ask.parent is not None:
            self._note_move(written, atom, ask.parent)
        candidate = candidate or self._take(view, atom, ask)
        if candidate is None:
            return
        node = self.graph.node(view, candidate.cpv, candidate)
        prior = self.graph.filling(view, candidate.package, candidate.slot)
        if prior is not None and prior.candidate is not candidate:
            self._collide(view, prior, node, atom, ask)
        self.graph.link(node, atom, ask)
        if prior is None:
            self.graph.select(node, candidate)
            self._queue.append(node)

    def current_name(self, atom: Atom) -> Atom:
        """The atom, under the name that ``profiles/updates`` gives a package that no tree has any more."""
        if not self.source.checkout_candidates(atom.package) and not any(
            self.source.source_candidates(name, atom.package) for name in self.source.source_names()
        ):
            moved = self.source.moved(atom.package)
            return self.source.renamed(atom, moved) if moved else atom
        return atom

    def _note_move(self, written: Atom, current: Atom, parent: Node[C]) -> None:
        """Portage follows ``profiles/updates`` for what is installed and not for what ebuilds say."""
        self.decisions.manual.setdefault(
            f"{parent.cpv} {written}",
            Notice(
                reference="moved-dependency",
                message=f"{parent.cpv} depends on {written}, which is {current} now; emerge does not follow",
                hint="put a copy into coreos-overlay that says the new name, and report it to Gentoo",
            ),
        )

    def _existing(self, view: View, atom: Atom) -> C | None:
        """What emerge takes for an atom: the highest version, or what fills that slot and does as well."""
        best = self.chooser.best(view, atom, self.decisions)
        if best is None:
            return None
        prior = self.graph.filling(view, best.package, best.slot)
        if prior is not None and prior.candidate is not None and self.matches(view, prior.candidate, atom):
            return prior.candidate
        return best

    def matches(self, view: View, candidate: C, atom: Atom) -> bool:
        """Whether a candidate satisfies an atom in a view, with the USE flags that the plan sets."""
        changes = self.decisions.changes(view, candidate.package)
        return self.source.mismatch(view, candidate, atom, changes) is None

    def _take(self, view: View, atom: Atom, ask: Ask[C]) -> C | None:
        """Decide on the step that gives emerge an ebuild for an atom, and return that ebuild.

        None where a person has to do it: the package is coreos-overlay's.
        """
        option = self.chooser.option(view, (atom,), self.decisions)
        if option is None:
            if fallback.leave_to_person(self, view, atom, ask):
                return None
            fallback.do_without(self, atom, ask)
            fallback.refuse_replacement(self, view, atom, ask)
            rejections = self.chooser.rejections(view, atom, self.decisions)
            comment = self.chooser.mask_comment(view, atom, self.decisions)
            raise Unsatisfied(view, atom, ask, rejections, self.graph.chain(ask.parent), comment)
        self.chooser.adopt(option, view, self.decisions, ask.because(atom))
        if option.source is not None and view.root is Root.BOARD:
            self.chooser.bring_boards_up(atom, self.decisions)
        if option.eclasses or self.graph.has(atom.package):
            raise Restart
        return self.chooser.best(view, atom, self.decisions)

    def _collide(self, view: View, prior: Node[C], node: Node[C], atom: Atom, ask: Ask[C]) -> None:
        """Find a candidate for all that ask for a slot, or say who cannot go together.

        :raises Restart: with the slot pinned to what all of them accept.
        :raises Conflict: where there is none.
        """
        if node.candidate is None:
            return
        key = (view.name, node.candidate.package, node.candidate.slot)
        askers = [link for link in self.graph.links if link.child == prior]
        atoms = tuple(dict.fromkeys((*(link.atom for link in askers), atom)))
        if key not in self.decisions.pins:
            self._share_slot(view, node.candidate, atoms)
            option = self.chooser.option(view, atoms, self.decisions)
            if option is not None and option.candidate.slot == key[2]:
                self.chooser.adopt(option, view, self.decisions, ask.because(atom))
                self.decisions.pin(view, *key[1:], atoms)
                raise Restart
        asked = [(Ask(link.parent, link.dep_class), link.atom) for link in askers] + [(ask, atom)]
        reason = f"{prior.cpv} and {node.cpv} are both wanted in slot {key[2]} of {key[1]}"
        raise Conflict(
            f"{reason} on {view}",
            tuple(f"{asker.name} needs {wanted}" for asker, wanted in asked),
            tuple(
                Exclusion(asker.parent.view, asker.parent.cpv, RejectionKind.CONFLICT, reason)
                for asker, _wanted in reversed(asked)
                if asker.parent is not None
            ),
        )

    def _share_slot(self, view: View, newer: C, atoms: tuple[Atom, ...]) -> None:
        """Pin a slot to what all that ask for it accept, where emerge could take one ebuild for all of them.

        :raises Restart: then.
        """
        pool = self.chooser.pool(newer.package, self.decisions)
        if any(self.serves(view, candidate, atoms, newer.slot) for candidate in pool):
            self.decisions.pin(view, newer.package, newer.slot, atoms)
            raise Restart

    def serves(self, view: View, candidate: C, atoms: tuple[Atom, ...], slot: str) -> bool:
        """Whether emerge could take a candidate for all of these atoms in one slot."""
        return (
            all(self.source.admits(candidate, atom) for atom in atoms)
            and not self.chooser.hidden(view, candidate, self.decisions)
            and candidate.slot == slot
            and all(self.matches(view, candidate, atom) for atom in atoms)
            and not self.decisions.excludes(view, candidate.cpv)
        )

    # --- any-of groups -----------------------------------------------------------------------------

    def _branch(self, view: View, branches: tuple[Dependency, ...], ask: Ask[C]) -> Dependency:
        """A branch that is satisfied already, else the one with the fewest imports, else the first.

        What would build a package with itself comes last: emerge has nothing to begin with then.
        """
        others = [branch for branch in branches if not self._is_asker(view, branch, ask)]
        for good_enough in (self._in_graph, self._satisfied):
            for branch in others:
                if good_enough(view, branch):
                    return branch
        if len(branches) == 1 or self._depth >= TRIAL_DEPTH or self.chooser.trials.left <= 0:
            return branches[0]
        costs = [(self._cost(view, branch, ask), branch) for branch in others]
        possible = [(cost, branch) for cost, branch in costs if cost is not None]
        return min(possible, key=lambda pair: pair[0])[1] if possible else branches[0]

    def _is_asker(self, view: View, branch: Dependency, ask: Ask[C]) -> bool:
        """Whether a branch is the very package that asks, to build itself with."""
        asker = ask.parent.candidate if ask.parent is not None else None
        if not isinstance(branch, Atom) or asker is None or ask.dep_class not in BUILD_TIME:
            return False
        if branch.package != asker.package or ask.parent is None or view != ask.parent.view:
            return False
        return self.chooser.best(view, branch, self.decisions) is asker

    def _satisfied(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                if dependency.blocks:
                    return not self._selected(view, dependency)
                atom = self.current_name(dependency)
                if self.source.provided(view, atom) or self.chooser.best(view, atom, self.decisions):
                    return True
                moved = self.source.slot_moved(atom)
                return moved is not None and self.chooser.best(view, moved, self.decisions) is not None
            case AllOf(children):
                return all(self._satisfied(view, child) for child in children)
            case AnyOf(children):
                return not children or any(self._satisfied(view, child) for child in children)

    def _in_graph(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                return dependency.blocks or self._selected(view, dependency)
            case AllOf(children):
                return all(self._in_graph(view, child) for child in children)
            case AnyOf(children):
                return any(self._in_graph(view, child) for child in children)

    def _selected(self, view: View, atom: Atom) -> bool:
        """Whether something that is selected matches an atom or a blocker."""
        return any(
            self.matches(view, candidate, atom)
            for _node, candidate in self.graph.candidates(view, atom.package)
        )

    def _cost(self, view: View, branch: Dependency, ask: Ask[C]) -> int | None:
        """How many imports a branch takes with all that it needs, or None where it cannot be had."""
        self.chooser.trials.left -= 1
        trial = self._fork()
        try:
            trial._satisfy(view, branch, ask)
            trial._drain()
        except (Unsatisfied, Conflict):
            return None
        except Restart:
            pass  # what was decided up to here is all that can be counted
        return trial.decisions.weight - self.decisions.weight

    def _fork(self) -> Closure[C]:
        trial = Closure(self.chooser, self.decisions.copy(), classes=self.classes, depth=self._depth + 1)
        trial.graph = self.graph.copy()
        return trial
