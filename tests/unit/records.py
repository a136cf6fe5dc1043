"""Records for tests, built from the few fields that a test is about; everything else has a plain value.

``node`` texts name a package: ``cat/pkg-1`` is the first board's, ``arm64-usr:cat/pkg-1`` that board's,
``host:cat/pkg-1`` the build host's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from overlaytool.model.resolution import (
    Board,
    DepClass,
    Description,
    Distfile,
    Edge,
    Into,
    NodeKey,
    Notice,
    Package,
    Request,
    Requested,
    Resolution,
    Root,
    State,
    package_name,
)
from overlaytool.model.vm import Acceleration, Machine

AMD64 = Board(name="amd64-usr", arch="amd64")
ARM64 = Board(name="arm64-usr", arch="arm64")
BOARDS = (AMD64, ARM64)
REPOSITORIES = {
    State.ADD: "gentoo",
    State.UPDATE: "gentoo",
    State.PRESENT: "portage-stable",
    State.PROVIDED: "package.provided",
}


def key(node: str) -> NodeKey:
    """``[BOARD:|host:]CPV`` as the identity of a package."""
    prefix, colon, cpv = node.rpartition(":")
    if not colon:
        return NodeKey(board=AMD64.name, cpv=cpv)
    return NodeKey(board=None if prefix == "host" else prefix, cpv=cpv)


def package(node: str, state: State = State.PRESENT, *, size: int = 0, **told: Any) -> Package:
    """A package with ``size`` bytes to download in one distfile; ``told`` replaces what is said about it."""
    identity = key(node)
    name = package_name(identity.cpv)
    about: dict[str, Any] = {
        "slot": "0",
        "subslot": "0",
        "eapi": "8",
        "keywords": ("amd64", "arm64"),
        "use": (),
        "iuse": (),
        "license": "GPL-2",
        "description": f"The package {name}",
        "homepage": f"https://example.org/{name}",
        "distfiles": (Distfile(name=identity.cpv.split("/")[1] + ".tar.xz", size=size),) if size else (),
    }
    return Package(
        cpv=identity.cpv,
        board=identity.board,
        root=Root.HOST if identity.board is None else Root.BOARD,
        state=state,
        repository=REPOSITORIES[state],
        about=Description(**(about | told)),
    )


def edge(parent: str | None, child: str, dep_class: DepClass = DepClass.RDEPEND, atom: str = "") -> Edge:
    """``parent`` (None: the request) asks for ``child``; the atom is the child's name unless given."""
    return Edge(
        parent=key(parent) if parent else None,
        child=key(child),
        atom=atom or package_name(key(child).cpv),
        dep_class=dep_class,
    )


def resolution(
    packages: Iterable[Package],
    edges: Iterable[Edge],
    *,
    boards: tuple[Board, ...] = BOARDS,
    into: Into = Into.IMAGE,
    notices: tuple[Notice, ...] = (),
    **fields: Any,
) -> Resolution:
    """A resolution; the request is what the edges without a parent ask for."""
    edges = tuple(edges)
    atoms = tuple(dict.fromkeys(edge.atom for edge in edges if edge.parent is None))
    defaults: dict[str, Any] = {
        "keywords": (),
        "use": (),
        "rejections": (),
        "manual_work": (),
        "eclass_updates": (),
    }
    return Resolution(
        request=Request(atoms=atoms, into=into),
        boards=boards,
        requested=tuple(
            Requested(atom=atom, dependency=atom, boards=tuple(board.name for board in boards))
            for atom in atoms
        ),
        packages=tuple(packages),
        edges=edges,
        notices=notices,
        **(defaults | fields),
    )


MACHINE = Machine(
    name="vm1",
    board="amd64-usr",
    script="/a.sh",
    port=1,
    acceleration=Acceleration.EMULATION,
    reason="",
    console="",
    started="",
    keep=False,
    directory="/",
)
"""A virtual machine that runs nowhere."""
