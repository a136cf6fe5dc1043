"""From a request to a merged pull request: one function per command, on top of `workflow`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from overlaytool import workflow
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import GitError, OutputError, RepositoryError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import TREES
from overlaytool.git.repository import Repository
from overlaytool.git.tree_lock import reading
from overlaytool.model.change import ChangeSet
from overlaytool.model.plan import Plan
from overlaytool.model.resolution import Notice, Request, Resolution
from overlaytool.model.series import Pushed, Rebase, Series, SeriesRecord, TreePath
from overlaytool.plan import compare
from overlaytool.series import patches, pull_request, remote
from overlaytool.series import preflight as ready
from overlaytool.series import provenance as cited
from overlaytool.series import store as record
from overlaytool.series.commit import commit as make_commits
from overlaytool.series.switch import switch
from overlaytool.support import evidence
from overlaytool.workflow import Workspace

PLANNED_FROM = (str(TREES), "sdk_container/.repo", PACKAGES_LIST, "changelog")
"""What of a checkout a plan depends on."""

_CHANGELOG = re.compile(r"changelog/\w+/(\d{4}-\d{2}-\d{2})-")


class Committed(Struct, frozen=True, kw_only=True):
    """A series that was made or found."""

    series: Series
    resolution: Resolution
    plan: Plan
    notices: tuple[Notice, ...]
    """What is unusual about the repository."""


class PullRequest(Struct, frozen=True, kw_only=True):
    """What a pull request needs, on disk."""

    title: str
    series: Series
    directory: Path
    patches: tuple[Path, ...]
    text: Path
    superseded: tuple[str, ...]


def commit(
    space: Workspace, request: Request, *, branch: str | None = None, today: date | None = None
) -> Committed:
    """Make a request's plan commits on a branch of its own, from the commit that is checked out.

    The plan is made from that commit, not from what is uncommitted on top of it.

    :param branch: None for a name after the request.
    :param today: for the name of the changelog entry; None for the day that it is.
    :raises OverlaytoolError: see `workflow.plan`, `change.ready.check` and `change.commit.commit`.
    """
    repository = repository_of(space)
    name = branch or ready.branch_name(request)
    notices = ready.check(repository, name)
    base = repository.head()
    found = _checked_out(repository, name, request)
    if found:
        series = replace(record.as_it_is(repository, found), found=True)
        return Committed(series=series, resolution=found.resolution, plan=found.plan, notices=notices)
    with standing_at(space, repository, base) as there:
        resolution, plan, changes = _work_out(there, request, repository, base, name, today)
    series = make_commits(
        repository,
        changes,
        base=base,
        branch=name,
        progress=space.progress,
        approve=lambda tree: cited.check(repository, tree, plan, space.sources),
    )
    if not (series.found and record.known(repository, name)):
        record.save(
            repository, SeriesRecord(series=series, plan=plan, resolution=resolution, trees=_trees(space))
        )
    return Committed(series=series, resolution=resolution, plan=plan, notices=notices)


def write(space: Workspace, directory: Path, *, branch: str | None = None) -> PullRequest:
    """Write a series as patches, as one diff, and the pull request's text.

    :param branch: None for the series that is checked out, or the only one.
    :raises GitError: where there is no such series.
    :raises OutputError: where it cannot be written.
    """
    from overlaytool.report import drawings, graph  # networkx: a tenth of a second that only this pays

    repository = repository_of(space)
    kept = record.load(repository, branch or record.choose(repository))
    series = record.as_it_is(repository, kept)
    files = patches.write(repository, series, directory)
    content = repository.tree_id(series.tip, str(TREES))
    said = evidence.read(space.config.state, content) if content else ()
    text = directory / pull_request.FILE_NAME
    drawing = drawings.mermaid(graph.build(kept.resolution, kept.plan))
    changelog = "changelog/" in repository.line("diff-tree", "-r", "--name-only", series.base, series.tip)
    try:
        text.write_text(
            pull_request.text(kept, series, said, graph=drawing, changelog=changelog), encoding="utf-8"
        )
    except OSError as error:
        raise OutputError(f"{text} cannot be written: {error.strerror}") from error
    return PullRequest(
        title=pull_request.title(kept),
        series=series,
        directory=directory,
        patches=files,
        text=text,
        superseded=kept.superseded,
    )


def push(space: Workspace, written: PullRequest, remote_name: str) -> Pushed:
    """Put the branch of a written pull request on a remote.

    :raises NetworkError: when the remote cannot be reached.
    :raises GitError: when it does not take the branch.
    """
    return remote.push(
        repository_of(space),
        written.series,
        remote_name,
        superseded=written.superseded,
        title=written.title,
        body=written.text,
        progress=space.progress,
    )


def check_opening(space: Workspace, remote_name: str) -> None:
    """See that the pull request of a branch on a remote can be opened.

    :raises ToolMissingError, GitError: where it cannot.
    """
    remote.check_opening(repository_of(space), remote_name)


def open_pull_request(pushed: Pushed) -> str:
    """Open the pull request of a pushed branch with the GitHub client; the address of it.

    :raises GitError: where it refuses.
    """
    return remote.open_pull_request(pushed)


def rebase(
    space: Workspace, *, branch: str | None = None, onto: str | None = None, today: date | None = None
) -> Rebase:
    """Plan a series again on a newer base: make it again where the plan is the same, else say the difference.

    :param onto: a revision; None for the branch that the series was made from.
    :raises GitError: where there is no such series or revision, or the branch is checked out.
    """
    repository = repository_of(space)
    name = branch or record.choose(repository)
    kept = record.load(repository, name)
    old = record.as_it_is(repository, kept)
    base = _new_base(repository, kept, onto)
    if base == old.base:
        return Rebase(old_base=old.base, new_base=base, series=replace(old, found=True), differences=())
    _refuse_checked_out(repository, name)
    foreign = tuple(commit.subject for commit in old.commits if commit.step is None)
    if foreign:
        raise GitError(
            f"{name} has commits that overlaytool did not make, and making it again would lose them",
            details=foreign,
            hint=f"git rebase --onto {base[:12]} {old.base[:12]} {name} keeps them",
        )
    ready.check(repository, name)
    with _with_trees(space, kept) as same, standing_at(same, repository, base) as there:
        resolution, plan, changes = _work_out(there, kept.resolution.request, repository, base, name, today)
    changed = compare.differences(kept.plan, plan)
    if changed:
        return Rebase(old_base=old.base, new_base=base, series=None, differences=changed)
    made = make_commits(
        repository,
        changes,
        base=base,
        branch=name,
        progress=space.progress,
        replacing=old.tip,
        approve=lambda tree: cited.check(repository, tree, plan, there.sources),
    )
    made = replace(made, base_branch=kept.series.base_branch)
    record.save(
        repository,
        replace(kept, series=made, plan=plan, resolution=resolution, superseded=(*kept.superseded, old.tip)),
    )
    return Rebase(old_base=old.base, new_base=base, series=made, differences=())


def check_out(space: Workspace, series: Series) -> None:
    """Switch the user's work tree to a series; files that `add` has written already are no obstacle.

    :raises UncommittedError: where that would lose work.
    :raises GitError: when git refuses.
    """
    switch(repository_of(space), series.branch)


def repository_of(space: Workspace) -> Repository:
    """The git repository whose work tree the checkout is.

    :raises GitError: where it is a part of another one.
    """
    repository = Repository.open(space.checkout.path)
    if repository.top.resolve() != space.checkout.path.resolve():
        raise GitError(
            f"{space.checkout.path} is a part of the repository at {repository.top}, not one of its own",
            hint="a series is made in a clone of flatcar/scripts",
        )
    return repository


@contextmanager
def standing_at(space: Workspace, repository: Repository, commit: str) -> Iterator[Workspace]:
    """The workspace on the files of a commit: the user's, where they are just these, else a copy."""
    if (
        commit == repository.head()
        and not repository.dirty(PLANNED_FROM)
        and not repository.hidden(PLANNED_FROM)
    ):
        yield space
        return
    with (
        space.progress.task(f"reading the files of {commit[:12]}"),
        repository.checked_out(commit) as place,
        opened_at(space, place) as there,
    ):
        yield there


