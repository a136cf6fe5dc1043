"""What was committed, pushed or synced, and what is known of it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.plan import Plan
from overlaytool.model.resolution import Resolution


class SeriesCommit(Struct, frozen=True, kw_only=True):
    """One commit of a series."""

    commit: str
    """In hex."""
    subject: str
    step: str | None
    """The `Step.subject` that it was made from; None for a commit that somebody else put on the branch."""


class Series(Struct, frozen=True, kw_only=True):
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


class TreePath(Struct, frozen=True, kw_only=True):
    """Where a tree to import from is on this machine."""

    name: str
    path: str
    """Absolute."""


class SeriesRecord(Struct, frozen=True, kw_only=True):
    """How a series came about: kept in the git directory, to write its pull request and to make it again."""

    series: Series
    """As it was made. What the branch holds by now is read from the branch."""
    plan: Plan
    resolution: Resolution
    trees: tuple[TreePath, ...]
    """The trees that it was imported from, in order of preference."""
    superseded: tuple[str, ...] = ()
    """Tips that the branch had before it was made again: a push may replace these and no others."""


class Rebase(Struct, frozen=True, kw_only=True):
    """What came of making a series again on a newer base."""

    old_base: str
    new_base: str
    series: Series | None
    """The series on the new base; None where the plan came out differently there and nothing was done."""
    differences: tuple[str, ...]
    """What is now different, a line each; empty where the series was made again."""


class Pushed(Struct, frozen=True, kw_only=True):
    """A branch on a remote, and how its pull request is opened."""

    remote: str
    url: str
    already: bool
    """Whether the remote had it before."""
    command: tuple[str, ...] | None
    """The command that opens the pull request; None where the remote is not on GitHub."""
    page: str | None
    """The page that does the same in a browser."""


class WrittenSeries(Struct, frozen=True, kw_only=True):
    """What `pr` has written and done."""

    title: str
    series: Series
    directory: str
    patches: tuple[str, ...]
    """Paths, in the order in which ``git am`` wants them."""
    diff: str
    """Path of the series as one diff."""
    text: str
    """Path of the pull request's text."""
    pushed: Pushed | None = None
    opened: str | None = None
    """The address of the pull request, where it was opened."""


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


class Synced(Struct, frozen=True, kw_only=True):
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
    BOOT = "boot"


class Outcome(StrEnum):
    """How a try ended."""

    PASSED = "passed"
    FAILED = "failed"


class Evidence(Struct, frozen=True, kw_only=True):
    """The result of one run of one stage, for the text of the pull request."""

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
