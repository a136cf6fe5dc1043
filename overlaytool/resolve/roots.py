"""The closure of everything: what each target of a checkout selects today, in which views, and why.

:func:`everything` takes what is asked for; :func:`overlaytool.workflow.everything.everything` asks for all
targets of a checkout. It never fails for a package: an atom that nothing satisfies is in
:attr:`Everything.missing`, two versions in one slot are in :attr:`Everything.clashes`, and the rest goes on.
Nothing is imported and nothing is decided: it is what emerge would take from the checkout as it is.

Use it so::

    all = everything(space)
    all.selected["dev-libs/openssl"]      # {(Into("image"), "amd64-usr"): ("dev-libs/openssl-3.5.7",), ...}
    "dev-libs/x" in all.selected          # whether any root reaches it
    all.users("dev-libs/openssl")         # who depends on it: Use records, one for each edge
    all.chain("dev-libs/openssl")         # a shortest way to it from a target: Use records, the target first
    all.missing, all.clashes              # what does not hold today
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from overlaytool.model.dependency import Atom, Candidate, View
from overlaytool.model.reached import Missing, SlotClash, Use
from overlaytool.model.resolution import DepClass, package_name
from overlaytool.model.target import Into
from overlaytool.resolve import rejections
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.graph import Link, Node, Restart
from overlaytool.resolve.provider import PackageSource
from overlaytool.resolve.walk import Walk, Wanted


class Everything[C: Candidate]:
    """What every target selects. See the module's text for how to use it."""

    def __init__(self, targets: Sequence[Into], base: Walk[C], layers: Sequence[Walk[C]]) -> None:
        """
        :param base: the pass for all that share roots.
        :param layers: the passes on top of it, for targets with roots of their own.
        """
        self.targets = tuple(targets)
        self._walks = (base, *layers)
        self._base_links = len(base.graph.links)

    # --- the graph ---------------------------------------------------------------------------------

    @cached_property
    def links(self) -> tuple[Link[C], ...]:
        """Every edge, each once."""
        base, *layers = self._walks
        return (
            *base.graph.links,
            *(link for layer in layers for link in layer.graph.links[self._base_links :]),
        )

    @cached_property
    def links_to(self) -> Mapping[str, Sequence[Link[C]]]:
        """The edges that end at each package, by ``category/name``."""
        found: dict[str, list[Link[C]]] = defaultdict(list)
        for link in self.links:
            found[_package(link.child)].append(link)
        return found

    @cached_property
    def blockers(self) -> tuple[tuple[View, Atom, Node[C]], ...]:
        """Every blocker: where it holds, what it says, and who has it."""
        base, *layers = self._walks
        first = len(base.graph.blockers)
        return (
            *base.graph.blockers,
            *(entry for layer in layers for entry in layer.graph.blockers[first:]),
        )

    @cached_property
    def below(self) -> Mapping[Node[C], Sequence[Link[C]]]:
        """The edges that begin at each node."""
        found: dict[Node[C], list[Link[C]]] = defaultdict(list)
        for link in self.links:
            if link.parent is not None:
                found[link.parent].append(link)
        return found

    @cached_property
    def roots(self) -> tuple[tuple[Into, Node[C]], ...]:
        """Each target and what it asks for itself."""
        return tuple(entry for walk in self._walks for entry in walk.roots)

    @cached_property
    def _reached_by(self) -> Mapping[Node[C], int]:
        """For every node the targets that reach it, a bit each."""
        return self._reach(frozenset(DepClass))

    def _reach(self, classes: Collection[DepClass]) -> Mapping[Node[C], int]:
        """For every node the targets that reach it over edges of some classes, a bit each."""
        bit = {target: 1 << place for place, target in enumerate(self.targets)}
        reached: dict[Node[C], int] = defaultdict(int)
        pending: deque[Node[C]] = deque()
        for target, node in self.roots:
            reached[node] |= bit[target]
            pending.append(node)
        while pending:
            node = pending.popleft()
            bits = reached[node]
            for link in self.below.get(node, ()):
                if link.dep_class in classes and bits & ~reached[link.child]:
                    reached[link.child] |= bits
                    pending.append(link.child)
        return reached

    def reaching(self, node: Node[C] | None) -> tuple[Into, ...]:
        """The targets that reach a node."""
        bits = self._reached_by.get(node, 0) if node is not None else 0
        return tuple(target for place, target in enumerate(self.targets) if bits >> place & 1)

    # --- answers -----------------------------------------------------------------------------------

    @cached_property
    def selected(self) -> Mapping[str, Mapping[tuple[Into, str], tuple[str, ...]]]:
        """Package to target and view's name to the CPVs there, one for each slot, sorted.

        What package.provided has is among them: it is what emerge takes for installed.
        """
        return self._selection(self._reached_by)

    @cached_property
    def selected_at_run_time(self) -> Mapping[str, Mapping[tuple[Into, str], tuple[str, ...]]]:
        """The same for what run-time dependencies reach: what ends up in the image or the extension."""
        return self._selection(self._reach((DepClass.RDEPEND, DepClass.PDEPEND)))

    def _selection(
        self, reached: Mapping[Node[C], int]
    ) -> Mapping[str, Mapping[tuple[Into, str], tuple[str, ...]]]:
        found: dict[str, dict[tuple[Into, str], set[str]]] = defaultdict(lambda: defaultdict(set))
        for node, bits in reached.items():
            package = found[_package(node)]
            for place, target in enumerate(self.targets):
                if bits >> place & 1:
                    package[(target, node.view.name)].add(node.cpv)
        return {
            package: {key: tuple(sorted(cpvs)) for key, cpvs in sorted(where.items())}
            for package, where in sorted(found.items())
        }

    def users(self, name: str) -> tuple[Use, ...]:
        """Who depends on a package, in every root.

        :param name: ``category/name`` or a CPV.
        """
        links = self.links_to.get(name) or [
            link for link in self.links_to.get(package_name(name), ()) if link.child.cpv == name
        ]
        found = {use_of(link): None for link in links}
        return tuple(sorted(found, key=lambda use: (use.view, use.parent or "", use.atom, use.dep_class)))

    def chain(
        self,
        name: str,
        target: Into | None = None,
        view: str | None = None,
        classes: Collection[DepClass] = frozenset(DepClass),
    ) -> tuple[Use, ...]:
        """A shortest way from a target to a package, the target's own atom first; empty where there is none.

        :param name: ``category/name`` or a CPV.
        :param target: the target to start from; None: the first that reaches the package.
        :param view: the view that the package has to be selected in; None: any.
        :param classes: the dependency classes that count.
        """
        came: dict[Node[C], Link[C] | None] = {}
        pending: deque[Node[C]] = deque()
        for start, node in self.roots:
            if target in (None, start) and node not in came:
                came[node] = None
                pending.append(node)
        while pending:
            node = pending.popleft()
            if name in (node.cpv, _package(node)) and view in (None, node.view.name):
                return tuple(self._way_to(node, came))
            for link in self.below.get(node, ()):
                if link.dep_class in classes and link.child not in came:
                    came[link.child] = link
                    pending.append(link.child)
        return ()

    def _way_to(self, node: Node[C], came: Mapping[Node[C], Link[C] | None]) -> list[Use]:
        way: list[Use] = []
        while (link := came[node]) is not None and link.parent is not None:
            way.append(use_of(link))
            node = link.parent
        root = next(link for link in self.links if link.parent is None and link.child is node)
        return [use_of(root), *reversed(way)]

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """The atoms that nothing satisfies, each once."""
        found: dict[Missing, None] = {}
        for walk in self._walks:
            for view, atom, ask, reason in walk.missing:
                passed_over = (
                    () if reason else rejections.rejections(walk.chooser, view, atom, walk.decisions)
                )
                entry = Missing(
                    targets=self.reaching(ask.parent),
                    view=view.name,
                    atom=atom.text,
                    parent=ask.parent.cpv if ask.parent else None,
                    dep_class=ask.dep_class,
                    reason=reason,
                    rejections=passed_over,
                )
                found[entry] = None
        return tuple(found)

    @cached_property
    def clashes(self) -> tuple[SlotClash, ...]:
        """Where two ebuilds are wanted in one slot, each pair once for each asker."""
        found: dict[SlotClash, None] = {}
        for walk in self._walks:
            for prior, node, atom, ask in walk.collisions:
                entry = SlotClash(
                    targets=self.reaching(node),
                    view=node.view.name,
                    selected=prior.cpv,
                    wanted=node.cpv,
                    atom=atom.text,
                    parent=ask.parent.cpv if ask.parent else None,
                )
                found[entry] = None
        return tuple(found)


