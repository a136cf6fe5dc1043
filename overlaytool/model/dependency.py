"""What the resolver works on: atoms, dependency groups, views and candidates. Plain data, no I/O.

A dependency here is evaluated: USE conditionals are resolved against the flags of the package that has
it, so what is left are atoms, all-of groups and any-of groups (PMS section 8.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from overlaytool.model.resolution import Board, DepClass, Root


class Atom(Struct, frozen=True):
    """A package dependency specification (PMS section 8.3), without USE conditionals."""

    text: str
    """As written, blockers' exclamation marks included."""
    package: str
    """Category and package name."""
    blocks: bool = False
    blocks_strongly: bool = False

    def __str__(self) -> str:
        return self.text


class AllOf(Struct, frozen=True):
    """Every child is needed."""

    children: tuple[Dependency, ...]


class AnyOf(Struct, frozen=True):
    """One child is enough: ``|| ( )``."""

    children: tuple[Dependency, ...]


type Dependency = Atom | AllOf | AnyOf


def atoms_in(dependency: Dependency) -> Iterator[Atom]:
    """Every atom of a dependency, whatever group it is in."""
    if isinstance(dependency, Atom):
        yield dependency
    else:
        for child in dependency.children:
            yield from atoms_in(child)


type FlagChanges = frozenset[tuple[str, bool]]
"""USE flags that a plan sets for a package, on top of what the profile says."""


class View(Struct, frozen=True):
    """A root that packages are resolved for: a board root, or the build host."""

    name: str
    """The board's name, or ``host``."""
    root: Root
    board: Board | None
    """None for the build host."""

    def __str__(self) -> str:
        return self.name


class Origin(StrEnum):
    """Which kind of tree a candidate is in."""

    STABLE = "stable"
    """portage-stable: copies of Gentoo that a plan may update."""
    OVERLAY = "overlay"
    """coreos-overlay: Flatcar's own; never overwritten, never shadowed."""
    SOURCE = "source"
    """A tree to import from."""


class Candidate(Protocol):
    """One ebuild of one tree. Two candidates are the same only if they are the same object."""

    @property
    def cpv(self) -> str:
        """Category, package, version and revision."""

    @property
    def package(self) -> str:
        """Category and package name."""

    @property
    def repository(self) -> str:
        """The tree's name."""

    @property
    def origin(self) -> Origin:
        """The kind of tree."""

    @property
    def slot(self) -> str:
        """SLOT without the subslot. Sources the ebuild; ask for obstacles first."""

    @property
    def subslot(self) -> str:
        """The subslot; the slot where none is written. Sources the ebuild, too."""


type Known[C: Candidate] = dict[tuple[tuple[object, ...], str, str], C | None]
"""What emerge takes, by the state of the package, the view's name and the atom's text."""


class Demand(Struct, frozen=True):
    """One evaluated dependency of one class."""

    dep_class: DepClass
    root: Root
    """Where it has to be installed: depends on the class and the parent's EAPI (PMS table 8.1)."""
    dependency: Dependency
