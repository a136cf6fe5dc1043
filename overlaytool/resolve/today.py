"""What the checkout selects today, as a plan that changes it asks about it: see :mod:`.dependents`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from overlaytool.model.dependency import Atom, Candidate, View
from overlaytool.resolve.dependents import Dependent
from overlaytool.resolve.graph import Link, Node
from overlaytool.resolve.roots import Everything


class Today[C: Candidate]:
    """The closure of everything, looked up by package."""

    def __init__(self, everything: Everything[C]) -> None:
        self._everything = everything
        self._outside: dict[tuple[str, str, C | None], Node[C]] = {}

    def of(self, package: str) -> Sequence[Dependent[C]]:
        """Who asks for a package, each asker's atom once for each view."""
        found: dict[tuple[object, ...], Dependent[C]] = {}
        for link in self._everything.links_to.get(package, ()):
            if link.child.candidate is None:
                continue
            asker = self._asker(link)
            key = (asker.view.name, asker.cpv, link.child.view.name, link.atom.text)
            found.setdefault(key, Dependent(asker, link.child.view, link.atom, link.dep_class))
        return tuple(found[key] for key in sorted(found, key=str))

    def _asker(self, link: Link[C]) -> Node[C]:
        if link.parent is not None:
            return self._as_outside(link.parent.view, link.parent.cpv, link.parent.candidate)
        return self._as_outside(link.child.view, self._target_of[link.child], None)

    def _as_outside(self, view: View, cpv: str, candidate: C | None) -> Node[C]:
        key = (view.name, cpv, candidate)
        known = self._outside.get(key)
        if known is None:
            known = self._outside[key] = Node(view, cpv, candidate, outside=True)
        return known

    @cached_property
    def _target_of(self) -> Mapping[Node[C], str]:
        found: dict[Node[C], str] = {}
        for target, node in self._everything.roots:
            found.setdefault(node, str(target))
        return found

    def views_of(self, package: str) -> tuple[View, ...]:
        """The views in which any version of a package is selected."""
        links = self._everything.links_to.get(package, ())
        views = {link.child.view.name: link.child.view for link in links if link.child.candidate is not None}
        return tuple(views[name] for name in sorted(views))

    def in_view(self, view: View, package: str) -> Sequence[Node[C]]:
        """What is selected of a package in a view."""
        links = self._everything.links_to.get(package, ())
        nodes = {link.child: None for link in links if link.child.view == view}
        return tuple(
            self._as_outside(node.view, node.cpv, node.candidate)
            for node in nodes
            if node.candidate is not None
        )

    def blockers_of(self, package: str) -> Sequence[tuple[View, Atom, Node[C]]]:
        """The blockers that name a package."""
        return tuple(
            (view, atom, self._as_outside(node.view, node.cpv, node.candidate))
            for view, atom, node in self._blockers.get(package, ())
        )

    @cached_property
    def _blockers(self) -> Mapping[str, list[tuple[View, Atom, Node[C]]]]:
        found: dict[str, list[tuple[View, Atom, Node[C]]]] = defaultdict(list)
        for entry in self._everything.blockers:
            found[entry[1].package].append(entry)
        return found

    def way_to(self, node: Node[C]) -> str:
        """How a node gets in, in words: ``the image: coreos-base/coreos-0.0.1 > app-misc/a-1``."""
        for target in self._everything.targets:
            chain = self._everything.chain(node.cpv, target, node.view.name)
            if chain:
                return f"{target}: {' > '.join(use.cpv for use in chain)}"
        return node.cpv
