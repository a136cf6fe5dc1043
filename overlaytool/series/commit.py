"""commit(change set) -> series: the only writer of commits and branches.

The commits are made by ``git commit`` itself, so that the user's hooks, signing keys and clean-up apply,
but in a private git directory: its own HEAD, index and work tree in a temporary place, sharing only the
object store with the user's repository (gitrepository-layout(5), ``commondir``). The user's repository
changes once, when ``git update-ref`` makes the branch with the whole series or does not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.apply.done import note
from overlaytool.errors import GitError, LockedError, StaleError, WriteError
from overlaytool.git.repository import LOG, QUIET, Repository
from overlaytool.model.change import ChangeSet
from overlaytool.model.series import Series, SeriesCommit
from overlaytool.progress import Progress
from overlaytool.series.message import message, subject
from overlaytool.series.template import trailers
from overlaytool.series.trees import write_trees
from overlaytool.support.scratch import scratch

NO_BRANCH = ""
"""How ``git update-ref`` is told that the branch must not exist yet."""

COMMIT = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),
    *("-c", "core.sparseCheckout=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
"""Options for ``git commit``: the user's hooks run, housekeeping does not."""


def commit(
    repository: Repository,
    change_set: ChangeSet,
    *,
    base: str,
    branch: str,
    progress: Progress,
    replacing: str | None = None,
    approve: Callable[[str], None] | None = None,
) -> Series:
    """Make the steps of a change set commits on a branch of their own.

    A branch that has this series already, also with other commits on top, is left as it is.

    :param base: the commit that the change set was made from, in hex.
    :param replacing: the branch's tip that the series takes the place of; None for a new branch.
    :param approve: is called with the last tree, in hex, before anything is committed; it may raise.
    :raises GitError: when the branch holds something else, or git, a hook or a key refuses.
    :raises StaleError: when the change set was not made from ``base``.
    :raises WriteError: when the temporary directory cannot be written.
    """
    try:
        return _commit(
            repository,
            change_set,
            base=base,
            branch=branch,
            progress=progress,
            replacing=replacing,
            approve=approve,
        )
    except OSError as error:
        raise WriteError(
            f"the series cannot be made: {error.strerror}",
            details=(f"in {error.filename or tempfile.gettempdir()}",),
            hint="nothing was changed; TMPDIR names another place for temporary files",
        ) from error


def _commit(
    repository: Repository,
    change_set: ChangeSet,
    *,
    base: str,
    branch: str,
    progress: Progress,
    replacing: str | None,
    approve: Callable[[str], None] | None,
) -> Series:
    if not change_set.steps:
        raise GitError(
            f"there is nothing to commit: {base[:12]} has everything that was asked for",
            hint="overlaytool plan shows what is there already",
        )
    reason = change_set.plan.reason if change_set.plan else None
    messages = tuple(message(step, reason) for step in change_set.steps)
    trees = write_trees(repository, change_set, base)
    if approve:
        approve(trees[-1])
    tip = repository.branch_tip(branch)
    if tip is not None:
        found = _find(repository, change_set, trees, base=base, branch=branch)
        if found:
            return found
        if tip != replacing:
            raise GitError(
                f"there is a branch {branch} already, and it is not this series",
                details=(f"it stands at {tip[:12]}: {repository.line(*LOG, '-1', '--format=%s', tip)}",),
                hint=f"choose another name with --branch; git log {branch} shows what is on it",
            )
    made = _commits(repository, messages, trees, base, progress)
    _move_branch(repository, branch, made[-1], replacing, change_set)
    series = _series(repository, change_set, made, base=base, branch=branch)
    with suppress(LockedError, WriteError):  # the branch is there; only `undo` will not know of it
        note(repository.top, repository.git_dir, series, change_set.request)
    return series


def _find(
    repository: Repository, change_set: ChangeSet, trees: tuple[str, ...], *, base: str, branch: str
) -> Series | None:
    """The series on a branch that has exactly these trees on this base."""
    lines = repository.line(
        *LOG, "--reverse", "--format=%H %T %P", f"{base}..refs/heads/{branch}", "--"
    ).splitlines()
    rows = [line.split() for line in lines][: len(trees)]
    if not rows or tuple(row[1] for row in rows) != trees or rows[0][2:] != [base]:
        return None
    series = _series(repository, change_set, tuple(row[0] for row in rows), base=base, branch=branch)
    return replace(series, found=True)


def _series(
    repository: Repository, change_set: ChangeSet, commits: tuple[str, ...], *, base: str, branch: str
) -> Series:
    subjects = repository.line(*LOG, "--reverse", "--format=%s", f"{base}..{commits[-1]}", "--").split("\n")
    return Series(
        branch=branch,
        base=base,
        base_branch=repository.branch(),
        commits=tuple(
            SeriesCommit(commit=name, subject=title, step=step.subject)
            for name, title, step in zip(commits, subjects, change_set.steps, strict=True)
        ),
    )


