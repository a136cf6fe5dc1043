"""The commit that is checked out in a directory, read from git's own files: no process, no GitPython.

Every command asks this for every tree when it starts, so it has to be fast.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_OBJECT_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SYMBOLIC_DEPTH = 5
"""As deep as git follows symbolic references."""


def head_commit(path: Path) -> str | None:
    """HEAD of the git work tree that holds ``path``, in hex.

    None where there is no work tree, no commit yet, or where the work tree's HEAD does not have that
    directory: a tree that is ignored by somebody's dotfiles repository was not made by that repository.
    """
    path = path.resolve()
    for top in (path, *path.parents):
        git_dir = find_git_dir(top)
        if git_dir is None:
            continue
        commit = _resolve(git_dir, common_dir(git_dir))
        if commit is None or top == path or _has_directory(path):
            return commit
        return None
    return None


def names_at_head(top: Path, directory: str) -> frozenset[str] | None:
    """The names in a directory as HEAD has them; None where there is no commit, or ``top`` is no work tree's.

    :param directory: relative to the work tree, with forward slashes.
    """
    if find_git_dir(top) is None:
        return None
    listed = ask("-C", str(top), "ls-tree", "-z", "--name-only", "HEAD", "--", f"{directory}/")
    if listed is None:
        return None
    return frozenset(path.rpartition("/")[2] for path in listed.split("\0") if path)


def find_git_dir(top: Path) -> Path | None:
    """The git directory of a work tree whose top is ``top``; linked work trees and submodules have a file."""
    place = top / ".git"
    try:
        if place.is_dir():
            return place if (place / "HEAD").exists() else None
        text = place.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    prefix, _, target = text.rstrip("\n").partition("gitdir: ")
    return top / target if not prefix and target else None


def common_dir(git_dir: Path) -> Path:
    try:
        return git_dir / (git_dir / "commondir").read_text(encoding="utf-8").strip()
    except OSError:
        return git_dir


def _resolve(git_dir: Path, common: Path) -> str | None:
    """Follow HEAD through loose references, packed ones, and, for other formats, git itself."""
    text = _line(git_dir / "HEAD")
    for _ in range(_SYMBOLIC_DEPTH):
        if text is None or _OBJECT_NAME.match(text):
            return text
        if not text.startswith("ref: "):
            return None
        reference = text.removeprefix("ref: ").strip()
        if reference == "refs/heads/.invalid":
            return _ask_git(git_dir)
        text = _line(common / reference) or _packed(common, reference)
    return None


def _line(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return None


def _packed(common: Path, reference: str) -> str | None:
    wanted = f" {reference}".encode()
    try:
        with (common / "packed-refs").open("rb") as lines:
            for line in lines:
                if line.rstrip(b"\n").endswith(wanted) and not line.startswith(b"#"):
                    return line.split(b" ", 1)[0].decode("ascii")
    except OSError:
        return None
    return None


def _ask_git(git_dir: Path) -> str | None:
    """HEAD of a repository in the reftable format, whose file HEAD is a placeholder."""
    return ask("--git-dir", str(git_dir), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def _has_directory(path: Path) -> bool:
    return ask("-C", str(path), "rev-parse", "--verify", "--quiet", "HEAD:./") is not None


def ask(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
