"""git repositories, through GitPython: only this module and commit_tree.py import it.

GitPython takes a tenth of a second to import, so it is imported when a repository is opened. To
know only which commit is checked out, use `head.head_commit`, which needs no GitPython and no process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from overlaytool.errors import GitError, ToolMissingError
from overlaytool.git.commit_tree import CommitTree
from overlaytool.support.scratch import scratch

if TYPE_CHECKING:
    import git

REPOSITORY_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""What git exports to its hooks and aliases; kept, it would turn every command to that repository."""

LOG = ("-c", "log.showSignature=false", "log")
"""git log whose output is what its format says."""

QUIET = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),
    *("-c", "core.sparseCheckout=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
"""Options for plumbing: nothing of the user's runs, nothing is written beside what was asked."""


def content(path: Path, directory: str) -> str | None:
    """git's name for ``directory`` as it is now in the work tree at ``path``: what `Evidence.tree` wants.

    None where there is no work tree or no such directory.
    """
    try:
        return Repository.open(path).content(directory)
    except GitError:
        return None


def dirty(path: Path, pathspecs: Sequence[str] = ()) -> tuple[str, ...]:
    """What differs from HEAD in the work tree that holds ``path``, untracked files included, sorted.

    Paths count from the top of the work tree, pathspecs from ``path``. The index is not refreshed on disk.

    :raises GitError: where ``path`` is in no work tree.
    """
    return Repository.open(path).dirty(pathspecs, within=path)


class Repository:
    """One git repository with a work tree."""

    def __init__(self, repo: git.Repo) -> None:
        self._repo = repo
        self.git_dir = Path(repo.git_dir).absolute()
        """Of this work tree: a linked one has its own."""
        self.common_dir = Path(repo.common_dir).absolute()
        """What all work trees share: objects, branches, configuration."""
        self.top = Path(repo.working_tree_dir or repo.git_dir).absolute()

    @classmethod
    def open(cls, path: Path) -> Repository:
        """The repository that holds ``path``.

        :raises GitError: for no repository, a bare one, or one that git does not trust.
        :raises ToolMissingError: where git is not installed.
        """
        for name in REPOSITORY_VARIABLES:
            os.environ.pop(name, None)
        try:
            import git
        except ImportError as error:
            raise ToolMissingError(
                "git cannot be used", details=_lines(str(error)), hint="install git and put it on PATH"
            ) from error
        try:
            repository = cls(git.Repo(path, search_parent_directories=True))
        except (git.InvalidGitRepositoryError, git.NoSuchPathError):
            raise GitError(
                f"{path} is not in a git repository",
                hint="git clone https://github.com/flatcar/scripts makes one",
            ) from None
        repository._refuse_distrusted()
        if repository._repo.bare:
            raise GitError(
                f"{repository.git_dir} is a bare clone: it has no work tree to plan in",
                hint=f"git -C {repository.git_dir} worktree add ../scripts makes one",
            )
        return repository

    @classmethod
    def create(cls, path: Path, message: str) -> Repository:
        """A new repository for a directory, with all that is in it as its first commit.

        :raises GitError: when git refuses.
        :raises ToolMissingError: where git is not installed.
        """
        import git

        git.Repo.init(path, initial_branch="main").close()
        repository = cls.open(path)
        identity = ("-c", "user.name=overlaytool", "-c", "user.email=overlaytool@example.org")
        repository.run(*QUIET, "add", "--all")
        repository.run(*QUIET, *identity, "-c", "commit.gpgSign=false", "commit", "--quiet", "-m", message)
        return repository

    def _refuse_distrusted(self) -> None:
        """git refuses a repository of another user; GitPython would only see its commands fail later."""
        status, _, stderr = self._execute(("rev-parse", "--git-dir"), None, None)
        if status and "dubious ownership" in stderr:
            raise GitError(
                f"{self.top} belongs to another user, and git does not trust it",
                hint=f"git config --global --add safe.directory {self.top}",
            )
        if status:
            raise GitError(f"git cannot use {self.top}", details=_lines(stderr))

    def run(
        self, *arguments: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> bytes:
        """What ``git arguments`` writes to standard output.

        :raises GitError: when it fails, with what it said.
        """
        status, stdout, stderr = self._execute(arguments, stdin, environment)
        if status:
            command = next((word for word in _without_options(arguments)), "git")
            raise GitError(f"git {command} failed with status {status}", details=_lines(stderr))
        return stdout

    def line(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """A one-line answer of git, without the newline.

        :raises GitError: when it fails.
        """
        return self.run(*arguments, environment=environment).decode("utf-8", "surrogateescape").rstrip("\n")

    def attempt(self, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of a command that may fail."""
        status, stdout, stderr = self._execute(arguments, None, environment)
        return status, stdout.decode("utf-8", "surrogateescape"), stderr

    def _execute(
        self, arguments: Sequence[str], stdin: bytes | None, environment: Mapping[str, str] | None
    ) -> tuple[int, bytes, str]:
        with tempfile.TemporaryFile() if stdin else nullcontext(subprocess.DEVNULL) as stream:
            if stdin and not isinstance(stream, int):
                stream.write(stdin)
                stream.seek(0)
            status, stdout, stderr = self._repo.git.execute(
                ["git", *arguments],
                istream=stream,
                env=environment,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        return int(status), bytes(stdout), str(stderr)

    def commit_of(self, revision: str) -> str | None:
        """The commit that a revision stands for, in hex; None where there is none of that name."""
        status, stdout, _ = self.attempt(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        return None if status else stdout.strip()

    def head(self) -> str:
        """The commit that is checked out.

        :raises GitError: where there is no commit yet.
        """
        commit = self.commit_of("HEAD")
        if commit is None:
            raise GitError(
                f"{self.top} has no commit yet", hint="a series starts from a commit: make one first"
            )
        return commit

    def branch(self) -> str | None:
        """The branch that is checked out; None for a detached HEAD."""
        status, stdout, _ = self.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
        return None if status else stdout.strip()

    def branch_tip(self, branch: str) -> str | None:
        """The commit of a local branch; None where there is none."""
        return self.commit_of(f"refs/heads/{branch}")

    def tree_id(self, revision: str, path: str = "") -> str | None:
        """git's name for the tree (or blob) of a path at a revision; None where there is none."""
        status, stdout, _ = self.attempt(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}:{path}"
        )
        return None if status else stdout.strip()

    def setting(self, name: str) -> str | None:
        """One value of git's configuration; None where it is not set."""
        status, stdout, _ = self.attempt("config", "--get", name)
        return None if status else stdout.rstrip("\n")

    def dirty(self, pathspecs: Sequence[str] = (), *, within: Path | None = None) -> tuple[str, ...]:
        """What differs from HEAD, untracked files included, sorted; see `dirty` of this module.

        :param within: the directory that pathspecs count from; None for the top of the work tree.
        """
        output = self.run(
            *("-C", str((within or self.top).resolve())),
            *QUIET,
            "--no-optional-locks",
            *("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"),
            *("--ignore-submodules=all", "--", *pathspecs),
        )
        return tuple(sorted(_decode(entry[3:]) for entry in output.split(b"\0") if entry))

    def changed(self, commit: str, path: str) -> tuple[str, ...]:
        """What differs below ``path`` between a commit and the work tree, untracked files too, sorted."""
        differing = self.run(
            *("--no-optional-locks", "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z"),
            *(commit, "--", path),
        )
        untracked = self.run("ls-files", "--others", "--exclude-standard", "-z", "--", path)
        return tuple(sorted({_decode(entry) for entry in (differing + untracked).split(b"\0") if entry}))

    def content(self, path: str) -> str | None:
        """git's name for a directory as it is in the work tree now, committed or not; None where it is not.

        The same content has the same name once it is committed. The user's index is copied, not used.
        """
        if not self.dirty((path,)):
            return self.tree_id("HEAD", path)
        with scratch() as place:
            index = Path(place) / "index"
            if (self.git_dir / "index").exists():
                shutil.copyfile(self.git_dir / "index", index)
            environment = {"GIT_INDEX_FILE": str(index)}
            self.run(*QUIET, "add", "--all", "--", path, environment=environment)
            status, stdout, _ = self.attempt(
                *QUIET, "write-tree", f"--prefix={path}/", environment=environment
            )
        return None if status else stdout.strip()

    def unmerged(self) -> tuple[str, ...]:
        """Paths that a merge, rebase or cherry-pick left in conflict, sorted."""
        output = self.run("ls-files", "--unmerged", "-z")
        return tuple(sorted({_decode(entry.partition(b"\t")[2]) for entry in output.split(b"\0") if entry}))

    def hidden(self, pathspecs: Sequence[str]) -> bool:
        """Whether git is told not to look at some files: sparse checkout, skip-worktree, assume-unchanged."""
        output = self.run("ls-files", "-v", "-z", "--", *pathspecs)
        return any(entry[:1] == b"S" or entry[:1].islower() for entry in output.split(b"\0"))

    def tree(self, revision: str) -> CommitTree:
        """The files of a commit, read from git's objects and never from the work tree."""
        return CommitTree(self._repo.commit(revision).tree)

    @contextmanager
    def checked_out(self, commit: str) -> Iterator[Path]:
        """A throw-away copy of a commit's files, with an index of its own: the user's is not involved."""
        with scratch() as place:
            tree = Path(place) / "scripts"
            tree.mkdir()
            environment = {"GIT_INDEX_FILE": f"{place}/index", "GIT_WORK_TREE": str(tree)}
            self.run(*QUIET, "read-tree", commit, environment=environment)
            self.run(*QUIET, "checkout-index", "--all", "--quiet", environment=environment)
            yield tree


def _without_options(arguments: Sequence[str]) -> Iterator[str]:
    """The words of a git command line from its command on."""
    words = iter(arguments)
    for word in words:
        if word in ("-c", "-C"):
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.strip().splitlines() if line.strip())


def _decode(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
