"""Which lines a request may write into a metapackage: what emerge can satisfy, once, and never itself."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.errors import ConflictError
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.flatcar.order import atom_name
from overlaytool.model.resolution import Notice, Requested, Resolution


def of_request(resolution: Resolution) -> Iterator[Requested]:
    """What is asked for and was found everywhere; of two lines for one package, the one that says more."""
    found = [requested for requested in resolution.requested if _satisfied(resolution, requested)]
    said_more = {atom_name(one.dependency) for one in found if one.dependency != atom_name(one.dependency)}
    yield from (one for one in found if one.dependency not in said_more)


def beside(resolution: Resolution, metapackage: Metapackage) -> Iterator[Notice]:
    """A notice for each line that would be the second one for a package."""
    if resolution.request.update:
        return
    for requested in of_request(resolution):
        other = metapackage.line_beside(requested.dependency)
        if other is not None and not metapackage.holds(requested.dependency):
            yield Notice(
                reference="metapackage-line",
                message=f"{metapackage.file.rpartition('/')[2]} asks for {other} already, which is not"
                f" {requested.dependency}",
                hint=f"change that line to {requested.dependency} by hand, if it is to be exactly that",
            )


def refuse_circle(resolution: Resolution, metapackage: str) -> None:
    """Nothing that depends on a metapackage can be asked for by it.

    :param metapackage: its ``category/name``.
    :raises ConflictError: where the answer has it.
    """
    if resolution.request.update or all(package.name != metapackage for package in resolution.packages):
        return
    atoms = " ".join(resolution.request.atoms)
    raise ConflictError(
        f"{metapackage} cannot ask for {atoms}, which is or needs {metapackage} itself",
        hint="name the packages that it should get; --into names another target",
    )


def _satisfied(resolution: Resolution, requested: Requested) -> bool:
    """Whether every board that is to have it, or the build host, got an ebuild for it."""
    boards = {
        edge.child.board
        for edge in resolution.edges
        if edge.parent is None and atom_name(edge.atom) == atom_name(requested.atom)
    }
    return set(requested.boards or (None,)) <= boards
