"""What is asked, and what was found: the dependency graph over all boards and the build host."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from overlaytool.model.target import Into as Into


class Root(StrEnum):
    """Where a package gets merged: the board root (``/build/<board>``) or the build host (the SDK)."""

    BOARD = "board"
    HOST = "host"


class DepClass(StrEnum):
    """The dependency classes of PMS section 8.1, strongest first: a cycle is cut at the last one."""

    BDEPEND = "BDEPEND"
    DEPEND = "DEPEND"
    IDEPEND = "IDEPEND"
    RDEPEND = "RDEPEND"
    PDEPEND = "PDEPEND"


class Board(Struct, frozen=True, kw_only=True):
    """A Flatcar board, as the checkout's profiles define it."""

    name: str
    """Flatcar's name, ``amd64-usr``."""
    arch: str
    """Gentoo's keyword for it, ``amd64``."""


class Request(Struct, frozen=True, kw_only=True):
    """What the user asked for."""

    atoms: tuple[str, ...]
    """As typed, in the order given."""
    into: Into = Into.IMAGE
    accept_keywords: bool = True
    """Whether a plan may write package.accept_keywords."""
    update: bool = False
    """Whether portage-stable's copies of the requested packages are to be replaced by the sources'."""
    allow_downgrade: bool = False
    """Whether versions and eclasses of the checkout may be replaced by older ones."""
    allow_use: tuple[str, ...] = ()
    """``cat/pn[flag]``: flags that a profile masks or forces and that may be changed."""
    unmask: tuple[str, ...] = ()
    """Atoms whose masks are lifted."""
    provide: tuple[str, ...] = ()
    """CPVs that package.provided gets."""
    reason: str | None = None
    """What the user gives as the reason, for comments, commits and the pull request."""


class State(StrEnum):
    """How a selected package relates to the checkout."""

    PRESENT = "present"
    """The checkout has the ebuild and needs no copy."""
    ADD = "add"
    """Copied; the checkout has no such package."""
    UPDATE = "update"
    """Copied over an older copy in portage-stable."""
    PROVIDED = "provided"
    """A package.provided entry of the profile; nothing is built."""


class Distfile(Struct, frozen=True, kw_only=True):
    """One file of SRC_URI as its Manifest describes it."""

    name: str
    size: int
    """Bytes; 0 where the Manifest does not say."""


class Description(Struct, frozen=True, kw_only=True):
    """What a report shows of an ebuild in one root."""

    slot: str
    subslot: str
    eapi: str
    keywords: tuple[str, ...]
    use: tuple[str, ...]
    """The enabled flags of IUSE, sorted."""
    iuse: tuple[str, ...]
    """All flags of IUSE without their defaults, sorted."""
    license: str
    """LICENSE with its USE conditionals evaluated."""
    description: str
    homepage: str
    distfiles: tuple[Distfile, ...]


class Package(Struct, frozen=True, kw_only=True):
    """One selected ebuild in one root: a node of the dependency graph.

    The build host's packages are the same for every board and stand once, with ``board`` None.
    """

    cpv: str
    board: str | None
    """The board's name for ``Root.BOARD``, None for ``Root.HOST``."""
    root: Root
    state: State
    repository: str
    """Where the ebuild is read: ``portage-stable``, a source, ``package.provided``."""
    about: Description | None = None
    """None for what package.provided has, and where nobody asked for it."""

    @property
    def name(self) -> str:
        """Category and package name without the version, ``sys-process/htop``."""
        return package_name(self.cpv)

    @property
    def key(self) -> NodeKey:
        """What edges refer to."""
        return NodeKey(board=self.board, cpv=self.cpv)


class NodeKey(Struct, frozen=True, kw_only=True, order=True):
    """Identity of a package in a resolution. ``board`` is None on the build host."""

    board: str | None
    cpv: str


class Edge(Struct, frozen=True, kw_only=True):
    """One atom of one package, or of the request (``parent`` None), and the package that satisfies it."""

    parent: NodeKey | None
    child: NodeKey
    atom: str
    dep_class: DepClass
    """How the parent asks; RDEPEND for the request itself, since a metapackage asks that way."""


