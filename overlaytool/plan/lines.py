"""Works out the lines that a request adds to its target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from overlaytool.errors import ConflictError
from overlaytool.flatcar import sysext_entry, targets
from overlaytool.flatcar.checkout import Checkout
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import Tree
from overlaytool.model.notices.planning import MangleScript, MetapackageLine
from overlaytool.model.plan import EntryEdit
from overlaytool.model.resolution import NodeKey, Notice, Requested, Resolution
from overlaytool.model.target import Into


def of_request(resolution: Resolution) -> Iterator[Requested]:
    """The requested atoms that were selected wherever they have to be.

    A bare name is left out where another atom of its package says more.
    """
    found = [requested for requested in resolution.requested if _was_selected(resolution, requested)]
    with_more = {atom_name(one.dependency) for one in found if one.dependency != atom_name(one.dependency)}
    yield from (one for one in found if one.dependency not in with_more)


def beside(resolution: Resolution, metapackage: Metapackage | None) -> Iterator[Notice]:
    """A notice for each new line for a package that has a line already."""
    if resolution.request.update or metapackage is None:
        return
    for requested in of_request(resolution):
        other = metapackage.line_beside(requested.dependency)
        if other is not None and not metapackage.holds(requested.dependency):
            file = metapackage.file.rpartition("/")[2]
            yield MetapackageLine(file=file, line=other, dependency=requested.dependency).notice


def entry(tree: Tree, resolution: Resolution, checkout: Checkout) -> EntryEdit | None:
    """The entry of the system extension that gets a request; None where it has every package already.

    :raises CheckoutError: see :func:`overlaytool.flatcar.sysext_entry.edit`.
    """
    into = resolution.request.into
    known = targets.find(tree, into)
    arch = {board.name: board.arch for board in checkout.boards}
    every = {name for name in arch if known is None or known.is_for(arch[name])}
    requested = tuple(of_request(resolution))
    limits = {board for one in requested if not every <= set(one.boards) for board in one.boards}
    atoms = tuple(dict.fromkeys(one.dependency for one in requested))
    return sysext_entry.edit(tree, into, atoms, {arch[board] for board in limits}) if atoms else None


def mangled(tree: Tree, into: Into) -> Iterator[Notice]:
    """A notice of the script that changes what a system extension's packages have installed."""
    script = sysext_entry.mangle_script(tree, into)
    if script is not None:
        yield MangleScript(script=script, target=targets.facts(into).where).notice


def refuse_circle(resolution: Resolution, metapackage: str) -> None:
    """Refuse a request for a package that depends on the metapackage itself.

    :param metapackage: its ``category/name``.
    :raises ConflictError: where the answer has it.
    """
    if resolution.request.update or metapackage not in _reached(resolution):
        return
    atoms = " ".join(resolution.request.atoms)
    raise ConflictError(
        f"{metapackage} cannot ask for {atoms}, which is or needs {metapackage} itself",
        hint="name the packages that it should get; --into names another target",
    )


def _was_selected(resolution: Resolution, requested: Requested) -> bool:
    """Whether every board that is to have it, or the build host, got an ebuild for it."""
    boards = {
        edge.child.board
        for edge in resolution.edges
        if edge.parent is None and atom_name(edge.atom) == atom_name(requested.atom)
    }
    return set(requested.boards or (None,)) <= boards


def _reached(resolution: Resolution) -> set[str]:
    """The names of the packages that the request leads to, without those that depend on them."""
    below: dict[NodeKey | None, list[NodeKey]] = defaultdict(list)
    for edge in resolution.edges:
        below[edge.parent].append(edge.child)
    seen: set[NodeKey] = set()
    pending = list(below[None])
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += below[node]
    return {package.name for package in resolution.packages if package.key in seen}
