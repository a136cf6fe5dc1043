"""What is shown of a resolution: one node a package, with what it costs and why it is there."""

from __future__ import annotations

from msgspec import Struct

from overlaytool.model.plan import CheckoutState, Plan
from overlaytool.model.resolution import Because, DepClass, Distfile, Notice, Resolution, Root, State


class Selection(Struct, frozen=True, kw_only=True):
    """Which part of a resolution is shown."""

    classes: frozenset[DepClass] = frozenset(DepClass)
    roots: frozenset[Root] = frozenset(Root)
    imports_only: bool = False
    """Only packages that are added or updated, and those on the way from the request to them."""


class Cost(Struct, frozen=True, kw_only=True):
    """What would go away if a package were not asked for.

    With a plan that is something the plan copies or the image gains: what is there anyway costs nothing.
    """

    packages: tuple[str, ...]
    """Ids of the package and of those that only it brings: those it dominates. Sorted."""
    download: int
    """Bytes of their distfiles, each file counted once."""
    binary: int | None
    """Bytes of their binary packages; None where no index knows one of them."""
    installed: int | None
    """Bytes that these install, as far as is known; None where it is of none."""


class BoardUse(Struct, frozen=True, kw_only=True):
    """The enabled USE flags on some boards; None stands for the build host."""

    boards: tuple[str | None, ...]
    use: tuple[str, ...]


class Node(Struct, frozen=True, kw_only=True):
    """A package: the same version in the same state on both boards is one node that lists its boards."""

    id: str
    """``CPV`` for a board's package, ``host:CPV`` for the build host's; ``CPV@STATE`` where boards differ."""
    cpv: str
    name: str
    version: str
    root: Root
    boards: tuple[str, ...]
    """In the resolution's order; empty for the build host."""
    state: State
    repository: str
    slot: str
    subslot: str
    eapi: str
    keywords: tuple[str, ...]
    use: tuple[BoardUse, ...]
    """One item where all boards agree."""
    iuse: tuple[str, ...]
    license: str
    description: str
    homepage: str
    distfiles: tuple[Distfile, ...]
    requested: bool
    chain: tuple[str, ...]
    """Ids from a requested package to this one, a shortest way of what is selected."""
    because: tuple[Because, ...]
    """Every edge that asks for it."""
    download: int
    """Bytes of its distfiles."""
    binary: int | None
    """Bytes of its binary package, the largest of its boards; None where no index knows it."""
    installed: int | None
    """Bytes that this installs; None where the package is not beside its index."""
    cost: Cost
    cycle: int | None
    """Index into ``Graph.cycles``."""

    @property
    def imported(self) -> bool:
        """Whether it is copied into the checkout."""
        return self.state in (State.ADD, State.UPDATE)


class Link(Struct, frozen=True, kw_only=True):
    """All that one package asks of another."""

    parent: str
    child: str
    classes: tuple[DepClass, ...]
    """In the order of ``DepClass``."""
    atoms: tuple[str, ...]
    boards: tuple[str, ...]
    """The boards on which the parent asks; empty for the build host's packages."""
    implied: bool
    """Whether another way leads from parent to child, so that a drawing may leave this one out."""
    cut: bool
    """Whether it closes a cycle: inside of one, it leads back towards the request."""


class Graph(Struct, frozen=True, kw_only=True):
    """A resolution as it is shown."""

    resolution: Resolution
    plan: Plan | None
    checkout: CheckoutState | None
    boards: tuple[str, ...]
    nodes: tuple[Node, ...]
    """Requested packages first, then by distance from them, then by id."""
    links: tuple[Link, ...]
    """Sorted by parent and child."""
    cycles: tuple[tuple[str, ...], ...]
    """Strongly connected components of more than one package, or of one that asks for itself."""
    selection: Selection
    targets: tuple[str, ...] = ()
    """The ids of what the graph leads to, where it shows what pulls a package in."""

    @property
    def imports(self) -> tuple[Node, ...]:
        """The nodes that are copied into the checkout."""
        return tuple(node for node in self.nodes if node.imported)

    @property
    def download(self) -> int:
        """Bytes of the distfiles of the imports, each file once."""
        files = {file.name: file.size for node in self.imports for file in node.distfiles}
        return sum(files.values())

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What the user should know."""
        if self.plan is None:
            return self.resolution.notices + self.resolution.manual_work
        return self.plan.warnings + self.plan.manual_work
