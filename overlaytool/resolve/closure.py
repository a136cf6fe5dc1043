"""One pass over the dependency graph: from the requests to everything that they need, in every root.

A pass goes on as long as what it decides cannot change what it did before. Where it can, it writes the
decision down and raises :class:`Restart`; the next pass starts from the request with all that is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from overlaytool.dependency import AllOf, AnyOf, Atom, Candidate, Demand, Dependency, Origin, View
from overlaytool.model import Because, DepClass, Notice, Rejection, Root
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions

TRIAL_DEPTH = 3
"""How deep any-of groups within any-of groups are tried out before their first branch is taken."""


class Restart(Exception):
    """What was decided changes what this pass did already."""


@dataclass(frozen=True, slots=True)
class Node[C: Candidate]:
    """A candidate selected in a view, or a package.provided entry (``candidate`` None)."""

    view: View
    cpv: str
    candidate: C | None = None


@dataclass(frozen=True, slots=True)
class Link[C: Candidate]:
    """An edge of the graph while it grows."""

    parent: Node[C] | None
    child: Node[C]
    atom: Atom
    dep_class: DepClass


@dataclass(frozen=True, slots=True)
class Ask[C: Candidate]:
    """Who asks for an atom, and how. ``parent`` None: the request."""

    parent: Node[C] | None
    dep_class: DepClass

    @property
    def because(self) -> Because:
        """The same for the record, without the atom yet."""
        parent = self.parent.cpv if self.parent else None
        return Because(parent=parent, atom="", dep_class=self.dep_class)


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
        self, message: str, details: tuple[str, ...], excludable: tuple[tuple[View, str, str], ...]
    ) -> None:
        super().__init__(message)
        self.message, self.details, self.excludable = message, details, excludable


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
        self.selected: dict[tuple[str, str, str], Node[C]] = {}
        """View name, package and slot to what fills it."""
        self.links: list[Link[C]] = []
        self.blockers: list[tuple[View, Atom, Node[C]]] = []
        self._first: dict[Node[C], Link[C]] = {}
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
                for atom in _atoms(demand.dependency):
                    candidate = None if atom.blocks else self.chooser.likely(view, atom, self.decisions)
                    if candidate is not None:
                        wanted.setdefault(id(candidate), candidate)
        self.source.prefetch(wanted.values())

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
                    self.blockers.append((view, dependency, ask.parent))
            case AllOf(children):
                for child in children:
                    self._satisfy(view, child, ask)
            case AnyOf(children):
                if children:
                    self._satisfy(view, self._branch(view, children, ask), ask)

    # --- one atom ----------------------------------------------------------------------------------

    def _need(self, view: View, atom: Atom, ask: Ask[C]) -> None:
        written, atom = atom, self._current_name(atom)
        if atom != written and ask.parent is not None:
            self._note_move(written, atom, ask.parent)
        provided = self.source.provided(view, atom)
        if provided is not None:
            self._link(Node(view, provided), atom, ask)
            return
        candidate = self._existing(view, atom) or self._take(view, atom, ask)
        if candidate is None:
            return
        node = Node(view, candidate.cpv, candidate)
        key = (view.name, candidate.package, candidate.slot)
        prior = self.selected.get(key)
        if prior is not None and prior.candidate is not candidate:
            self._collide(view, key, prior, node, atom, ask)
        self._link(node, atom, ask)
        if prior is None:
            self.selected[key] = node
            self._queue.append(node)

    def _current_name(self, atom: Atom) -> Atom:
        """The atom, under the name that ``profiles/updates`` gives a package that no tree has any more."""
        if not self.source.checkout_candidates(atom.package) and not any(
            self.source.source_candidates(name, atom.package) for name in self.source.source_names()
        ):
            moved = self.source.moved(atom.package)
            return self.source.renamed(atom, moved) if moved else atom
        return self.source.slot_moved(atom) or atom

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
        prior = self.selected.get((view.name, best.package, best.slot))
        if prior is not None and prior.candidate is not None and self._matches(view, prior.candidate, atom):
            return prior.candidate
        return best

    def _matches(self, view: View, candidate: C, atom: Atom) -> bool:
        changes = self.decisions.changes(view, candidate.package)
        return self.source.mismatch(view, candidate, atom, changes) is None

    def _take(self, view: View, atom: Atom, ask: Ask[C]) -> C | None:
        """Decide on the step that gives emerge an ebuild for an atom, and return that ebuild.

        None where a person has to do it: the package is coreos-overlay's.
        """
        option = self.chooser.option(view, (atom,), self.decisions)
        if option is None:
            if self._leave_to_person(view, atom, ask):
                return None
            self._do_without(atom, ask)
            self._refuse_replacement(view, atom, ask)
            rejections = self.chooser.rejections(view, atom, self.decisions)
            comment = self.chooser.mask_comment(view, atom, self.decisions)
            raise Unsatisfied(view, atom, ask, rejections, self.chain(ask.parent), comment)
        because = Because(
            parent=ask.parent.cpv if ask.parent else None, atom=atom.text, dep_class=ask.dep_class
        )
        self.chooser.adopt(option, view, self.decisions, because)
        if option.source is not None and view.root is Root.BOARD:
            self.chooser.bring_boards_up(atom, self.decisions)
        if option.eclasses or any(package == atom.package for _view, package, _slot in self.selected):
            raise Restart
        return self.chooser.best(view, atom, self.decisions)

    def _refuse_replacement(self, view: View, atom: Atom, ask: Ask[C]) -> None:
        """Say so where an update that the plan needs takes away the version that is asked for.

        :raises Conflict: then.
        """
        if atom.package not in self.decisions.imports:
            return
        for candidate in self.source.checkout_candidates(atom.package):
            if self._serves(view, candidate, (atom,), candidate.slot):
                asker = ask.parent.cpv if ask.parent else "your request"
                source = self.decisions.imports[atom.package]
                raise Conflict(
                    f"updating {atom.package} from {source} takes {candidate.cpv} away",
                    (f"{asker} needs {atom}", *(f"by {link.child.cpv}" for link in self.chain(ask.parent))),
                    ((ask.parent.view, ask.parent.cpv, f"it needs {atom}"),) if ask.parent else (),
                )

    def _do_without(self, atom: Atom, ask: Ask[C]) -> None:
        """Switch the USE flag of an import off that alone asks for an atom that nothing satisfies.

        :raises Restart: when there is such a flag.
        """
        node = ask.parent
        if node is None or node.candidate is None or node.candidate.origin is not Origin.SOURCE:
            return
        changes = self.decisions.changes(node.view, node.candidate.package)
        decided = {flag for flag, _state in changes}
        for flag in self.source.optional_flags(node.view, node.candidate, changes):
            fewer = changes | {(flag, False)}
            if (
                flag in decided
                or self.source.required_use_violation(node.view, node.candidate, fewer) is not None
                or any(
                    other == atom
                    for demand in self.source.demands(node.view, node.candidate, fewer)
                    for other in _atoms(demand.dependency)
                )
            ):
                continue
            because = Because(parent=node.cpv, atom=atom.text, dep_class=ask.dep_class)
            flags = self.decisions.use.setdefault((node.view.root, node.candidate.package), {})
            flags[flag] = (False, because)
            self.decisions.dropped[(node.candidate.package, flag)] = Notice(
                reference="use-dropped",
                message=f"USE {flag} of {node.cpv} is switched off: it asks for {atom}, which cannot be had",
                hint=f"request {node.candidate.package}[{flag}] to see why",
            )
            raise Restart

    def _leave_to_person(self, view: View, atom: Atom, ask: Ask[C]) -> bool:
        if not self.source.holds(Origin.OVERLAY, atom.package):
            return False
        asker = ask.parent.cpv if ask.parent else "your request"
        held = ", ".join(candidate.cpv for candidate in self.source.checkout_candidates(atom.package))
        self.decisions.manual.setdefault(
            atom.package,
            Notice(
                reference="overlay-package",
                message=f"{asker} needs {atom}, but coreos-overlay holds {held}",
                hint=f"update {atom.package} in coreos-overlay by hand; overlaytool does not overwrite it",
            ),
        )
        return True

    def _link(self, node: Node[C], atom: Atom, ask: Ask[C]) -> None:
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

    # --- two in one slot ---------------------------------------------------------------------------

    def _collide(
        self,
        view: View,
        key: tuple[str, str, str],
        prior: Node[C],
        node: Node[C],
        atom: Atom,
        ask: Ask[C],
    ) -> None:
        """Find a candidate for all that ask for a slot, or say who cannot go together.

        :raises Restart: with the slot pinned to what all of them accept.
        :raises Conflict: where there is none.
        """
        askers = [link for link in self.links if link.child == prior]
        atoms = tuple(dict.fromkeys((*(link.atom for link in askers), atom)))
        if key not in self.decisions.pins:
            for candidate in self.chooser.pool(
                node.candidate.package if node.candidate else "", self.decisions
            ):
                if self._serves(view, candidate, atoms, key[2]):
                    self.decisions.pins[key] = atoms
                    raise Restart
            option = self.chooser.option(view, atoms, self.decisions)
            if option is not None and option.candidate.slot == key[2]:
                because = Because(
                    parent=ask.parent.cpv if ask.parent else None, atom=atom.text, dep_class=ask.dep_class
                )
                self.chooser.adopt(option, view, self.decisions, because)
                self.decisions.pins[key] = atoms
                raise Restart
        parents = [(link.parent, link.atom) for link in askers] + [(ask.parent, atom)]
        details = tuple(
            f"{parent.cpv if parent else 'your request'} needs {wanted}" for parent, wanted in parents
        )
        reason = f"{prior.cpv} and {node.cpv} are both wanted in slot {key[2]} of {key[1]}"
        excludable = tuple(
            (parent.view, parent.cpv, reason) for parent, _atom in reversed(parents) if parent is not None
        )
        raise Conflict(f"{reason} on {view}", details, excludable)

    def _serves(self, view: View, candidate: C, atoms: tuple[Atom, ...], slot: str) -> bool:
        return (
            all(self.source.version_matches(candidate, atom) for atom in atoms)
            and not self.chooser.hidden(view, candidate, self.decisions)
            and candidate.slot == slot
            and all(self._matches(view, candidate, atom) for atom in atoms)
            and (view.name, candidate.cpv) not in self.decisions.excluded
        )

    # --- any-of groups -----------------------------------------------------------------------------

    def _branch(self, view: View, branches: tuple[Dependency, ...], ask: Ask[C]) -> Dependency:
        """A branch that is satisfied already, else the one with the fewest imports, else the first."""
        for good_enough in (self._in_graph, self._satisfied):
            for branch in branches:
                if good_enough(view, branch):
                    return branch
        if len(branches) == 1 or self._depth >= TRIAL_DEPTH:
            return branches[0]
        costs = [self._cost(view, branch, ask) for branch in branches]
        cheapest = min((cost for cost in costs if cost is not None), default=None)
        return branches[costs.index(cheapest)] if cheapest is not None else branches[0]

    def _satisfied(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                if dependency.blocks:
                    return not self._blocked(view, dependency)
                atom = self._current_name(dependency)
                return (
                    self.source.provided(view, atom) is not None
                    or self.chooser.best(view, atom, self.decisions) is not None
                )
            case AllOf(children):
                return all(self._satisfied(view, child) for child in children)
            case AnyOf(children):
                return not children or any(self._satisfied(view, child) for child in children)

    def _in_graph(self, view: View, dependency: Dependency) -> bool:
        match dependency:
            case Atom():
                return dependency.blocks or any(
                    node.candidate is not None and self._matches(view, node.candidate, dependency)
                    for node in self._of_package(view, dependency.package)
                )
            case AllOf(children):
                return all(self._in_graph(view, child) for child in children)
            case AnyOf(children):
                return any(self._in_graph(view, child) for child in children)

    def _blocked(self, view: View, atom: Atom) -> bool:
        return any(
            node.candidate is not None and self._matches(view, node.candidate, atom)
            for node in self._of_package(view, atom.package)
        )

    def _of_package(self, view: View, package: str) -> Iterator[Node[C]]:
        return (
            node
            for (name, wanted, _slot), node in self.selected.items()
            if name == view.name and wanted == package
        )

    def _cost(self, view: View, branch: Dependency, ask: Ask[C]) -> int | None:
        """How many imports a branch takes with all that it needs, or None where it cannot be had."""
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
        trial.selected = dict(self.selected)
        trial.links = list(self.links)
        trial._first = dict(self._first)
        return trial


def _atoms(dependency: Dependency) -> Iterator[Atom]:
    if isinstance(dependency, Atom):
        yield dependency
    else:
        for child in dependency.children:
            yield from _atoms(child)
