"""What all targets of a checkout select today: image, board packages, SDK, every system extension and OEM."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar import targets
from overlaytool.flatcar.targets import Target
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.dependency import View
from overlaytool.resolve import roots
from overlaytool.resolve.roots import Everything
from overlaytool.resolve.walk import Wanted
from overlaytool.workflow.workspace import Workspace


def everything(space: Workspace) -> Everything[EbuildCandidate]:
    """The closure of everything, on the workspace's boards and the build host; see :mod:`.roots`.

    :raises CheckoutError: when a profile cannot be read.
    """
    with space.progress.task("looking at all targets"):
        return roots.everything(
            space.source, tuple(_wanted(space, targets.read(DiskTree(space.checkout.path))))
        )


def _wanted(space: Workspace, found: tuple[Target, ...]) -> Iterator[Wanted]:
    source = space.source
    for target in found:
        for view in source.views:
            if target.is_for(view.board.arch if view.board else None):
                yield Wanted(
                    target=target.into,
                    view=view,
                    atoms=tuple(source.parse_atom(text) for text in _atoms(space, target, view)),
                    environment=target.flags,
                    own_root=target.facts.own_root,
                )


def _atoms(space: Workspace, target: Target, view: View) -> Iterator[str]:
    """What emerge is asked for, sets of the profile written out."""
    for text in target.atoms:
        if text.startswith("@"):
            yield from space.source.package_set(view, text)
        else:
            yield text
