"""Merges the boards of a resolution: one node for a package that is the same on several boards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from overlaytool.model.resolution import (
    Because,
    DepClass,
    Description,
    Distfile,
    Edge,
    NodeKey,
    Package,
    Resolution,
    Root,
    State,
)
from overlaytool.report.binhost import BinarySize, BinarySizes
from overlaytool.report.records import BoardUse, Cost, Node

UNKNOWN = Description(
    slot="",
    subslot="",
    eapi="",
    keywords=(),
    use=(),
    iuse=(),
    license="",
    description="",
    homepage="",
    distfiles=(),
)


class Merged(Struct, frozen=True):
    """Which node each package of the resolution belongs to."""

    ids: Mapping[NodeKey, str]
    members: Mapping[str, tuple[Package, ...]]


def merge(resolution: Resolution) -> Merged:
    """One node for each version and root, or one for each state of it where boards differ in that."""
    variants: dict[tuple[Root, str], set[tuple[State, str]]] = defaultdict(set)
    for package in resolution.packages:
        variants[package.root, package.cpv].add((package.state, package.repository))
    ids: dict[NodeKey, str] = {}
    members: dict[str, list[Package]] = defaultdict(list)
    for package in resolution.packages:
        identity = package.cpv if package.root is Root.BOARD else f"host:{package.cpv}"
        if len(variants[package.root, package.cpv]) > 1:
            identity += f"@{package.state}:{package.repository}"
        ids[package.key] = identity
        members[identity].append(package)
    return Merged(ids, {identity: tuple(found) for identity, found in members.items()})


def merged_node(
    identity: str,
    packages: tuple[Package, ...],
    asked: list[Edge],
    chain: tuple[str, ...],
    binary: BinarySize | None,
    cost: Cost,
    cycle: int | None,
) -> Node:
    """What is shown of a package that is the same on some boards.

    :param identity: the node's id.
    :param packages: the package on each of those boards; there is at least one.
    :param asked: every edge that leads to it.
    :param chain: the ids on a shortest way from the request, its own included.
    :param cycle: the number of the cycle that it is in.
    """
    first, description = packages[0], _description(packages[0])
    return Node(
        id=identity,
        cpv=first.cpv,
        name=first.name,
        version=first.cpv[len(first.name) + 1 :],
        root=first.root,
        boards=tuple(package.board for package in packages if package.board),
        state=first.state,
        repository=first.repository,
        slot=description.slot,
        subslot=description.subslot,
        eapi=description.eapi,
        keywords=description.keywords,
        use=_board_use(packages),
        iuse=description.iuse,
        license=_printable(description.license),
        description=_printable(description.description),
        homepage=_printable(description.homepage),
        distfiles=distfiles(packages),
        requested=any(edge.parent is None for edge in asked),
        chain=chain,
        because=_because(asked),
        download=sum(file.size for file in distfiles(packages)),
        binary=binary.package if binary else None,
        installed=binary.installed if binary else None,
        cost=cost,
        cycle=cycle,
    )


def _because(edges: Iterable[Edge]) -> tuple[Because, ...]:
    """What asked, without the boards: the request first, then by parent, class and atom."""
    asked = {
        Because(parent=edge.parent.cpv if edge.parent else None, atom=edge.atom, dep_class=edge.dep_class)
        for edge in edges
    }
    order = list(DepClass)
    return tuple(sorted(asked, key=lambda it: (it.parent or "", order.index(it.dep_class), it.atom)))


def _board_use(packages: tuple[Package, ...]) -> tuple[BoardUse, ...]:
    """The enabled flags, the boards that agree taken together."""
    by_flags: dict[tuple[str, ...], list[str | None]] = defaultdict(list)
    for package in packages:
        by_flags[_description(package).use].append(package.board)
    return tuple(BoardUse(boards=tuple(boards), use=use) for use, boards in by_flags.items())


def distfiles(packages: Iterable[Package]) -> tuple[Distfile, ...]:
    """The distfiles of all of them, each once, by name."""
    files = {file.name: file for package in packages for file in _description(package).distfiles}
    return tuple(files[name] for name in sorted(files))


def binary_size(
    packages: tuple[Package, ...], arches: Mapping[str, str], binary_sizes: BinarySizes
) -> BinarySize | None:
    """The largest binary package of its boards; ``arches`` gives a board's arch."""
    sizes = (
        binary_sizes.get(arches[package.board], {}).get(package.cpv) for package in packages if package.board
    )
    return max((size for size in sizes if size is not None), key=lambda size: size.package, default=None)


def _description(package: Package) -> Description:
    """What its ebuild says of a package; :data:`UNKNOWN` where no ebuild was read (package.provided)."""
    return package.about or UNKNOWN


def _printable(text: str) -> str:
    """``text`` on one line, with U+FFFD for what no form of a graph could hold: controls, lone surrogates."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
