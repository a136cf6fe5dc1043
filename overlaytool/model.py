"""Every record, in pipeline order: request, resolution, plan, change set, series. No I/O.

A record is frozen plain data. Collections are tuples in a stated order, so that the same trees and
the same request give the same bytes wherever a record is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# --- what is asked --------------------------------------------------------------------------------


class Into(StrEnum):
    """The metapackage that gets the request."""

    IMAGE = "image"
    BOARD = "board"
    SDK = "sdk"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A Flatcar board, as the checkout's profiles define it."""

    name: str
    """Flatcar's name, ``amd64-usr``."""
    arch: str
    """Gentoo's keyword for it, ``amd64``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for."""

    atoms: tuple[str, ...]
    """As typed, in the order given."""
    into: Into = Into.IMAGE
    accept_keywords: bool = True
    """Whether a plan may write package.accept_keywords."""
    update: bool = False
    """Whether portage-stable's copies of the requested packages are to be replaced by the sources'."""


# --- what was found -------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Distfile:
    """One file of SRC_URI as its Manifest describes it."""

    name: str
    size: int
    """Bytes; 0 where the Manifest does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
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
    inherited: tuple[str, ...]
    distfiles: tuple[Distfile, ...]

    @property
    def name(self) -> str:
        """Category and package name without the version, ``sys-process/htop``."""
        return package_name(self.cpv)

    @property
    def key(self) -> NodeKey:
        """What edges refer to."""
        return NodeKey(board=self.board, cpv=self.cpv)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NodeKey:
    """Identity of a package in a resolution. ``board`` is None on the build host."""

    board: str | None
    cpv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
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
    KEYWORD = "keyword"
    MASK = "mask"
    LICENSE = "license"
    EAPI = "eapi"
    METADATA = "metadata"
    REQUIRED_USE = "required-use"
    BLOCKED = "blocked"
    CONFLICT = "conflict"
    LIVE = "live"
    OVERLAY = "overlay"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A candidate that was passed over, and the reason in words that can follow ``passed over:``."""

    cpv: str
    repository: str
    kind: RejectionKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordNeed:
    """A keyword that has to be accepted for an ebuild to be visible."""

    cpv: str
    keywords: tuple[str, ...]
    """As package.accept_keywords wants them: empty for ~arch on all boards, ``~arm64`` or ``**``."""
    reason: str
    """A sentence for the comment above the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseNeed:
    """USE flags that a USE dependency or the request asks for."""

    atom: str
    flags: tuple[str, ...]
    """``flag`` to enable, ``-flag`` to disable; sorted by name."""
    root: Root
    because: Because


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """The edge that asked: written out, with the parent's CPV (None: the request)."""

    parent: str | None
    atom: str
    dep_class: DepClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the user should know and that did not stop the work."""

    reference: str
    """A stable word for scripts, ``image-masked``."""
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """One atom of the request, under the names that the trees use now."""

    atom: str
    dependency: str
    """What a metapackage has to say for it: the bare name, unless that would take another version."""
    boards: tuple[str, ...]
    """The boards that can have it; empty where it is for the build host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
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


# --- what is to be done ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCommit:
    """A tree that a plan was made from."""

    name: str
    commit: str | None
    """40 hex digits; None where the tree is no git work tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """The checkout that a plan was made for."""

    commit: str | None
    version: str
    """FLATCAR_VERSION of ``sdk_container/.repo/manifests/version.txt``."""


class Action(StrEnum):
    """What happens to a directory or file of the checkout."""

    ADD = "add"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What emerge will take for an imported package on one board."""

    cpv: str
    board: str
    root: Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A package directory that is copied whole."""

    package: str
    action: Action
    source: str
    repository: str
    """Where it goes: ``portage-stable`` from Gentoo, ``coreos-overlay`` from anywhere else."""
    selected: tuple[Selected, ...]
    because: tuple[Because, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EclassImport:
    """An eclass that is copied."""

    name: str
    action: Action
    source: str
    needed_by: tuple[str, ...]
    """CPVs that are copied and inherit it."""
    inherited_by: tuple[str, ...]
    """For an update: the CPVs of the checkout that inherit the eclass that gets replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseImport:
    """A licence text that is copied."""

    name: str
    source: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordChange:
    """A line of package.accept_keywords."""

    atom: str
    keywords: tuple[str, ...]
    file: str
    """Relative to the checkout, with forward slashes; so are all files below."""
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseChange:
    """A line of package.use."""

    atom: str
    flags: tuple[str, ...]
    file: str
    because: Because


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchLine:
    """A line of a metapackage that stands in an ``amd64? ( )`` group."""

    atom: str
    arch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetapackageEdit:
    """New lines in a metapackage's RDEPEND (DEPEND for the SDK), and its revision bump."""

    file: str
    """The plain ebuild, ``coreos-0.0.1.ebuild``, that the revision symlink points at."""
    added: tuple[str, ...]
    """Every new atom, once, in the order of the request."""
    arch_only: tuple[ArchLine, ...]
    """Those of ``added`` that not all boards can have."""
    revision: tuple[int, int]
    """The number in the symlink's name before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done to the checkout: the pivot between deciding and doing. Schema 1 of the contract."""

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
    """None where the metapackage has every requested package already."""
    present: tuple[str, ...]
    new_in_image: tuple[str, ...]
    warnings: tuple[Notice, ...]
    manual_work: tuple[Notice, ...]


