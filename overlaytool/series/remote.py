"""Pushes a series, and prints or runs the command that opens the pull request."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from overlaytool.errors import GitError, NetworkError, ToolMissingError
from overlaytool.git.repository import Repository
from overlaytool.git.transfer import transfer
from overlaytool.model.series import Pushed, Series
from overlaytool.progress import Progress

UPSTREAM = "flatcar/scripts"
MAIN = "main"

_GITHUB = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://(?:[^@/]+@)?|(?:[^@/]+@)?)github\.com[:/]+(?P<path>[^/]+/[^/]+?)(?:\.git)?/?$"
)


def push(
    repository: Repository,
    series: Series,
    remote: str,
    *,
    superseded: Sequence[str],
    title: str,
    body: Path,
    progress: Progress,
) -> Pushed:
    """Put the branch on a remote.

    Another tip is replaced only where it is an earlier form of this series.

    :param superseded: those tips.
    :param title: of the pull request to be, and ``body`` the file with its text; for the command.
    :raises NetworkError: when the remote cannot be reached.
    :raises GitError: for an unknown remote, no right to push, or somebody else's branch of that name.
    """
    url = _url(repository, remote)
    reference = f"refs/heads/{series.branch}"
    with progress.task(f"pushing {series.branch} to {remote}") as task:
        try:
            listed = transfer(("ls-remote", "--", remote, reference), directory=repository.top, task=task)
            there = listed.split()[0].decode("ascii") if listed.strip() else None
            if there != series.tip:
                transfer(
                    (
                        "push",
                        "--progress",
                        *_lease(reference, there, superseded),
                        "--",
                        remote,
                        f"{series.tip}:{reference}",
                    ),
                    directory=repository.top,
                    task=task,
                )
        except (GitError, NetworkError) as error:
            raise _explained(error, series.branch, remote, url) from error
    command, page = _opening(repository, series, _github(repository, remote, url), title, body)
    return Pushed(remote=remote, url=url, already=there == series.tip, command=command, page=page)


def check_opening(repository: Repository, remote: str) -> None:
    """Check, before anything is pushed, that a pull request can be opened from a remote.

    :raises ToolMissingError: where ``gh`` is not installed.
    :raises GitError: for an unknown remote, one that is not on GitHub, or where ``gh`` is not logged in.
    """
    url = _url(repository, remote)
    if _github(repository, remote, url) is None:
        raise GitError(
            f"{remote} ({url}) is not on GitHub, and --open cannot open a pull request there",
            hint="nothing was pushed; leave --open out, and open it where that repository is hosted",
        )
    if shutil.which("gh") is None:
        raise ToolMissingError(
            "gh, the GitHub client, is not installed",
            hint="nothing was pushed; leave --open out, and the page that opens the pull request is named",
        )
    done = _gh("auth", "status", "--hostname", "github.com")
    if done.returncode:
        raise GitError(
            "gh is not logged in to GitHub",
            details=tuple((done.stderr or done.stdout).strip().splitlines()),
            hint="nothing was pushed; gh auth login, then again",
        )


def open_pull_request(pushed: Pushed) -> str:
    """Run the command with the GitHub client; what it prints, the pull request's address.

    :raises GitError: where ``gh`` refuses. See also :func:`check_opening`.
    """
    if pushed.command is None:
        raise GitError(f"{pushed.url} is not on GitHub", hint="open the pull request where it is")
    done = _gh(*pushed.command[1:])
    if done.returncode:
        raise GitError(
            "gh did not open the pull request",
            details=tuple(done.stderr.strip().splitlines()),
            hint=f"the branch is pushed; gh auth status shows who you are; or go to {pushed.page}",
        )
    return done.stdout.strip()


def _gh(*words: str) -> subprocess.CompletedProcess[str]:
    """The GitHub client, set up so that it asks no questions."""
    return subprocess.run(
        ("gh", *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _url(repository: Repository, remote: str) -> str:
    status, url, _ = repository.attempt("remote", "get-url", "--push", "--", remote)
    if not status:
        return url.strip()
    if "/" in remote or ":" in remote:
        return remote
    known = repository.line("remote").split()
    raise GitError(
        f"there is no remote {remote}",
        details=tuple(f"there is {name}" for name in known),
        hint="git remote add NAME URL, with the URL of your fork of flatcar/scripts",
    )


def _lease(reference: str, there: str | None, superseded: Sequence[str]) -> tuple[str, ...]:
    """The option that forces a push, where the remote has an earlier form of this series."""
    return (f"--force-with-lease={reference}:{there}",) if there in superseded else ()


def _explained(error: GitError | NetworkError, branch: str, remote: str, url: str) -> GitError | NetworkError:
    text = "\n".join(error.details)
    if isinstance(error, NetworkError):
        return NetworkError(
            f"{remote} ({url}) cannot be reached",
            details=error.details,
            hint="the patches and the text are on disk; run the command again with a network",
        )
    if "shallow update not allowed" in text:
        return GitError(
            f"{remote} takes no push from a shallow clone",
            details=error.details,
            hint="git fetch --unshallow completes the clone, then again",
        )
    if "[rejected]" in text or "non-fast-forward" in text:
        return GitError(
            f"{remote} has another branch {branch}",
            details=error.details,
            hint=f"push under another name: git push {remote} {branch}:NAME",
        )
    return GitError(
        f"{branch} cannot be pushed to {remote} ({url})",
        details=error.details,
        hint="all is on disk; push to a fork of your own: gh repo fork flatcar/scripts --remote",
    )


def _opening(
    repository: Repository, series: Series, path: str | None, title: str, body: Path
) -> tuple[tuple[str, ...] | None, str | None]:
    """The command and the page that open a pull request; None where the remote is not on GitHub.

    :param path: of the remote on GitHub, ``OWNER/scripts``.
    """
    if path is None:
        return None, None
    head = series.branch if path == UPSTREAM else f"{path.partition('/')[0]}:{series.branch}"
    base = _base_branch(repository, series)
    command = (
        "gh",
        "pr",
        "create",
        "--repo",
        UPSTREAM,
        "--base",
        base,
        "--head",
        head,
        "--title",
        title,
        "--body-file",
        str(body),
    )
    page = f"https://github.com/{UPSTREAM}/compare/{quote(base)}...{quote(head, safe=':/')}?expand=1"
    return command, page


def _github(repository: Repository, remote: str, url: str) -> str | None:
    """Owner and name of a remote on GitHub, by the URL in use or the one that it stands in for."""
    for one in (url, repository.setting(f"remote.{remote}.url") or ""):
        found = _GITHUB.match(one)
        if found:
            return found["path"]
    return None


def _base_branch(repository: Repository, series: Series) -> str:
    """What the base branch is called upstream."""
    if series.base_branch is None:
        return MAIN
    status, merged, _ = repository.attempt("config", "--get", f"branch.{series.base_branch}.merge")
    return series.base_branch if status else merged.strip().removeprefix("refs/heads/")
