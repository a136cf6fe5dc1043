"""Gentoo's security advisories (GLSA), and where they apply."""

from __future__ import annotations

from msgspec import Struct


class Range(Struct, frozen=True):
    """One ``<vulnerable>`` or ``<unaffected>``."""

    operator: str
    """``lt``, ``le``, ``eq``, ``ge``, ``gt``; with an ``r`` before it, revisions of the same version only."""
    version: str
    """As written: ``1.2-r3``; with ``eq`` it may end in ``*``."""
    slot: str
    """Slot, or slot and subslot; empty for any."""


class Affected(Struct, frozen=True, kw_only=True):
    """One ``<package>``."""

    package: str
    """``category/name``."""
    arches: tuple[str, ...]
    """Empty for all."""
    vulnerable: tuple[Range, ...]
    unaffected: tuple[Range, ...]


class Advisory(Struct, frozen=True, kw_only=True):
    """One ``glsa-NNNNNN-NN.xml``."""

    id: str
    """``202407-05``."""
    title: str
    file: str
    """Relative to the checkout."""
    affected: tuple[Affected, ...]
    references: tuple[str, ...]
    """CVE names and the like, sorted."""


class Hit(Struct, frozen=True, kw_only=True):
    """An advisory that applies to an ebuild that is selected."""

    advisory: Advisory
    cpv: str
    targets: tuple[str, ...]
    """The targets that have it: ``image``, ``sdk``, ``sysext:zfs``."""
    views: tuple[str, ...]
    """Boards' names, or ``host``."""
    gate: bool
    """Whether the build's own check sees it: it looks at the board root."""
    allowed: bool
    """Whether GLSA_ALLOWLIST names it."""


class Advised(Struct, frozen=True, kw_only=True):
    """What the advisories of a checkout say about what it builds."""

    hits: tuple[Hit, ...]
    """Sorted by advisory and CPV."""
    stale: tuple[str, ...]
    """Ids in GLSA_ALLOWLIST that nothing in the board root needs, in its order."""
    allowlist_file: str
    lines: tuple[tuple[str, int, str], ...]
    """Id, line counted from 1, and text of each entry of GLSA_ALLOWLIST."""
    unreadable: tuple[tuple[str, str], ...]
    """File and reason of advisories that could not be read."""
    read: int
    """How many advisories there are."""

    @property
    def holds(self) -> bool:
        """Whether the build's own check lets the board root pass."""
        return not any(hit.gate and not hit.allowed for hit in self.hits)