class RejectionKind(StrEnum):
    """Why a candidate was passed over."""

    VERSION = "version"
    SLOT = "slot"
    USE = "use"
    FIXED = "fixed"
    """The profile masks or forces a flag that is wanted otherwise."""
    KEYWORD = "keyword"
    MASK = "mask"
    LICENSE = "license"
    RESTRICT = "restrict"
    """RESTRICT or PROPERTIES say what the profile does not accept."""
    EAPI = "eapi"
    METADATA = "metadata"
    REQUIRED_USE = "required-use"
    BLOCKED = "blocked"
    CONFLICT = "conflict"
    LIVE = "live"
    OVERLAY = "overlay"
    DEPENDENCY = "dependency"


NO_FLAG = "it has no USE flag "
"""How the reason of a rejection begins where a flag was wanted that an ebuild does not have."""


class Rejection(Struct, frozen=True, kw_only=True):
    """A candidate that was passed over, and the reason in words that can follow ``passed over:``."""

    cpv: str
    repository: str
    kind: RejectionKind
    reason: str
    flags: tuple[str, ...] = ()
    """The USE flags that there are, where one was wanted that is none of them; sorted."""


NOWHERE = "no tree has an ebuild of it"
"""What an error says of an atom whose package is in none of the trees."""
SYNC_REASON = "Keep versions on both arches in sync."
"""The sentence that Flatcar's package.accept_keywords uses for this."""
UNSTABLE_REASON = "No stable keyword yet."
NO_KEYWORD_REASON = "No keyword for this arch yet."
STOCK_REASONS = frozenset({SYNC_REASON, UNSTABLE_REASON, NO_KEYWORD_REASON})
"""What overlaytool writes above an entry by itself: no decision of a person's."""


class KeywordNeed(Struct, frozen=True, kw_only=True):
    """A keyword that has to be accepted for an ebuild to be visible."""

    cpv: str
    keywords: tuple[str, ...]
    """As package.accept_keywords wants them: empty for ~arch on all boards, ``~arm64`` or ``**``."""
    reason: str
    """A sentence for the comment above the entry."""


class UseNeed(Struct, frozen=True, kw_only=True):
    """USE flags that a USE dependency or the request asks for."""

    atom: str
    flags: tuple[str, ...]
    """``flag`` to enable, ``-flag`` to disable; sorted by name."""
    root: Root
    because: Because
    dropped: bool = False
    """Whether they are switched off because what they ask for, ``because.atom``, cannot be had."""


class Because(Struct, frozen=True, kw_only=True):
    """The edge that asked: written out, with the parent's CPV (None: the request)."""

    parent: str | None
    atom: str
    dep_class: DepClass = field(name="class")
    """``class`` in documents."""


class Notice(Struct, frozen=True, kw_only=True):
    """Something that the user should know and that did not stop the work."""

    reference: str
    """A stable word for scripts, ``image-masked``."""
    message: str
    hint: str | None = None


class Requested(Struct, frozen=True, kw_only=True):
    """One atom of the request, under the names that the trees use now."""

    atom: str
    dependency: str
    """What a metapackage has to say for it: the bare name, unless that would take another version."""
    boards: tuple[str, ...]
    """The boards that can have it; empty where it is for the build host."""


class Resolution(Struct, frozen=True, kw_only=True):
    """The answer to a request: a dependency graph over all boards and the build host, and what it takes."""

    request: Request
    boards: tuple[Board, ...]
    requested: tuple[Requested, ...]
    """In the order of the request."""
    packages: tuple[Package, ...]
    """Every package reached, dependencies first; cycles are cut at the weakest dependency class."""
    edges: tuple[Edge, ...]
    """Sorted by parent, class, atom, child."""
    keywords: tuple[KeywordNeed, ...]
    use: tuple[UseNeed, ...]
    eclass_updates: tuple[str, ...]
    """Eclasses of the checkout that have to be replaced by the sources'; sorted."""
    rejections: tuple[Rejection, ...]
    """For every package that is imported or updated, what was passed over in its favour."""
    notices: tuple[Notice, ...]
    manual_work: tuple[Notice, ...]
    """What a person has to do because overlaytool must not: a package that coreos-overlay holds, say."""


def package_name(cpv: str) -> str:
    """Category and package name of a CPV: what is left when the version is cut off (PMS section 3.1.2).

    A version starts at the last hyphen that is followed by a digit, leaving out a revision.
    """
    head, _, tail = cpv.rpartition("-")
    if len(tail) > 1 and tail[0] == "r" and tail[1:].isdigit() and "-" in head:
        version_head, _, version = head.rpartition("-")
        if version[:1].isdigit():
            return version_head
    return head