# --- what changes on disk -------------------------------------------------------------------------


class StepKind(StrEnum):
    """What a step of a plan touches: one commit each, in this order within a plan."""

    ECLASS = "eclass"
    LICENSE = "license"
    PACKAGE = "package"
    KEYWORDS = "keywords"
    USE = "use"
    METAPACKAGE = "metapackage"
    AUTOMATION = "automation"
    CHANGELOG = "changelog"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path of the checkout before and after. Contents are bytes; a symlink's content is its target."""

    path: str
    before: FileState | None
    """None: the path does not exist."""
    after: FileState | None
    """None: the path is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as git sees it."""

    mode: int
    """One of git's: 0o100644, 0o100755, 0o120000."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One self-contained change: what becomes one commit."""

    kind: StepKind
    action: Action
    subject: str
    """What it is about: ``sys-process/htop``, ``eclass/foo``, ``licenses/MIT-0``."""
    source: TreeCommit | None
    """The tree that it was copied from, where it was copied."""
    changes: tuple[FileChange, ...]
    """Sorted by path. A path that an earlier step changed too starts from that step's ``after``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A plan, worked out down to bytes: apply writes it into the work tree, commit into git objects."""

    plan: Plan
    steps: tuple[Step, ...]

    @property
    def net(self) -> tuple[FileChange, ...]:
        """The steps added up: one change a path, first ``before`` to last ``after``, sorted."""
        total: dict[str, FileChange] = {}
        for step in self.steps:
            for change in step.changes:
                first = total.get(change.path)
                before = first.before if first else change.before
                total[change.path] = FileChange(path=change.path, before=before, after=change.after)
        return tuple(total[path] for path in sorted(total) if total[path].before != total[path].after)


# --- what was committed, and what is known of it ---------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCommit:
    """One commit of a series."""

    commit: str
    """In hex."""
    subject: str
    step: str | None
    """The `Step.subject` that it was made from; None for a commit that somebody else put on the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A change set as commits on a branch of its own."""

    branch: str
    base: str
    """The commit that it starts from, in hex."""
    base_branch: str | None
    """The branch that was checked out when it was made; None for a detached HEAD."""
    commits: tuple[SeriesCommit, ...]
    """Oldest first."""
    found: bool = False
    """Whether the branch had the series already and nothing was added."""

    @property
    def tip(self) -> str:
        """The last commit."""
        return self.commits[-1].commit


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePath:
    """Where a tree to import from is on this machine."""

    name: str
    path: str
    """Absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRecord:
    """How a series came about: kept in the git directory, to write its pull request and to make it again."""

    series: Series
    """As it was made. What the branch holds by now is read from the branch."""
    plan: Plan
    resolution: Resolution
    trees: tuple[TreePath, ...]
    """The trees that it was imported from, in order of preference."""
    superseded: tuple[str, ...] = ()
    """Tips that the branch had before it was made again: a push may replace these and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase:
    """What came of making a series again on a newer base."""

    old_base: str
    new_base: str
    series: Series | None
    """The series on the new base; None where the plan came out differently there and nothing was done."""
    differences: tuple[str, ...]
    """What is now different, a line each; empty where the series was made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A branch on a remote, and how its pull request is opened."""

    remote: str
    url: str
    already: bool
    """Whether the remote had it before."""
    command: tuple[str, ...] | None
    """The command that opens the pull request; None where the remote is not on GitHub."""
    page: str | None
    """The page that does the same in a browser."""


