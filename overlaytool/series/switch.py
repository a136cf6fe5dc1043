"""Switches a work tree to a branch that overlaytool made, where its files are in the work tree already.

``git switch`` refuses to write a file that is there and not committed, even with the same content. After
``overlaytool add`` all files of the series are there, so they are put into the index first.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from overlaytool.errors import GitError, UncommittedError
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git.repository import QUIET, Repository


def switch(repository: Repository, branch: str) -> None:
    """Check a branch out. A file whose content exists nowhere else is not replaced, ignored files included.

    :raises UncommittedError: naming the files that would be lost; nothing was changed.
    :raises GitError: when git refuses.
    """
    same, lost = _compare(repository, branch)
    if lost:
        raise UncommittedError(
            f"{repository.top} has changes that are not committed, and {branch} would write over them",
            details=lost,
            hint=f"commit or stash them, then: git switch {branch}",
        )
    index = repository.git_dir / "index"
    kept = repository.git_dir / "overlaytool" / "index"
    _keep(index, kept)
    try:
        if same:
            paths = "".join(f"{path}\0" for path in same).encode("utf-8", "surrogateescape")
            repository.run(*QUIET, "update-index", "--add", "--remove", "-z", "--stdin", stdin=paths)
        repository.run("switch", "--quiet", "--no-overwrite-ignore", branch)
    except BaseException:
        if kept.exists():
            kept.replace(index)
        raise
    kept.unlink(missing_ok=True)


def _keep(index: Path, kept: Path) -> None:
    try:
        kept.parent.mkdir(exist_ok=True)
        if index.exists():
            shutil.copy2(index, kept)
    except OSError as error:
        raise GitError(f"{kept} cannot be written: {error.strerror}") from error


def _compare(repository: Repository, branch: str) -> tuple[list[str], tuple[str, ...]]:
    """The files with a branch's content already, where it differs from HEAD, and those that would be lost."""
    paths = _names(
        repository, "diff-tree", "-r", "--name-only", "--no-renames", "HEAD", f"refs/heads/{branch}"
    )
    disk, head, tip = DiskTree(repository.top), repository.tree("HEAD"), repository.tree(branch)
    cached = ("diff-index", "--cached", "--name-only", "--no-renames")
    staged = _names(repository, *cached, "HEAD") & _names(repository, *cached, branch)
    same: list[str] = []
    differing: list[str] = []
    for path in sorted(paths):
        found = disk.read(path)
        if found == tip.read(path):
            (differing if path in staged else same).append(path)
        elif found is not None and found != head.read(path):
            differing.append(path)
    uncommitted = _uncommitted(repository, differing) if differing else frozenset()
    return same, tuple(path for path in differing if path in uncommitted)


def _uncommitted(repository: Repository, paths: list[str]) -> frozenset[str]:
    """The ones of these files that differ from HEAD, files that git ignores included."""
    specs = [f":(top,literal){path}" for path in paths]
    status = ("status", "--porcelain=v1", "--no-renames", "--untracked-files=all", "--ignored")
    listed = _names(repository, "--no-optional-locks", *status, "--", *specs)
    return frozenset(entry[3:] for entry in listed)


def _names(repository: Repository, *arguments: str) -> frozenset[str]:
    """What a command of git lists with ``-z``."""
    position = arguments.index("--") if "--" in arguments else len(arguments)
    output = repository.run(*QUIET, *arguments[:position], "-z", *arguments[position:])
    return frozenset(entry.decode("utf-8", "surrogateescape") for entry in output.split(b"\0") if entry)
