"""Keeps the record of each series in the git directory: ``overlaytool/series/BRANCH.json``.

It moves with the clone, and its work trees share it. Commits are read from the branch each time: the record
is only used for what the branch does not have, the request, the plan and its reasons.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec
from msgspec.structs import replace

from overlaytool.errors import GitError, WriteError
from overlaytool.git.repository import LOG, Repository
from overlaytool.model.series import Series, SeriesCommit, SeriesRecord
from overlaytool.model.target import decode_target, encode_target
from overlaytool.support.files import read_text

LEFT_OVER_AFTER = 3600

SCHEMA = 3


def save(repository: Repository, record: SeriesRecord) -> None:
    """Write a record; the one before it is replaced atomically.

    :raises WriteError: when the git directory cannot be written.
    """
    file = _file(repository, record.series.branch)
    document = {"schema": SCHEMA, "record": msgspec.to_builtins(record, enc_hook=encode_target)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(file.parent)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".new", delete=False) as new:
            json.dump(document, new)
        Path(new.name).replace(file)
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}") from error


def _remove_left_over(directory: Path) -> None:
    """Remove temporary files that killed runs left more than an hour ago."""
    for new in directory.glob("tmp*.new"):
        if new.stat().st_mtime < time.time() - LEFT_OVER_AFTER:
            new.unlink(missing_ok=True)


def load(repository: Repository, branch: str) -> SeriesRecord:
    """The record of the series on a branch.

    :raises GitError: where there is none, or it cannot be read.
    """
    try:
        document = json.loads(read_text(_file(repository, branch)))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        return msgspec.convert(document["record"], SeriesRecord, dec_hook=decode_target)
    except FileNotFoundError:
        raise GitError(
            f"{branch} is no series of overlaytool",
            details=_recorded_branches(repository),
            hint=f"overlaytool add ATOM... --commit --branch {branch} makes it, or finds it",
        ) from None
    except Exception as error:
        raise GitError(
            f"what was kept of the series {branch} cannot be read",
            details=(str(error).splitlines()[0],),
            hint=f"overlaytool add ATOM... --commit --branch {branch} finds the series and writes it anew",
        ) from None


def drop(repository: Repository, branch: str) -> None:
    """Remove the record of a series; its branch stays."""
    _file(repository, branch).unlink(missing_ok=True)


def known(repository: Repository, branch: str) -> bool:
    """Whether there is a record of the series on a branch, and it can be read."""
    try:
        load(repository, branch)
    except GitError:
        return False
    return True


def branches(repository: Repository) -> tuple[str, ...]:
    """The branches that have a record and still exist, by name."""
    files = sorted(_directory(repository).glob("*.json"))
    names = (unquote(file.stem) for file in files)
    return tuple(name for name in names if repository.branch_tip(name))


def choose(repository: Repository) -> str:
    """The series that is meant where none is named: the one that is checked out, else the only one.

    :raises GitError: where there is none, or more than one.
    """
    known = branches(repository)
    current = repository.branch()
    if current in known:
        return current
    if len(known) == 1:
        return known[0]
    if not known:
        raise GitError("there is no series yet", hint="overlaytool add ATOM... --commit makes one")
    raise GitError("which series?", details=_recorded_branches(repository), hint="name it with --branch")


def as_it_is(repository: Repository, record: SeriesRecord) -> Series:
    """The series as its branch holds it now, with what somebody put on top or changed.

    :raises GitError: when the branch is gone, holds merges, or has nothing of its own.
    """
    series = record.series
    tip = repository.branch_tip(series.branch)
    if tip is None:
        raise GitError(
            f"the branch {series.branch} is gone",
            hint=f"git branch {series.branch} {series.tip[:12]} brings it back while git keeps the commits",
        )
    base = _base(repository, series, tip)
    rows = repository.line(*LOG, "--reverse", "--format=%H%x00%P%x00%s", f"{base}..{tip}", "--").split("\n")
    commits = [row.split("\0") for row in rows if row]
    if not commits:
        raise GitError(f"the branch {series.branch} has nothing that {base[:12]} lacks")
    if any(" " in parents for _, parents, _ in commits):
        raise GitError(
            f"the branch {series.branch} has merges, which cannot be sent as patches",
            hint=f"git rebase {base[:12]} {series.branch} makes it straight again",
        )
    steps = {commit.subject: commit.step for commit in series.commits}
    return replace(
        series,
        base=base,
        commits=tuple(
            SeriesCommit(commit=name, subject=subject, step=steps.get(subject))
            for name, _, subject in commits
        ),
    )


def _base(repository: Repository, series: Series, tip: str) -> str:
    """Where the branch starts: where it leaves its base branch, else as recorded.

    The two differ after ``git rebase``. A base branch that has the whole series says nothing.
    """
    left = series.base_branch and _common(repository, tip, f"refs/heads/{series.base_branch}")
    if left and left != tip and _contains(repository, left, series.base):
        return left
    if _contains(repository, tip, series.base):
        return series.base
    if left and left != tip:
        return left
    raise GitError(
        f"{series.branch} has no commit in common with {series.base_branch or series.base[:12]}",
        hint="in a shallow clone: git fetch --unshallow",
    )


def _common(repository: Repository, one: str, other: str) -> str | None:
    status, found, _ = repository.attempt("merge-base", one, other)
    return None if status else found.strip()


def _contains(repository: Repository, descendant: str, ancestor: str) -> bool:
    status, _, _ = repository.attempt("merge-base", "--is-ancestor", ancestor, descendant)
    return status == 0


def _recorded_branches(repository: Repository) -> tuple[str, ...]:
    return tuple(f"there is {name}" for name in branches(repository))


def _directory(repository: Repository) -> Path:
    return repository.common_dir / "overlaytool/series"


def _file(repository: Repository, branch: str) -> Path:
    return _directory(repository) / f"{quote(branch, safe='')}.json"
