"""``audit``: the state of a checkout, and the corrections that are certain.

checkout --check--> findings --fixes--> change set --commit--> series
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from overlaytool.audit import baseline as baselines
from overlaytool.audit.history import History
from overlaytool.audit.run import audit as run_checks
from overlaytool.audit.state import State
from overlaytool.errors import GitError
from overlaytool.git.head import head_commit
from overlaytool.model.finding import Finding
from overlaytool.model.plan import CheckoutState
from overlaytool.workflow.advisories import advised
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace

if TYPE_CHECKING:
    from overlaytool.model.change import ChangeSet
    from overlaytool.model.series import Series

BRANCH = "audit-fixes"


class Audited(Struct, frozen=True, kw_only=True):
    """What an audit found."""

    findings: tuple[Finding, ...]
    """Without those that the baseline has."""
    known: tuple[Finding, ...]
    """Those that it has."""
    checkout: CheckoutState
    boards: tuple[str, ...]


def audit(
    space: Workspace,
    *,
    baseline: Path | None = None,
    only: tuple[str, ...] = (),
    today: date | None = None,
) -> Audited:
    """Look at a checkout as it is on disk. Writes nothing.

    :param baseline: a document of an earlier audit, whose findings are known.
    :param only: the kinds that are wanted; empty for all.
    :param today: what is later has not happened yet; None for the day that it is.
    :raises BaselineError: where the baseline is no such document.
    """
    known = baselines.read(baseline) if baseline else Counter()
    state = State(
        space.checkout,
        space.source,
        today or date.today(),
        partial(everything, space),
        partial(advised, space),
        _history(space),
    )
    found = run_checks(state, space.progress)
    if only:
        found = tuple(finding for finding in found if finding.reference in only)
    new, old = baselines.split(found, known)
    commit = head_commit(space.checkout.path)
    return Audited(
        findings=new,
        known=old,
        checkout=CheckoutState(commit=commit, version=space.checkout.version),
        boards=tuple(board.name for board in space.boards),
    )


def _history(space: Workspace) -> History | None:
    """The checkout's history; None for files without git, and for a part of another repository."""
    try:
        history = History(space.checkout.path, next(iter(space.sources.values()), None))
    except GitError:
        return None
    same = history.repository.top.resolve() == space.checkout.path.resolve()
    return history if same else None


def fixes(space: Workspace, audited: Audited) -> ChangeSet:
    """What the certain corrections change, in memory. Writes nothing."""
    from overlaytool.audit.fixes import fixes as work_out
    from overlaytool.flatcar.tree import DiskTree

    return work_out(audited.findings, DiskTree(space.checkout.path))


def fix(space: Workspace, changes: ChangeSet, branch: str) -> Series:
    """Make the corrections commits on a branch of their own, from the commit that is checked out.

    :raises StaleError: where the audited files are not those of that commit.
    :raises GitError: when the branch is there already, or git refuses.
    """
    from overlaytool.git.repository import Repository
    from overlaytool.series import preflight
    from overlaytool.series.commit import commit

    repository = Repository.open(space.checkout.path)
    preflight.check(repository, branch)
    return commit(repository, changes, base=repository.head(), branch=branch, progress=space.progress)


def sarif(audited: Audited) -> dict[str, object]:
    """The findings as SARIF."""
    from importlib.metadata import version

    from overlaytool.audit.document import to_sarif
    from overlaytool.audit.run import KINDS

    return to_sarif(audited.findings, KINDS, version("overlaytool"))


def page(audited: Audited) -> str:
    """The findings as one HTML file."""
    from overlaytool.audit.document import to_data
    from overlaytool.report.audit import page as make

    return make(
        {
            **to_data(audited.findings),
            "checkout": {"commit": audited.checkout.commit, "version": audited.checkout.version},
            "boards": list(audited.boards),
            "known": len(audited.known),
        }
    )
