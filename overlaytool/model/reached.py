"""What the closure of everything says: who asks for a package, what is missing, what collides."""

from __future__ import annotations

from msgspec import Struct

from overlaytool.model.resolution import DepClass, Rejection
from overlaytool.model.target import Into


class Use(Struct, frozen=True, kw_only=True):
    """One edge: who asks for a package, how, and what is selected for it."""

    parent: str | None
    """The CPV that asks; None: the target itself."""
    parent_view: str | None
    atom: str
    dep_class: DepClass
    cpv: str
    view: str
    """Where it is merged: a board's name, or ``host``."""


class Missing(Struct, frozen=True, kw_only=True):
    """An atom that nothing satisfies."""

    targets: tuple[Into, ...]
    """The targets that reach who asks."""
    view: str
    atom: str
    parent: str | None
    """The CPV that asks; None: the targets themselves."""
    dep_class: DepClass
    reason: str | None
    """What is wrong where no atom can be read; None: see ``rejections``."""
    rejections: tuple[Rejection, ...]


class SlotClash(Struct, frozen=True, kw_only=True):
    """Two ebuilds of a package that are both wanted in one slot of one root."""

    targets: tuple[Into, ...]
    view: str
    selected: str
    """The CPV that fills the slot."""
    wanted: str
    """The CPV that is also wanted."""
    atom: str
    parent: str | None