class SyncState(StrEnum):
    """What `sync` did with a tree."""

    CLONED = "cloned"
    REFRESHED = "refreshed"
    CURRENT = "current"
    """It has the newest commit already."""
    KEPT = "kept"
    """The user keeps it; it is left alone."""
    OFFLINE = "offline"
    """The remote could not be reached; the clone is used as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """A tree to import from, after `sync`."""

    name: str
    path: str
    commit: str | None
    state: SyncState
    reason: str | None = None
    """For ``offline``: what git said."""


class Stage(StrEnum):
    """What can be tried on a changed checkout, in the order of cost."""

    VERIFY = "verify"
    EMERGE = "emerge"
    IMAGE = "image"
    SYSEXT = "sysext"
    VM = "vm"


class Outcome(StrEnum):
    """How a try ended."""

    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one run of one stage really said, for the text of the pull request."""

    stage: Stage
    command: str
    """As a person would type it again."""
    outcome: Outcome
    summary: str
    """One line."""
    output: str
    """An excerpt that a reviewer wants to see; the whole is in a log."""
    tree: str
    """git's name for ``sdk_container/src/third_party`` when the stage ran: this very content was tried."""
    when: str
    """UTC, ISO 8601 to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A change to a checkout that had been cut short and was taken back."""

    started: str
    """When it was begun: UTC, ISO 8601."""
    request: tuple[str, ...]
    """What had been asked for."""
    restored: tuple[str, ...]
    """Paths that are again what they were; empty where nothing had been changed yet."""


# --- what Portage's own resolver says --------------------------------------------------------------


class ViewKind(StrEnum):
    """From where Portage looks at the checkout."""

    BOARD = "board"
    """The board root, with the build host beside it for BDEPEND and IDEPEND."""
    PRODUCTION = "production"
    """The image: binary packages of the board's view, under the production profile's masks."""
    HOST = "host"
    """The build host alone: what the SDK gets."""


