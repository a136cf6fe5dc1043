"""Removes a branch that overlaytool made, if nobody changed it since."""

from __future__ import annotations

from overlaytool.errors import GitError, StaleError
from overlaytool.git.repository import LOG, Repository
from overlaytool.model.series import Series
from overlaytool.series import store
from overlaytool.series.switch import switch


def check(repository: Repository, series: Series) -> None:
    """Check that a branch can be removed.

    :raises StaleError: where it holds other commits than those that were made.
    :raises GitError: where a work tree has it checked out and cannot switch to another.
    """
    tip = repository.branch_tip(series.branch)
    if tip is None:
        raise GitError(
            f"the branch {series.branch} is gone already", hint="git branch --list shows the others"
        )
    if tip != _last_tip(repository, series):
        rows = repository.line(*LOG, "--format=%h %s", f"{series.tip}..{tip}", "--").splitlines()
        raise StaleError(
            f"{series.branch} was changed since it was made",
            details=tuple(rows),
            hint=f"it was left as it is; git log {series.base[:12]}..{series.branch} shows all of it",
        )
    place = _other_work_tree(repository, series.branch)
    if place is not None:
        raise GitError(
            f"{series.branch} is checked out in {place}",
            hint=f"git -C {place} switch another branch, then again",
        )
    if repository.branch() == series.branch and not _switch_back(repository, series):
        raise GitError(
            f"{series.branch} is checked out, and the branch before it is not known",
            hint="git switch another branch, then overlaytool undo",
        )


def withdraw(repository: Repository, series: Series) -> None:
    """Remove the branch; where it is checked out, switch to the branch before it first.

    :raises StaleError, GitError: see :func:`check`; also where somebody moves the branch meanwhile.
    :raises UncommittedError: where going back would lose work.
    """
    check(repository, series)
    tip = str(repository.branch_tip(series.branch))
    if repository.branch() == series.branch:
        switch(repository, str(series.base_branch))
    repository.run("update-ref", "-d", f"refs/heads/{series.branch}", tip)
    repository.attempt("config", "--remove-section", f"branch.{series.branch}")
    store.drop(repository, series.branch)


def pushed_to(repository: Repository, branch: str) -> tuple[str, ...]:
    """The remotes that have the branch, as far as this clone knows."""
    found = repository.line("for-each-ref", "--format=%(refname)", f"refs/remotes/*/{branch}").splitlines()
    return tuple(name.removeprefix("refs/remotes/").removesuffix(f"/{branch}") for name in found)


def _last_tip(repository: Repository, series: Series) -> str:
    """The tip that overlaytool gave the branch last: it may have been made again on another base."""
    if store.known(repository, series.branch):
        return store.load(repository, series.branch).series.tip
    return series.tip


def _switch_back(repository: Repository, series: Series) -> bool:
    return series.base_branch is not None and repository.branch_tip(series.base_branch) is not None


def _other_work_tree(repository: Repository, branch: str) -> str | None:
    """Another work tree that has a branch checked out."""
    for entry in repository.line("worktree", "list", "--porcelain").split("\n\n"):
        lines = entry.splitlines()
        if f"branch refs/heads/{branch}" in lines:
            place = lines[0].removeprefix("worktree ")
            if place != str(repository.top.resolve()):
                return place
    return None
