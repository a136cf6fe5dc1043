"""What Portage is asked about system extensions and OEMs, and about what only the SDK's own build asks for.

Each is built into a root of its own on top of the image. Those without USE flags are asked about together,
with the image: that is one resolution instead of forty. Where they get in each other's way there, each is
asked about alone.
"""

from __future__ import annotations

from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import Checkout
from overlaytool.flatcar.targets import Target
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.resolution import Board
from overlaytool.model.target import Into, TargetKind
from overlaytool.model.verdict import ComplaintKind, ViewKind
from overlaytool.verify.run import Run

IN_ONE_ROOT = frozenset(
    {ComplaintKind.SLOT_CONFLICT, ComplaintKind.BLOCKER, ComplaintKind.CONFLICT, ComplaintKind.USE}
)
"""What two targets that are never in one root may be blamed for."""


def _on_top(checkout: Checkout, board: Board) -> list[Target]:
    found = targets.read(DiskTree(checkout.path))
    return [target for target in found if target.facts.own_root and target.is_for(board.arch)]


def together(checkout: Checkout, board: Board) -> list[Run]:
    """The run for all that have no USE flags of their own; none where there are no such."""
    atoms = [atom for target in _on_top(checkout, board) if not target.use for atom in target.atoms]
    if not atoms:
        return []
    image = targets.metapackage(Into.IMAGE)
    return [_run((image, *dict.fromkeys(atoms)))]


def with_flags(checkout: Checkout, board: Board) -> list[Run]:
    """A run for each that has USE flags."""
    return [
        _run(target.atoms, target.use, str(target.into)) for target in _on_top(checkout, board) if target.use
    ]


def alone(checkout: Checkout, board: Board) -> list[Run]:
    """A run for each that has no USE flags, on top of the image."""
    image = targets.metapackage(Into.IMAGE)
    return [
        _run((image, *target.atoms), (), str(target.into))
        for target in _on_top(checkout, board)
        if not target.use
    ]


def _run(atoms: tuple[str, ...], use: tuple[str, ...] = (), name: str | None = None) -> Run:
    return Run(view=ViewKind.EXTENSIONS, target="board", atoms=atoms, options={}, use=use, name=name)


def of_sdk_build(checkout: Checkout) -> tuple[str, ...]:
    """What only the SDK's own build asks for by name; the profile's sets are part of every SDK."""
    return tuple(
        atom
        for target in targets.read(DiskTree(checkout.path))
        if target.into.kind is TargetKind.SDK_BUILD
        for atom in target.atoms
        if not atom.startswith("@")
    )