@contextmanager
def opened_at(space: Workspace, place: Path) -> Iterator[Workspace]:
    """The workspace on another copy of the checkout, with its trees, boards and configuration."""
    found = checkouts.find(place)
    boards = tuple(found.board(board.name) for board in space.boards)
    cache = MetadataCache(space.config.cache)
    try:
        source = TreeSource(found, space.sources, cache=cache, boards=boards)
        yield replace(space, checkout=found, boards=boards, source=source)
    finally:
        cache.close()


def _work_out(
    there: Workspace,
    request: Request,
    repository: Repository,
    base: str,
    branch: str,
    today: date | None,
) -> tuple[Resolution, Plan, ChangeSet]:
    """The plan, named after the commit that it was made from, and its bytes on top of that commit."""
    planned = workflow.prepare(there, request)
    checkout = replace(planned.plan.checkout, commit=base)
    planned = replace(planned, plan=replace(planned.plan, checkout=checkout))
    day = today or _day_of(repository, base, branch) or date.today()
    changes = workflow.render(there, planned, repository.tree(base), day)
    return planned.resolution, planned.plan, changes


def _day_of(repository: Repository, base: str, branch: str) -> date | None:
    """The day in the changelog entry of the series that the branch has, so that tomorrow finds it too."""
    if repository.branch_tip(branch) is None:
        return None
    names = repository.line("diff-tree", "-r", "--name-only", base, f"refs/heads/{branch}")
    found = _CHANGELOG.search(names)
    return date.fromisoformat(found[1]) if found else None


