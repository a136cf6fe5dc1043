"""Checks that a series can be started in the user's repository, before anything else is done."""

from __future__ import annotations

from collections.abc import Iterable

from overlaytool.errors import GitError
from overlaytool.flatcar.order import atom_name
from overlaytool.git.repository import Repository
from overlaytool.model.notices.checking import DetachedHead, ShallowClone
from overlaytool.model.resolution import Notice, Request
from overlaytool.series.message import SUBJECT_WIDTH


def check(repository: Repository, branch: str) -> tuple[Notice, ...]:
    """Refuse a repository in which a series cannot be committed; the notices of what is unusual in it.

    :raises GitError: for no git identity, unmerged paths, or a branch name that git does not take.
    """
    _check_branch_name(repository, branch)
    _check_identity(repository)
    unmerged = repository.unmerged()
    if unmerged:
        raise GitError(
            "a merge is under way and has unmerged paths",
            details=unmerged,
            hint="finish it (git status says how) or give it up with git merge --abort, then run this again",
        )
    return tuple(_unusual(repository))


def branch_name(request: Request) -> str:
    """A name for a request's branch: ``add-htop``, ``update-htop-screen``, ``add-htop-and-5-more``."""
    verb = "update" if request.update else "add"
    names = [atom_name(atom).rpartition("/")[2] for atom in request.atoms]
    whole = "-".join((verb, *names))
    if len(whole) <= SUBJECT_WIDTH and len(names) <= 3:
        return whole
    return f"{verb}-{names[0]}-and-{len(names) - 1}-more"


def _check_branch_name(repository: Repository, branch: str) -> None:
    status, _, _ = repository.attempt("check-ref-format", "--branch", branch)
    if status or branch.startswith("-"):
        raise GitError(
            f"git does not take {branch!r} as the name of a branch", hint="name another with --branch"
        )


def _check_identity(repository: Repository) -> None:
    """Author, committer and sign-off are the user's own; git's guess from the host name is nobody's."""
    for role in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        status, _, stderr = repository.attempt("-c", "user.useConfigOnly=true", "var", role)
        if status:
            reasons = [line for line in stderr.splitlines() if line.startswith("fatal:")]
            raise GitError(
                "git does not know who you are, and every commit is signed off with your name",
                details=tuple(line.removeprefix("fatal: ") for line in reasons),
                hint='git config --global user.name "Your Name" and user.email you@example.org',
            )


def _unusual(repository: Repository) -> Iterable[Notice]:
    if repository.branch() is None:
        yield DetachedHead(commit=repository.head()[:12]).notice
    if repository.line("rev-parse", "--is-shallow-repository") == "true":
        yield ShallowClone().notice
