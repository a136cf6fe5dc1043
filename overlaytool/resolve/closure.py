"""One pass over the dependency graph: from the requests to everything that they need, in every root.

A pass goes on as long as what it decides cannot change what it did before. Where it can, it writes the
decision down and raises :class:`Restart`; the next pass starts from the request with all that is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from overlaytool.model.dependency import (
    AllOf,
    AnyOf,
    Atom,
    Candidate,
    Demand,
    Dependency,
    View,
    atoms_in,
)
from overlaytool.model.notices.resolving import MovedDependency
from overlaytool.model.resolution import DepClass, Root
from overlaytool.resolve import fallback, rejections, slots
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.dependents import Dependent, Dependents
from overlaytool.resolve.graph import Ask, Conflict, Node, Restart, Unsatisfied
from overlaytool.resolve.questions import Questions

TRIAL_DEPTH = 3
"""How deep any-of groups within any-of groups are tried out before their first branch is taken."""


class Closure[C: Candidate](Questions[C]):
    """The graph of one pass, under decisions that it may add to."""

    def __init__(
        self,
        chooser: Chooser[C],
        decisions: Decisions,
        *,
        classes: frozenset[DepClass] = frozenset(DepClass),
        depth: int = 0,
        dependents: Callable[[], Dependents[C]] | None = None,
    ) -> None:
        """
        :param classes: the dependency classes to follow.
        :param depth: how many any-of groups are being tried out around this one.
        :param dependents: what the checkout selects today; called only where the pass changes some of it.
        """
        super().__init__(chooser, decisions, dependents)
        self.classes = classes
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
        self._ask_dependents()

    def _ask_dependents(self) -> None:
        """Let all that depend on what the decisions are about ask for it again, in every view."""
        asked: set[str] = set()
        while self.dependents is not None and (touched := self.changed_today() - asked):
            asked |= touched
            for package in sorted(touched):
                for dependent in self.dependents().of(package):
                    self._ask_again(dependent)
            self._drain()

    def changed_today(self) -> frozenset[str]:
        """The packages of the checkout of which emerge may take something else than it does today."""
        return frozenset(
            package for package in self.decisions.touched if self.source.checkout_candidates(package)
        )

    def _ask_again(self, dependent: Dependent[C]) -> None:
        """Satisfy one edge of today, unless its asker is looked at anyway or may be broken."""
        asker, view, atom, dep_class = dependent
        if (view.name, asker.cpv, atom.text) in self.decisions.waived:
            return
        if asker.candidate is not None and (
            asker.candidate.package in self.decisions.touched or self.graph.holds(asker)
        ):
            return
        wanted: Dependency = atom
        for demand in self._demands(asker):
            if demand.dep_class is dep_class and isinstance(demand.dependency, AllOf):
                groups = (child for child in demand.dependency.children if isinstance(child, AnyOf))
                wanted = next((group for group in groups if atom in atoms_in(group)), wanted)
        ask = Ask(asker, dep_class)
        if asker.candidate is not None or not self._serve_apart(view, atom, ask):
            self._satisfy(view, wanted, ask)

    def _serve_apart(self, view: View, atom: Atom, ask: Ask[C]) -> bool:
        """Give a target another version than what fills the slot for the others; whether there is one.

        System extensions have roots of their own: one may have a version that another one does not take.
        """
        best = self.chooser.best(view, atom, self.decisions)
        prior = self.graph.filling(view, best.package, best.slot) if best is not None else None
        if best is None or prior is None or prior.candidate is None:
            return False
        if self.matches(view, prior.candidate, atom):
            return False
        node = self.graph.node(view, best.cpv, best)
        if not any(link.child is node for link in self.graph.links):
            self._queue.append(node)
        self.graph.link(node, atom, ask)
        return True

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
                if not any(self.in_graph(view, child) for child in children):
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

    def _note_move(self, written: Atom, current: Atom, parent: Node[C]) -> None:
        """Portage follows ``profiles/updates`` for what is installed and not for what ebuilds say."""
        self.decisions.manual.setdefault(
            f"{parent.cpv} {written}",
            MovedDependency(cpv=parent.cpv, written=str(written), current=str(current)).notice,
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

    def _take(self, view: View, atom: Atom, ask: Ask[C]) -> C | None:
        """Decide on the step that gives emerge an ebuild for an atom, and return that ebuild.

        None where a person has to do it: the package is coreos-overlay's.
        """
        option = self.chooser.option(view, (atom,), self.decisions)
        if option is None:
            fallback.refuse_flags(self, view, atom, ask)
            if fallback.leave_to_person(self, view, atom, ask):
                return None
            fallback.do_without(self, atom, ask)
            fallback.refuse_replacement(self, view, atom, ask)
            passed_over = rejections.rejections(self.chooser, view, atom, self.decisions)
            comment = rejections.mask_comment(self.chooser, view, atom, self.decisions)
            raise Unsatisfied(view, atom, ask, passed_over, self.graph.chain(ask.parent), comment)
        self.chooser.adopt(option, view, self.decisions, ask.because(atom))
        if option.source is not None and view.root is Root.BOARD:
            self.chooser.bring_boards_up(atom, self.decisions)
        if option.eclasses or self.graph.has(atom.package):
            raise Restart
        return self.chooser.best(view, atom, self.decisions)

    def _collide(self, view: View, prior: Node[C], node: Node[C], atom: Atom, ask: Ask[C]) -> None:
        """Two candidates are wanted in one slot: see :func:`.slots.collide`."""
        slots.collide(self, view, prior, node, atom, ask)

    # --- any-of groups -----------------------------------------------------------------------------

    def _branch(self, view: View, branches: tuple[Dependency, ...], ask: Ask[C]) -> Dependency:
        """A branch that is satisfied already, else the one with the fewest imports, else the first.

        What would build a package with itself comes last: emerge has nothing to begin with then.
        """
        others = [branch for branch in branches if not self.is_asker(view, branch, ask)]
        for good_enough in (self.in_graph, self.satisfied):
            for branch in others:
                if good_enough(view, branch):
                    return branch
        if len(branches) == 1 or self._depth >= TRIAL_DEPTH or self.chooser.trials.left <= 0:
            return branches[0]
        costs = [(self._cost(view, branch, ask), branch) for branch in others]
        possible = [(cost, branch) for cost, branch in costs if cost is not None]
        return min(possible, key=lambda pair: pair[0])[1] if possible else branches[0]

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
