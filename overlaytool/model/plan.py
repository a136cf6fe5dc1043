"""What will be done to the checkout."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.notices.planning import ImageMasked
from overlaytool.model.resolution import Because, Into, Notice, Root


class TreeCommit(Struct, frozen=True, kw_only=True):
    """A tree that a plan was made from."""

    name: str
    commit: str | None
    """40 hex digits; None where the tree is no git work tree."""


class CheckoutState(Struct, frozen=True, kw_only=True):
    """The checkout that a plan was made for."""

    commit: str | None
    version: str
    """FLATCAR_VERSION of ``sdk_container/.repo/manifests/version.txt``."""


class Action(StrEnum):
    """What happens to a directory or file of the checkout."""

    ADD = "add"
    UPDATE = "update"


class Selected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What emerge will take for an imported package on one board."""

    cpv: str
    board: str
    root: Root
    replaces: str | None = None
    """The CPV that emerge takes there today, where the import replaces the checkout's copy."""


class Import(Struct, frozen=True, kw_only=True):
    """A package directory that is copied whole."""

    package: str
    action: Action
    source: str
    repository: str
    """Where it goes: ``portage-stable`` from Gentoo, ``coreos-overlay`` from anywhere else."""
    selected: tuple[Selected, ...]
    because: tuple[Because, ...]
    digest: str = ""
    """SHA-256 of all files that are copied, in hex; what is written has to have it. So below."""


class EclassImport(Struct, frozen=True, kw_only=True):
    """An eclass that is copied."""

    name: str
    action: Action
    source: str
    needed_by: tuple[str, ...]
    """CPVs that are copied and inherit it."""
    inherited_by: tuple[str, ...]
    """For an update: the CPVs of the checkout that inherit the eclass that gets replaced."""
    digest: str = ""


class LicenseImport(Struct, frozen=True, kw_only=True):
    """A licence text that is copied."""

    name: str
    source: str
    needed_by: tuple[str, ...]
    digest: str = ""


class KeywordChange(Struct, frozen=True, kw_only=True):
    """A line of package.accept_keywords."""

    atom: str
    keywords: tuple[str, ...]
    file: str
    """Relative to the checkout, with forward slashes; so are all files below."""
    comment: str


class UseChange(Struct, frozen=True, kw_only=True):
    """A line of package.use."""

    atom: str
    flags: tuple[str, ...]
    file: str
    because: Because
    comment: str


class MaskAction(StrEnum):
    """What happens to a line that masks or forces something."""

    ADD = "add"
    """A line that takes the mask back is put in."""
    REMOVE = "remove"
    """The line goes, or what it says of some flags."""
    NARROW = "narrow"
    """It goes to a profile that fewer views have."""


class MaskChange(Struct, frozen=True, kw_only=True):
    """A line of package.unmask, or one about a masked or forced USE flag (PMS sections 5.2.8, 5.2.11)."""

    atom: str
    flags: tuple[str, ...]
    """As the line has them, ``-nls`` where it takes a mask back; empty in package.unmask."""
    file: str
    action: MaskAction
    to: str | None
    """Where a line goes that is narrowed."""
    comment: str


class ProvidedChange(Struct, frozen=True, kw_only=True):
    """A line of package.provided: emerge takes the package for installed."""

    cpv: str
    file: str
    comment: str


class ArchLine(Struct, frozen=True, kw_only=True):
    """A line of a metapackage that stands in an ``amd64? ( )`` group."""

    atom: str
    arch: str


class MetapackageEdit(Struct, frozen=True, kw_only=True):
    """New lines in a metapackage's RDEPEND (DEPEND for the SDK), and its revision bump."""

    file: str
    """The plain ebuild, ``coreos-0.0.1.ebuild``, that the revision symlink points at."""
    added: tuple[str, ...]
    """Every new atom, once, in the order of the request."""
    arch_only: tuple[ArchLine, ...]
    """Those of ``added`` that not all boards can have."""
    revision: tuple[int, int]
    """The number in the symlink's name before and after; the same where an uncommitted run bumped it."""


class EntryEdit(Struct, frozen=True, kw_only=True):
    """An entry of a script's list: what a system extension is made of."""

    file: str
    before: str | None
    """The entry as it stands; None for a new one."""
    after: str
    added: tuple[str, ...]
    """The packages that it gets."""


class Plan(Struct, frozen=True, kw_only=True):
    """What will be done to the checkout: the pivot between deciding and doing. Schema 2 of the contract."""

    request: tuple[str, ...]
    into: Into
    boards: tuple[str, ...]
    checkout: CheckoutState
    sources: tuple[TreeCommit, ...]
    imports: tuple[Import, ...]
    """Dependencies first."""
    eclasses: tuple[EclassImport, ...]
    licenses: tuple[LicenseImport, ...]
    keywords: tuple[KeywordChange, ...]
    use: tuple[UseChange, ...]
    metapackage: MetapackageEdit | None
    """None where the metapackage has every requested package already, and for a system extension."""
    present: tuple[str, ...]
    new_in_image: tuple[str, ...]
    warnings: tuple[Notice, ...]
    manual_work: tuple[Notice, ...]
    masks: tuple[MaskChange, ...] = ()
    provided: tuple[ProvidedChange, ...] = ()
    reason: str | None = None
    """What the user gave as the reason for all of it."""
    entry: EntryEdit | None = None
    """For a system extension; None where it has every requested package already."""
    up_to_date: tuple[str, ...] = ()
    """CPVs that an update would bring, and whose files the checkout has already."""

    @property
    def asked_for(self) -> tuple[str, ...]:
        """The atoms that the target newly asks for."""
        if self.metapackage is not None:
            return self.metapackage.added
        return self.entry.added if self.entry is not None else ()

    @property
    def refused_by_image(self) -> bool:
        """Whether build_image will end with an error: the production image masks what it would get."""
        return any(notice.reference == ImageMasked.reference for notice in self.warnings)