def _checked_out(repository: Repository, branch: str, request: Request) -> SeriesRecord | None:
    """The record of the series, where its branch is what is checked out: then all is there already."""
    if repository.branch() != branch or branch not in record.branches(repository):
        return None
    kept = record.load(repository, branch)
    return kept if kept.resolution.request == request else None


def _trees(space: Workspace) -> tuple[TreePath, ...]:
    return tuple(TreePath(name=name, path=str(path)) for name, path in space.sources.items())


@contextmanager
def _with_trees(space: Workspace, kept: SeriesRecord) -> Iterator[Workspace]:
    """The workspace with the trees and boards that a series was made with."""
    for tree in kept.trees:
        if not Path(tree.path).is_dir():
            raise RepositoryError(
                f"{tree.name} was at {tree.path} when the series was made, and is not there any more",
                hint="overlaytool add ATOM... --commit --branch another-name makes a new series",
            )
    trees = {tree.name: Path(tree.path) for tree in kept.trees}
    boards = tuple(space.checkout.board(name) for name in kept.plan.boards)
    with (
        reading(trees),
        opened_at(replace(space, sources=trees, boards=boards), space.checkout.path) as same,
    ):
        yield same


def _new_base(repository: Repository, kept: SeriesRecord, onto: str | None) -> str:
    revision = onto or kept.series.base_branch or "HEAD"
    base = repository.commit_of(revision)
    if base is None:
        raise GitError(f"there is no commit {revision}", hint="name the new base with --base")
    return base


def _refuse_checked_out(repository: Repository, branch: str) -> None:
    """A branch that a work tree stands on cannot move under it."""
    listed = repository.line("worktree", "list", "--porcelain")
    for entry in listed.split("\n\n"):
        if f"branch refs/heads/{branch}" in entry.splitlines():
            place = entry.splitlines()[0].removeprefix("worktree ")
            raise GitError(
                f"{branch} is checked out in {place}, and your files are not to change",
                hint=f"git -C {place} switch another branch, then again",
            )
