"""Who else depends on what a plan changes: packages that the request itself does not lead to.

An update is for all who use the package. As soon as a decision is about a package that the checkout has,
whoever depends on it today, in whatever view and from whatever root, asks for it again in the same pass. So a
version that one of them refuses is not taken, or that one is updated too; where neither is possible, it is
written down as work for a person (:attr:`.Decisions.waived`) with the way by which it gets in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from overlaytool.model.dependency import Atom, Candidate, View
from overlaytool.model.resolution import DepClass
from overlaytool.resolve.graph import Node


class Dependent[C: Candidate](NamedTuple):
    """One edge of what the checkout selects today."""

    asker: Node[C]
    """Who asks; ``candidate`` None: a target itself, by name."""
    view: View
    """Where the package has to be."""
    atom: Atom
    dep_class: DepClass


class Dependents[C: Candidate](Protocol):
    """What all targets of a checkout select today, as far as a plan that changes it has to know."""

    def of(self, package: str) -> Sequence[Dependent[C]]:
        """Who asks for a package, each asker's atom once for each view. Askers are marked as outside."""

    def views_of(self, package: str) -> tuple[View, ...]:
        """The views in which any version of a package is selected."""

    def in_view(self, view: View, package: str) -> Sequence[Node[C]]:
        """What is selected of a package in a view, marked as outside."""

    def blockers_of(self, package: str) -> Sequence[tuple[View, Atom, Node[C]]]:
        """The blockers that name a package: where they hold, and who has them, marked as outside."""

    def way_to(self, node: Node[C]) -> str:
        """How a node gets in, in words: ``the image: coreos-base/coreos-0.0.1 > app-misc/a-1``."""
