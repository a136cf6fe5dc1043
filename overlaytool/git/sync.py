"""Clones and refreshes the trees to import from, as shallow clones in the user's cache.

Only clones that this module made are ever changed; they carry ``overlaytool.managed`` in their
configuration. A clone appears under its name when it is complete and not before. Blobs come on demand where
the server can: the history is not wanted, and of the next commit only what differs is fetched. All of one
commit is fetched before the first file of a work tree changes, so that a broken connection leaves it whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from overlaytool.config import SourceConfig
from overlaytool.errors import GitError, NetworkError, RepositoryError, WriteError
from overlaytool.git.head import head_commit
from overlaytool.git.transfer import transfer
from overlaytool.git.tree_lock import MANAGED, MARKER, alone, managed
from overlaytool.model.series import Synced, SyncState
from overlaytool.progress import Progress, Task

CLONE = (
    *("clone", "--progress", "--depth=1", "--single-branch", "--no-tags"),
    *("--config", f"{MANAGED}=true", "--config", "gc.autoDetach=false"),
    *("--config", "core.autocrlf=false", "--config", "advice.detachedHead=false"),
)
ON_DEMAND = "--filter=blob:none"


def sync(sources: Sequence[SourceConfig], progress: Progress) -> Iterator[Synced]:
    """Make or refresh each tree that has a URL, in order.

    :raises NetworkError: for a tree of which there is no clone yet, and whose remote cannot be reached.
    :raises RepositoryError: for a tree that the user keeps and that is not there.
    :raises LockedError: when another process is at it.
    :raises GitError: when a clone is damaged.
    """
    for source in sources:
        yield _sync(source, progress)


def _sync(source: SourceConfig, progress: Progress) -> Synced:
    if source.url is None and not source.path.is_dir():
        raise RepositoryError(
            f"{source.name} is to be at {source.path}, and nothing is there",
            hint="give it a url in overlaytool.toml, and sync clones it",
        )
    if source.url is None or (_has_content(source.path) and not managed(source.path)):
        return _synced(source, SyncState.KEPT)
    try:
        source.path.parent.mkdir(parents=True, exist_ok=True)
        with alone(source.name, source.path), progress.task(f"{source.name}: {source.url}") as task:
            if _has_content(source.path):
                return _refresh(source, source.url, task)
            return _clone(source, source.url, task)
    except OSError as error:
        raise WriteError(
            f"{source.name} cannot be kept at {source.path}: {error.strerror}",
            hint="path in overlaytool.toml, or XDG_CACHE_HOME, names another place",
        ) from error


def _has_content(path: Path) -> bool:
    """Whether there is a file or a directory that is not empty."""
    return path.is_symlink() or path.is_file() or (path.is_dir() and any(path.iterdir()))


def _synced(source: SourceConfig, state: SyncState, reason: str | None = None) -> Synced:
    commit = head_commit(source.path)
    return Synced(name=source.name, path=str(source.path), commit=commit, state=state, reason=reason)


def _clone(source: SourceConfig, url: str, task: Task) -> Synced:
    parent = source.path.parent
    prefix = f".{source.path.name}.new-"
    for left_over in parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as place:
        try:
            transfer((*CLONE, ON_DEMAND, "--", url, "clone"), directory=Path(place), task=task)
        except NetworkError as error:
            raise NetworkError(
                f"{source.name} cannot be cloned from {url}, and there is no clone yet",
                details=error.details,
                hint=f"try again with a network, or name a tree that you have with --{_option(source)}",
            ) from error
        except GitError as error:
            raise GitError(
                f"{source.name} cannot be cloned from {url}",
                details=error.details,
                hint="is that the url of a repository that you may read? overlaytool.toml sets it",
            ) from error
        (Path(place) / "clone").rename(source.path)
    return _synced(source, SyncState.CLONED)


def _option(source: SourceConfig) -> str:
    return "gentoo PATH" if source.name == "gentoo" else "source PATH"


def _refresh(source: SourceConfig, url: str, task: Task) -> Synced:
    path = source.path
    before = head_commit(path)
    for left_over in (path / ".git").glob("*.lock"):
        left_over.unlink()
    if (path / MARKER).exists():
        _finish(path, task)
    try:
        transfer(("remote", "set-url", "origin", url), directory=path, task=task)
        transfer(
            ("fetch", "--progress", "--depth=1", "--no-tags", "--force", "origin", "HEAD"),
            directory=path,
            task=task,
        )
        _fetch_blobs(path, task)
    except NetworkError as error:
        return _synced(source, SyncState.OFFLINE, _first(error))
    except GitError as error:
        raise GitError(
            f"the clone of {source.name} at {path} cannot be refreshed",
            details=error.details,
            hint=f"it is only a cache: rm -r {path}, then overlaytool sync",
        ) from error
    to_come = transfer(("rev-parse", "--verify", "FETCH_HEAD^{commit}"), directory=path, task=task)
    _write_marker(path / MARKER, to_come)
    _finish(path, task)
    state = SyncState.CURRENT if head_commit(path) == before else SyncState.REFRESHED
    return _synced(source, state)


def _first(error: NetworkError) -> str:
    """The first line of git's message, which says what failed; the lines after it guess why."""
    said = error.details[0] if error.details else error.message
    return said.removeprefix("fatal: ").removeprefix("error: ")


def _finish(path: Path, task: Task) -> None:
    """Check out the commit that the marker names, which is fetched already. After a kill it is done again.

    :raises GitError: where the clone is damaged.
    """
    commit = (path / MARKER).read_text(encoding="ascii", errors="replace").strip()
    try:
        transfer(("reset", "--hard", "--quiet", commit), directory=path, task=task)
        transfer(("clean", "-d", "--force", "--quiet"), directory=path, task=task)
    except GitError as error:
        raise GitError(
            f"a refresh of {path} was cut short and cannot be completed",
            details=error.details,
            hint=f"it is only a cache: rm -r {path}, then overlaytool sync",
        ) from error
    (path / MARKER).unlink()


def _write_marker(marker: Path, commit: bytes) -> None:
    """Write the commit to be checked out to disk, before the first file of the work tree changes."""
    new = marker.with_name(f"{marker.name}.new")
    with new.open("wb") as file:
        file.write(commit)
        file.flush()
        os.fsync(file.fileno())
    new.replace(marker)


def _fetch_blobs(path: Path, task: Task) -> None:
    """Fetch the blobs of the new commit that a clone with blobs on demand has not got."""
    listed = transfer(
        ("rev-list", "--objects", "--missing=print", "--no-object-names", "FETCH_HEAD^{tree}"),
        directory=path,
        task=task,
    )
    missing = [line[1:] for line in listed.splitlines() if line.startswith(b"?")]
    if missing:
        transfer(
            ("fetch", "--progress", "--no-tags", "--no-write-fetch-head", ON_DEMAND, "--stdin", "origin"),
            directory=path,
            task=task,
            stdin=b"".join(name + b"\n" for name in missing),
        )
