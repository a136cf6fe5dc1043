"""What a removal does to the checkout, each part with the proof that nothing needs it."""

from __future__ import annotations

from msgspec import Struct

from overlaytool.model.plan import CheckoutState, ProvidedChange


class RemovedLine(Struct, frozen=True, kw_only=True):
    """A line that asked for a package: of a metapackage, or an entry of a system extension."""

    target: str
    """``image``, ``board``, ``sdk``, ``dev``, ``sysext:zfs``."""
    package: str
    file: str
    """Relative to the checkout, with forward slashes; so are all files below."""
    revision: tuple[int, int] | None
    """The number in a metapackage's symlink before and after; None for a script."""


class RemovedPackage(Struct, frozen=True, kw_only=True):
    """A package directory that goes."""

    package: str
    path: str
    requested: bool
    """Whether it was asked for by name."""
    because: str
    """The proof, in a sentence without a full stop."""


class RemovedEntry(Struct, frozen=True, kw_only=True):
    """A line of a profile's file that goes."""

    package: str
    file: str
    line: int
    """Counted from 1."""
    text: str
    because: str


class RemovedFile(Struct, frozen=True, kw_only=True):
    """An eclass, a licence, a hook, or a directory of patches that goes."""

    name: str
    path: str
    because: str


class Mention(Struct, frozen=True, kw_only=True):
    """A line elsewhere in the repository that still names a removed package, for a person to check."""

    name: str
    file: str
    line: int
    text: str


class Removal(Struct, frozen=True, kw_only=True):
    """What will be done: the pivot between deciding and doing. Schema 1."""

    request: tuple[str, ...]
    boards: tuple[str, ...]
    checkout: CheckoutState
    reason: str | None
    lines: tuple[RemovedLine, ...]
    packages: tuple[RemovedPackage, ...]
    """Those that need others first."""
    provided: tuple[ProvidedChange, ...]
    """Entries that come: what takes the place of a package that something still names."""
    entries: tuple[RemovedEntry, ...]
    hooks: tuple[RemovedFile, ...]
    eclasses: tuple[RemovedFile, ...]
    licenses: tuple[RemovedFile, ...]
    categories: tuple[RemovedEntry, ...]
    """Lines of ``profiles/categories`` that nothing is left of."""
    listed: tuple[str, ...]
    """Entries of the automation list that go."""
    leaves_image: tuple[str, ...]
    """The CPVs that the image loses."""
    mentions: tuple[Mention, ...]
