"""Boards made one: which packages of a resolution are shown as one node, and what is read off them."""

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
from overlaytool.report.records import BoardUse

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


def because(edges: Iterable[Edge]) -> tuple[Because, ...]:
    """What asked, without the boards: the request first, then by parent, class and atom."""
    asked = {
        Because(parent=edge.parent.cpv if edge.parent else None, atom=edge.atom, dep_class=edge.dep_class)
        for edge in edges
    }
    order = list(DepClass)
    return tuple(sorted(asked, key=lambda it: (it.parent or "", order.index(it.dep_class), it.atom)))


def board_use(packages: tuple[Package, ...]) -> tuple[BoardUse, ...]:
    """The enabled flags, the boards that agree taken together."""
    by_flags: dict[tuple[str, ...], list[str | None]] = defaultdict(list)
    for package in packages:
        by_flags[about(package).use].append(package.board)
    return tuple(BoardUse(boards=tuple(boards), use=use) for use, boards in by_flags.items())


def distfiles(packages: Iterable[Package]) -> tuple[Distfile, ...]:
    """The distfiles of all of them, each once, by name."""
    files = {file.name: file for package in packages for file in about(package).distfiles}
    return tuple(files[name] for name in sorted(files))


def binary_size(
    packages: tuple[Package, ...], arches: Mapping[str, str], binary_sizes: BinarySizes
) -> BinarySize | None:
    """The largest binary package of its boards; ``arches`` gives a board's arch."""
    sizes = (
        binary_sizes.get(arches[package.board], {}).get(package.cpv) for package in packages if package.board
    )
    return max((size for size in sizes if size is not None), key=lambda size: size.package, default=None)


def about(package: Package) -> Description:
    """What was asked of a package; nothing for what no ebuild is there for."""
    return package.about or UNKNOWN


def printable(text: str) -> str:
    """``text`` on one line, with U+FFFD for what no form of a graph could hold: controls, lone surrogates."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