def _move_branch(
    repository: Repository, branch: str, tip: str, replacing: str | None, change_set: ChangeSet
) -> None:
    """Make or move the branch: only here the user's repository changes."""
    status, _, stderr = repository.attempt(
        *("update-ref", "--create-reflog", "-m", f"overlaytool: {' '.join(change_set.request)}"),
        *(f"refs/heads/{branch}", tip, replacing or NO_BRANCH),
    )
    if status:
        raise StaleError(
            f"the branch {branch} could not be made: somebody else moved it meanwhile, or its name is taken",
            details=tuple(stderr.strip().splitlines()),
            hint="run the command again; the commits are kept and nothing else changed",
        )


def _commits(
    repository: Repository,
    messages: tuple[str, ...],
    trees: tuple[str, ...],
    base: str,
    progress: Progress,
) -> tuple[str, ...]:
    """Commit each tree on top of the one before; nothing refers to the commits yet."""
    added = trailers(repository)
    made: list[str] = []
    with _private(repository, base) as private, progress.task("committing", total=len(trees)) as task:
        for text, tree in zip(messages, trees, strict=True):
            task.describe(subject(text))
            made.append(private.commit(text + added, tree))
            task.advance()
    return tuple(made)


class _Private(Struct, frozen=True):
    """A git directory, index and work tree that only the series uses."""

    repository: Repository
    place: Path
    environment: Mapping[str, str]
    has_files: bool
    """Whether the work tree is filled, for hooks that look at it."""

    def commit(self, text: str, tree: str) -> str:
        """The new commit of a tree, in hex."""
        self._load(tree)
        file = self.place / "message"
        file.write_text(text, encoding="utf-8")
        status, _, stderr = self.repository.attempt(
            *("-C", str(self.place / "tree"), *COMMIT, "commit", "--quiet", "--signoff"),
            *("--cleanup=whitespace", f"--file={file}"),
            environment=self.environment,
        )
        if status:
            raise _refusal(subject(text), stderr)
        made, held = self.repository.line(
            "rev-parse", "HEAD", "HEAD^{tree}", environment=self.environment
        ).split()
        if held != tree:
            raise self._changed(subject(text), tree)
        return made

    def _load(self, tree: str) -> None:
        """Put a tree into the index, and into the work tree where there is one."""
        how = ("-m", "-u", "HEAD", tree) if self.has_files else (tree,)
        self.repository.run(
            *("-C", str(self.place / "tree"), *QUIET, "read-tree", *how), environment=self.environment
        )

    def _changed(self, title: str, tree: str) -> GitError:
        """The error for a hook that changed files: what is copied from a tree has to stay as it is."""
        changed = self.repository.line(
            "diff-tree", "-r", "--name-only", tree, "HEAD", environment=self.environment
        )
        return GitError(
            f"a hook changed the files of the commit {title}",
            details=tuple(changed.splitlines()),
            hint="let the pre-commit hook leave these files alone: copies have to stay copies",
        )


@contextmanager
def _private(repository: Repository, base: str) -> Iterator[_Private]:
    with scratch() as name:
        place = Path(name)
        git_dir, tree = place / "git", place / "tree"
        git_dir.mkdir()
        tree.mkdir()
        (git_dir / "HEAD").write_text(f"{base}\n")
        (git_dir / "commondir").write_text(f"{repository.common_dir}\n")
        if (repository.git_dir / "config.worktree").exists():
            shutil.copyfile(repository.git_dir / "config.worktree", git_dir / "config.worktree")
        environment = {
            "GIT_DIR": str(git_dir),
            "GIT_WORK_TREE": str(tree),
            "GIT_INDEX_FILE": str(git_dir / "index"),
            "LC_ALL": os.environ.get("LC_ALL", ""),
            "LANGUAGE": os.environ.get("LANGUAGE", ""),
        }
        private = _Private(repository, place, environment, has_files=_hooks_want_files(repository))
        if private.has_files:
            repository.run("-C", str(tree), *QUIET, "read-tree", base, environment=environment)
            repository.run(
                *("-C", str(tree), *QUIET, "checkout-index", "--all", "--index", "--quiet"),
                environment=environment,
            )
        yield private


def _hooks_want_files(repository: Repository) -> bool:
    """Whether a hook may look at the work tree: a pre-commit hook does, and hooks may be part of it."""
    hooks = Path(repository.line("rev-parse", "--git-path", "hooks"))
    if repository.setting("core.hooksPath") and not hooks.is_absolute():
        return (repository.top / hooks).is_dir()
    return os.access(repository.top / hooks / "pre-commit", os.X_OK)


def _refusal(title: str, stderr: str) -> GitError:
    lines = tuple(line for line in stderr.strip().splitlines() if line.strip())
    if "sign the data" in stderr or "failed to write commit object" in stderr:
        return GitError(
            f"the commit {title} could not be signed",
            details=lines,
            hint="commit.gpgSign is on: look at user.signingKey and gpg.format, or turn it off",
        )
    return GitError(
        f"git refused the commit {title}",
        details=lines,
        hint="nothing was changed; if a hook said no, put that right and run the command again",
    )
