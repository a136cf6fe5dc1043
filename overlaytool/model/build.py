"""The build in the SDK container."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.resolution import Into


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
    SYSEXT = "sysext"
    """build_sysext has made a system extension; a run of its own."""


class StageState(StrEnum):
    """How a stage ended."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class StageRecord(Struct, frozen=True, kw_only=True):
    """One stage that was begun."""

    stage: StageName
    state: StageState
    seconds: float
    log: str
    """Path of the file with the stage's whole output."""
    finished: str
    """UTC, ISO 8601."""


class SysextBuild(Struct, frozen=True, kw_only=True):
    """A system extension that is to be made of the request's packages."""

    name: str
    mangle: str | None = None
    """A script of the checkout, relative to it, that changes the files before they are packed."""


class BuildRequest(Struct, frozen=True, kw_only=True):
    """What is to be built in the SDK container."""

    board: str
    atoms: tuple[str, ...]
    """Empty: the metapackage alone."""
    into: Into = Into.IMAGE
    sysext: SysextBuild | None = None


class BuildRun(Struct, frozen=True, kw_only=True):
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


class BuildFailure(Struct, frozen=True, kw_only=True):
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


class ImageReport(Struct, frozen=True, kw_only=True):
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


class ImageGain(Struct, frozen=True, kw_only=True):
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


class BuildResult(Struct, frozen=True, kw_only=True):
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


class Check(Struct, frozen=True, kw_only=True):
    """One thing that a build needs, and what this machine has."""

    name: str
    readiness: Readiness
    found: str
    needed: str
    hint: str | None = None
    """How to get it; None where nothing is to be done."""


class Fault(Struct, frozen=True, kw_only=True):
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
