"""Where a tree stands, read from git's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from overlaytool.git.head import head_commit


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def repository(path: Path) -> Path:
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "tree").mkdir()
    (path / "tree/file").write_text("text\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "first")
    return path


def test_a_loose_branch_a_packed_one_and_a_detached_head_are_read(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    commit = git(top, "rev-parse", "HEAD")
    assert head_commit(top) == commit
    git(top, "pack-refs", "--all")
    assert head_commit(top) == commit
    git(top, "commit", "-q", "--allow-empty", "-m", "second")
    assert head_commit(top) == git(top, "rev-parse", "HEAD") != commit
    git(top, "checkout", "-q", "--detach", commit)
    assert head_commit(top) == commit


def test_a_branch_whose_name_ends_like_another_is_not_taken_for_it(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    first = git(top, "rev-parse", "HEAD")
    git(top, "branch", "work/refs/heads/main")
    git(top, "commit", "-q", "--allow-empty", "-m", "second")
    git(top, "pack-refs", "--all")
    assert head_commit(top) == git(top, "rev-parse", "HEAD") != first


def test_a_linked_work_tree_has_its_own_head(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    first = git(top, "rev-parse", "HEAD")
    git(top, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    git(top, "commit", "-q", "--allow-empty", "-m", "second")
    assert head_commit(tmp_path / "linked") == first
    assert head_commit(top) != first


def test_a_directory_of_the_commit_is_answered_and_one_that_git_ignores_is_not(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    (top / "downloaded").mkdir()
    assert head_commit(top / "tree") == git(top, "rev-parse", "HEAD")
    assert head_commit(top / "downloaded") is None


def test_no_work_tree_and_no_commit_are_none(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert head_commit(tmp_path / "plain") is None
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    assert head_commit(tmp_path / "empty") is None
