"""What changes on disk, file by file, and what was taken back."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.plan import Action, Plan, TreeCommit
from overlaytool.model.series import Series


class StepKind(StrEnum):
    """What a step of a plan touches: one commit each, in this order within a plan."""

    ECLASS = "eclass"
    LICENSE = "license"
    PACKAGE = "package"
    KEYWORDS = "keywords"
    USE = "use"
    MASKS = "masks"
    PROVIDED = "provided"
    METAPACKAGE = "metapackage"
    ENTRY = "entry"
    AUTOMATION = "automation"
    CHANGELOG = "changelog"
    REMOVAL = "removal"
    FIX = "fix"


class FileChange(Struct, frozen=True, kw_only=True):
    """One path of the checkout before and after. Contents are bytes; a symlink's content is its target."""

    path: str
    before: FileState | None
    """None: the path does not exist."""
    after: FileState | None
    """None: the path is deleted."""


class FileState(Struct, frozen=True, kw_only=True):
    """A file as git sees it."""

    mode: int
    """One of git's: 0o100644, 0o100755, 0o120000."""
    content: bytes


class Step(Struct, frozen=True, kw_only=True):
    """One self-contained change: what becomes one commit."""

    kind: StepKind
    action: Action
    subject: str
    """What it is about: ``sys-process/htop``, ``eclass/foo``, ``licenses/MIT-0``."""
    source: TreeCommit | None
    """The tree that it was copied from, where it was copied."""
    changes: tuple[FileChange, ...]
    """Sorted by path. A path that an earlier step changed too starts from that step's ``after``."""
    message: str | None = None
    """Subject and body of its commit, where they are not read off the changes."""


class ChangeSet(Struct, frozen=True, kw_only=True):
    """A plan, worked out down to bytes: apply writes it into the work tree, commit into git objects."""

    plan: Plan | None = None
    """None where it does not come from a plan that imports."""
    steps: tuple[Step, ...]
    about: tuple[str, ...] = ()
    """The command and its packages; empty for those of the plan."""

    @property
    def request(self) -> tuple[str, ...]:
        """What was asked for, in words of the command line."""
        return self.about or (self.plan.request if self.plan else ())

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


class Done(Struct, frozen=True, kw_only=True):
    """Something that overlaytool did to a checkout and can take back: files that it wrote, or a branch."""

    number: str
    """Later ones have higher numbers."""
    started: str
    """UTC, ISO 8601."""
    request: tuple[str, ...]
    """What had been asked for."""
    removed: tuple[str, ...] = ()
    """Files that it made: they go."""
    restored: tuple[str, ...] = ()
    """Files that it replaced or deleted: they come back."""
    series: Series | None = None
    """The branch that it made instead."""


class Recovery(Struct, frozen=True, kw_only=True):
    """A change to a checkout that had been cut short and was taken back."""

    started: str
    """When it was begun: UTC, ISO 8601."""
    request: tuple[str, ...]
    """What had been asked for."""
    restored: tuple[str, ...]
    """Paths that are again what they were; empty where nothing had been changed yet."""