def everything[C: Candidate](source: PackageSource[C], wanted: Sequence[Wanted]) -> Everything[C]:
    """What all of this selects, from the checkout as it is.

    Targets that share roots are walked together, and each with a root of its own on top of them: what is
    selected already is kept there, as emerge keeps what an image has installed.
    """
    chooser = Chooser(source, accept_keywords=False)
    base = _settled(Walk(chooser, Decisions()), [entry for entry in wanted if not entry.own_root])
    layers = []
    targets = list(dict.fromkeys(entry.target for entry in wanted))
    for target in targets:
        own = [entry for entry in wanted if entry.target == target and entry.own_root]
        if own:
            layers.append(_settled(base.on_top(Decisions(environment=own[0].environment)), own, base))
    return Everything(targets, base, layers)


def _settled[C: Candidate](walk: Walk[C], wanted: Sequence[Wanted], below: Walk[C] | None = None) -> Walk[C]:
    """The walk when no slot has to be pinned any more."""
    while True:
        try:
            walk.walk(wanted)
        except Restart:
            decisions = walk.decisions.copy()
            walk = below.on_top(decisions) if below else Walk(walk.chooser, decisions)
        else:
            return walk


def _package[C: Candidate](node: Node[C]) -> str:
    return node.candidate.package if node.candidate is not None else package_name(node.cpv)


def use_of[C: Candidate](link: Link[C]) -> Use:
    """The record of an edge."""
    return Use(
        parent=link.parent.cpv if link.parent else None,
        parent_view=link.parent.view.name if link.parent else None,
        atom=link.atom.text,
        dep_class=link.dep_class,
        cpv=link.child.cpv,
        view=link.child.view.name,
    )
