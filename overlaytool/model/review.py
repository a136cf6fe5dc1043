"""What a branch does to a checkout, package by package: two answers compared."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.resolution import Notice


class PackageChange(StrEnum):
    """What became of a package. In the order in which a reviewer wants to see them."""

    DOWNGRADED = "downgraded"
    """Some view selects an older version than before."""
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    """From one of the checkout's repositories to the other."""
    UPDATED = "updated"
    CHANGED = "changed"
    """The same version, other contents or metadata."""
    FILES = "files"
    """Ebuilds came or went that no view selects."""


class FieldChange(Struct, frozen=True, kw_only=True):
    """What changed in one metadata variable, item by item."""

    field: str
    """``RDEPEND``, ``IUSE``, ``INHERITED``, ..."""
    removed: tuple[str, ...]
    added: tuple[str, ...]


class VersionChange(Struct, frozen=True, kw_only=True):
    """Two versions of a package, as some views had them before and after."""

    old: str | None
    """Version and revision; None where it was not selected."""
    new: str | None
    views: tuple[str, ...]
    """Boards, and ``host``, that see this change; sorted."""
    targets: tuple[str, ...]
    """Where the package ends up, in the changelog's words: ``base``, ``SDK``, ``sysext-zfs``; sorted."""
    fields: tuple[FieldChange, ...] = ()
    """In the order of PMS section 7. Without what stands in ``eclass_only`` and ``noise``."""
    eclass_only: tuple[str, ...] = ()
    """Items that come through an eclass: neither ebuild's own text names them."""
    noise: tuple[str, ...] = ()
    """What is seldom worth a look: verify-sig and autotools dependencies."""


class Occurrence(Struct, frozen=True, kw_only=True):
    """A place of the repository outside of the package that names it."""

    file: str
    line: int
    text: str


class PackageReview(Struct, frozen=True, kw_only=True):
    """One package."""

    package: str
    change: PackageChange
    repository: str
    """Where it is after; before, for a package that is gone."""
    versions: tuple[VersionChange, ...]
    ebuilds_added: tuple[str, ...]
    """Versions."""
    ebuilds_removed: tuple[str, ...]
    ebuilds_changed: tuple[str, ...]
    files_added: tuple[str, ...]
    """Other files of the package's directory, relative to it."""
    files_removed: tuple[str, ...]
    files_changed: tuple[str, ...]
    occurrences: tuple[Occurrence, ...]


class EclassReview(Struct, frozen=True, kw_only=True):
    """An eclass that came, went or changed."""

    name: str
    repository: str
    change: PackageChange
    diff: str
    """Unified."""
    inherited_by: tuple[str, ...]
    """The packages of the checkout whose selected versions inherit it; sorted."""


class TargetChange(Struct, frozen=True, kw_only=True):
    """What one target in one view gains and loses."""

    target: str
    view: str
    gained: tuple[str, ...]
    """CPVs of packages that it did not have in any version; sorted."""
    lost: tuple[str, ...]
    differing: tuple[tuple[str, str], ...] = ()
    """CPVs before and after of one package."""


class Skew(Struct, frozen=True, kw_only=True):
    """A package whose views select different versions after the change and did not before."""

    package: str
    versions: tuple[tuple[str, str], ...]
    """View and version."""


class AdvisoryChange(Struct, frozen=True, kw_only=True):
    """An advisory that the change closes or opens."""

    advisory: str
    """``202405-12``."""
    title: str
    opened: bool
    packages: tuple[str, ...]
    """CPVs that it applies to: after where it is opened, before where it is closed; sorted."""
    targets: tuple[str, ...] = ()
    """The targets that have them, in the changelog's words; sorted."""
    references: tuple[str, ...] = ()
    """CVE names and the like."""


class ProfileChange(Struct, frozen=True, kw_only=True):
    """Other files that changed: profiles, licences, scripts."""

    kind: str
    """``profiles``, ``patches``, ``hooks``, ``licenses``, ``advisories``, ``scripts``, ``changelog`` or
    ``other``."""
    files: tuple[str, ...]
    diff: str
    """Unified; empty where it is not worth the room."""


class Review(Struct, frozen=True, kw_only=True):
    """What a branch does."""

    base: str
    """Commit, in hex."""
    tip: str
    subjects: tuple[str, ...]
    """Of the commits, oldest first."""
    packages: tuple[PackageReview, ...]
    """Downgrades first, then as :class:`PackageChange` has it; by name within."""
    eclasses: tuple[EclassReview, ...]
    targets: tuple[TargetChange, ...]
    skews: tuple[Skew, ...]
    profiles: tuple[ProfileChange, ...]
    advisories: tuple[AdvisoryChange, ...]
    unsatisfied: tuple[str, ...]
    """Dependencies that nothing satisfies after the change and that something satisfied before."""
    notices: tuple[Notice, ...]
