"""What is still needed when some lines stop asking: the closure of everything, cut.

Nothing is chosen anew. What the others ask for stays selected as it is, so that what is left is a closure
that holds, and what is not reached any more is needed by nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import NamedTuple

from overlaytool.model.dependency import Candidate
from overlaytool.model.reached import Use
from overlaytool.model.resolution import package_name
from overlaytool.model.target import Into
from overlaytool.resolve.graph import Link, Node
from overlaytool.resolve.roots import Everything, use_of


class Cut(NamedTuple):
    """What stops asking."""

    packages: Collection[str]
    """The packages that are not asked for any more, by the following."""
    metapackages: Collection[str]
    """The ebuilds whose lines go, by ``category/name``."""
    targets: Collection[Into]
    """The targets whose own lines go."""
    provided: Collection[str] = ()
    """Packages that package.provided has from now on: nobody's dependency on them counts."""

    def at(self, parent: str | None, target: Into | None, package: str) -> bool:
        """Whether an edge to a package is cut."""
        if package in self.provided:
            return True
        if package not in self.packages:
            return False
        return parent in self.metapackages if parent is not None else target in self.targets


class Left[C: Candidate]:
    """What is still reached."""

    def __init__(self, everything: Everything[C], cut: Cut) -> None:
        self._everything = everything
        self._came: dict[Node[C], tuple[Into, Link[C] | None]] = {}
        pending: deque[Node[C]] = deque()
        for target, node in everything.roots:
            if node not in self._came and not cut.at(None, target, _package(node)):
                self._came[node] = (target, None)
                pending.append(node)
        while pending:
            node = pending.popleft()
            for link in everything.below.get(node, ()):
                if link.child not in self._came and not cut.at(_package(node), None, _package(link.child)):
                    self._came[link.child] = (self._came[node][0], link)
                    pending.append(link.child)

    @property
    def packages(self) -> frozenset[str]:
        """Every ``category/name`` that is still needed as an ebuild."""
        return frozenset(node.candidate.package for node in self._came if node.candidate is not None)

    @property
    def provided(self) -> frozenset[tuple[str, str]]:
        """The package.provided CPVs that still serve somebody, each with its view's name."""
        return frozenset((node.cpv, node.view.name) for node in self._came if node.candidate is None)

    @property
    def cpvs(self) -> Mapping[str, frozenset[str]]:
        """For each view's name the CPVs that are still selected there."""
        found: dict[str, set[str]] = {}
        for node in self._came:
            if node.candidate is not None:
                found.setdefault(node.view.name, set()).add(node.cpv)
        return {view: frozenset(cpvs) for view, cpvs in found.items()}

    def chain(self, package: str) -> tuple[Into, tuple[Use, ...]] | None:
        """Who still needs a package: the target, and a shortest way from it; None where nobody does."""
        for node in self._came:
            if node.candidate is not None and node.candidate.package == package:
                target, link = self._came[node]
                way: list[Use] = []
                while link is not None and link.parent is not None:
                    way.append(use_of(link))
                    _target, link = self._came[link.parent]
                return target, tuple(reversed(way))
        return None


def _package[C: Candidate](node: Node[C]) -> str:
    return node.candidate.package if node.candidate is not None else package_name(node.cpv)