class ComplaintKind(StrEnum):
    """What keeps emerge from going on."""

    NO_EBUILD = "no-ebuild"
    """Nothing has the name, version and slot of an atom."""
    MASKED = "masked"
    KEYWORD = "keyword"
    LICENSE = "license"
    USE = "use"
    REQUIRED_USE = "required-use"
    SLOT_CONFLICT = "slot-conflict"
    BLOCKER = "blocker"
    ECLASS = "eclass"
    """An ebuild inherits an eclass that is not there."""
    EBUILD = "ebuild"
    """An ebuild dies when it is sourced, or its metadata is not valid."""
    EAPI = "eapi"
    """The Portage that was asked does not know the EAPI."""
    CIRCULAR = "circular"
    """A cycle of build dependencies that nothing can break, since all of it is new."""
    CONFLICT = "conflict"
    """Portage passed over all candidates, since each would be in the way of something else."""
    SELECTION = "selection"
    """Portage takes another ebuild than the plan says, or none."""
    PORTAGE = "portage"
    """Anything else: Portage's own words are all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that Portage does not accept, in one view."""

    kind: ComplaintKind
    view: ViewKind
    board: str | None
    """None in the build host's own view."""
    root: Root
    """Where the package would be merged."""
    atom: str | None
    cpvs: tuple[str, ...]
    """The ebuilds that it is about: the parties of a conflict, the cycle, the ebuild that dies."""
    rejections: tuple[str, ...]
    """What was passed over, a line each: ``dev-libs/b-2::portage-stable: keyword ~arm64``."""
    needs: tuple[str, ...]
    """What would have to change: keywords, licences or USE flags, as the configuration files want them."""
    required_by: tuple[str, ...]
    """From the package that asks up to the request."""
    message: str
    """One line."""
    hint: str
    step: str | None
    """The `Step.subject` of the plan that it concerns; None where no step does."""
    before: bool = False
    """Whether it was there before the plan; such a complaint fails nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedView:
    """One view, and how it came out."""

    view: ViewKind
    board: str | None
    atoms: tuple[str, ...]
    packages: int
    """How many packages Portage would merge, in all roots. 0 where it could not say."""
    judged: bool
    """False for a production image whose board does not resolve: there are no packages to put into it."""
    complete: bool
    """False when there may be more complaints than were found, since Portage stops at the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unneeded:
    """An imported package without which everything resolves as well."""

    package: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Portage's own resolver says about a checkout."""

    atoms: tuple[str, ...]
    """What was asked for; empty for the checkout as it is."""
    portage: str
    """The version that was asked."""
    base: str | None
    """The commit that complaints were compared with; None when there was nothing to compare."""
    views: tuple[JudgedView, ...]
    complaints: tuple[Complaint, ...]
    """By view, those that the plan brought first."""
    unneeded: tuple[Unneeded, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing new stands in the way."""
        judged = all(view.judged or self._explained(view) for view in self.views)
        return judged and not self.unneeded and all(complaint.before for complaint in self.complaints)

    def _explained(self, view: JudgedView) -> bool:
        """Whether a view was left out for complaints of its board."""
        return any(complaint.board == view.board for complaint in self.complaints)


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


# --- the build in the SDK container ---------------------------------------------------------------


class StageName(StrEnum):
    """The stages of a build, in order."""

    START = "start"
    """The container exists, runs, and sees this checkout."""
    EMERGE = "emerge"
    """The requested packages are built into the board root."""
    METAPACKAGE = "metapackage"
    """The metapackage is built, with binary packages of everything that the image takes."""
    IMAGE = "image"
    """build_image has made the disk image and its reports."""
    VM_IMAGE = "vm-image"
    """image_to_vm.sh has made a disk and a start script for QEMU."""


class StageState(StrEnum):
    """How a stage ended."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """One stage that was begun."""

    stage: StageName
    state: StageState
    seconds: float
    log: str
    """Path of the file with the stage's whole output."""
    finished: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What is to be built in the SDK container."""

    board: str
    atoms: tuple[str, ...]
    """Empty: the metapackage alone."""
    into: Into = Into.IMAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRun:
    """One run through the stages, as its state file keeps it."""

    request: BuildRequest
    container: str
    container_id: str
    """The engine's id: a container that was made anew has nothing of what was done in the old one."""
    build_id: str
    """FLATCAR_BUILD_ID: one for all stages, or the image and its sysexts disagree about their version."""
    fingerprint: str
    """Of the checkout's commit and of what is changed in its work tree."""
    stages: tuple[StageRecord, ...]
    """The last record of each stage, in stage order."""

    def record(self, stage: StageName) -> StageRecord | None:
        """How that stage ended the last time, None when it was not begun."""
        return next((record for record in self.stages if record.stage is stage), None)

    def done(self, stage: StageName) -> bool:
        """Whether that stage has been done in this run."""
        record = self.record(stage)
        return record is not None and record.state is StageState.DONE


class FailureKind(StrEnum):
    """Why a stage failed."""

    EBUILD = "ebuild"
    """A phase of an ebuild died."""
    MISSING_DEPENDENCY = "missing-dependency"
    MISSING_ECLASS = "missing-eclass"
    MASKED = "masked"
    USE_CHANGE = "use-change"
    CONFLICT = "conflict"
    FETCH = "fetch"
    DIGEST = "digest"
    FILE_COLLISION = "file-collision"
    """Two packages install one path."""
    ROOT_CHECK = "root-check"
    """test_image_content found paths that cannot be in an image."""
    NO_BINARY_PACKAGE = "no-binary-package"
    NO_SPACE = "no-space"
    CONTAINER_GONE = "container-gone"
    ENGINE_GONE = "engine-gone"
    SCRIPT = "script"
    """One of the checkout's scripts refused, and said so."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """Why a stage failed, and what to do next."""

    kind: FailureKind
    summary: str
    """One line, no full stop."""
    package: str | None = None
    """The CPV or atom that it is about."""
    excerpt: tuple[str, ...] = ()
    """The lines of the output that say it."""
    build_log: str | None = None
    """The package's build log, as a path in the container."""
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """What build_image's reports say of one image."""

    version: str
    packages: tuple[str, ...]
    """``category/name-version::repository``, sorted."""
    files: tuple[tuple[str, int], ...]
    """Paths in the image and their sizes in bytes, sorted by path; a further hard link has size 0."""
    licenses: tuple[str, ...]
    """Names of licences, sorted."""

    @property
    def size(self) -> int:
        """Bytes in files."""
        return sum(size for _, size in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGain:
    """What an image has that the one before it had not. Sizes in bytes."""

    before: str
    """Version of the image before."""
    packages_added: tuple[str, ...]
    packages_removed: tuple[str, ...]
    files_added: tuple[tuple[str, int], ...]
    files_removed: tuple[str, ...]
    size_before: int
    size_after: int
    licenses_added: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A run that got through all of its stages."""

    run: BuildRun
    image: str | None
    """The directory on this machine with the image, None where none was asked for."""
    report: ImageReport | None
    gain: ImageGain | None
    """None for the first image of a board."""


class Readiness(StrEnum):
    """A line of `doctor`."""

    OK = "ok"
    WARNING = "warning"
    """The build may work, more slowly or with less."""
    MISSING = "missing"
    """The build cannot work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a build needs, and what this machine has."""

    name: str
    readiness: Readiness
    found: str
    needed: str
    hint: str | None = None
    """How to get it; None where nothing is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A known fault of a checkout's own scripts."""

    name: str
    file: str
    """Relative to the checkout."""
    summary: str
    commit_message: str
    """What the repair's commit says."""
    before: str
    after: str
    """The file's text before and after the repair."""
