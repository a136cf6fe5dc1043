"""The chains by which a package gets into the image, into another target, or into a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from overlaytool.flatcar import targets
from overlaytool.model.reached import Use
from overlaytool.model.resolution import DepClass, Edge, Into, NodeKey, Request, Root
from overlaytool.resolve import explain
from overlaytool.resolve.image import RUN_TIME
from overlaytool.resolve.request import known_atom
from overlaytool.workflow.everything import everything
from overlaytool.workflow.planning import asked_of, resolve
from overlaytool.workflow.workspace import Workspace

EVERY_CLASS = frozenset(DepClass)

type Chain = tuple[Edge, ...]
"""Each edge's child is the next one's parent; the first parent is None: the request."""


class Elsewhere(Struct, frozen=True, kw_only=True):
    """Another target that has the package."""

    target: Into
    where: str
    """``the SDK``."""
    chains: tuple[tuple[Edge, ...], ...]
    """A shortest one for each board that has it, or for the build host."""


class Why(Struct, frozen=True, kw_only=True):
    """How a package gets in."""

    package: str
    where: str
    """``the image today``, or the request in words."""
    chains: tuple[tuple[Edge, ...], ...]
    """See :func:`overlaytool.resolve.explain.chains`: what is there at run time asks for it all the way."""
    build_time: tuple[tuple[Edge, ...], ...]
    """Chains in which something needs the next thing only to be built."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """The other targets that have it. Looked for where the image has not got it."""


def why(workspace: Workspace, package: str, atoms: tuple[str, ...], into: Into) -> Why:
    """The chains by which a package gets into the plan for ``atoms``; without any, into the target today."""
    request = Request(atoms=atoms or asked_of(workspace, into), into=into)
    name = known_atom(package, workspace.source).package
    resolution = resolve(workspace, request)
    chains = explain.chains(resolution, name, _counting(into))
    ends = {_end(chain) for chain in chains}
    return Why(
        package=name,
        where=f"the plan for {' '.join(atoms)}" if atoms else f"{targets.facts(into).where} today",
        chains=chains,
        build_time=tuple(chain for chain in explain.chains(resolution, name) if _end(chain) not in ends),
        elsewhere=() if atoms or chains else tuple(_elsewhere(workspace, name, into)),
    )


def _counting(into: Into) -> Collection[DepClass]:
    """The classes by which a package is in a target; the SDK keeps what its own packages are built with."""
    return EVERY_CLASS if targets.facts(into).root is Root.HOST else RUN_TIME


def _end(chain: Chain) -> tuple[NodeKey | None, NodeKey]:
    return chain[-1].parent, chain[-1].child


def _elsewhere(workspace: Workspace, name: str, into: Into) -> Iterator[Elsewhere]:
    every = everything(workspace)
    for target in every.targets:
        if target == into:
            continue
        found = (every.chain(name, target, view.name, _counting(target)) for view in workspace.source.views)
        chains = tuple(tuple(map(_edge, chain)) for chain in found if chain)
        if chains:
            yield Elsewhere(target=target, where=targets.facts(target).where, chains=chains)


def _edge(use: Use) -> Edge:
    parent = _key(use.parent, use.parent_view) if use.parent is not None else None
    return Edge(parent=parent, child=_key(use.cpv, use.view), atom=use.atom, dep_class=use.dep_class)


def _key(cpv: str, view: str | None) -> NodeKey:
    return NodeKey(board=None if view == "host" else view, cpv=cpv)
