"""The journal of a change to a checkout: what is needed to take it back, on disk before the first change.

Layout, below the checkout's private directory::

    apply/journal.json   exists exactly while the work tree is being changed; done.json when that is over
    apply/before/N       the file that was there, as a hard link to it, so that it costs no space
    apply/after/N        the file that comes; moved into its place

Recovery takes the change back. A run that was cut short did not happen: the user starts it again, and
its plan is made from trees as they are then.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from overlaytool.errors import StaleError, WriteError
from overlaytool.flatcar.tree import SYMLINK, read_file
from overlaytool.model.change import FileChange, FileState, Recovery

DIRECTORY = "apply"
JOURNAL = "journal.json"
ENDED = "done.json"
"""What a journal is called once its change is made."""


class Entry(Struct, frozen=True, kw_only=True):
    """One path of the journal."""

    path: str
    before: str | None
    """Digest of the file that was there, None for no file."""
    after: str | None


class Journal(Struct, frozen=True, kw_only=True):
    """What a change was about to do."""

    started: str
    """UTC, ISO 8601."""
    request: tuple[str, ...]
    entries: tuple[Entry, ...]
    new_directories: tuple[str, ...]
    """Directories that the change makes, outermost first."""


def digest(state: FileState | None) -> str | None:
    """Mode and content of a file in one word."""
    if state is None:
        return None
    return f"{state.mode:o}-{hashlib.sha256(state.content).hexdigest()}"


def stage(directory: Path, checkout: Path, changes: Sequence[FileChange]) -> None:
    """Put the files before and after into ``directory``, down to the disk.

    :raises OSError: where that cannot be done; nothing of the checkout was touched.
    """
    discard(directory)
    (directory / "before").mkdir(parents=True)
    (directory / "after").mkdir()
    for number, change in enumerate(changes):
        original = checkout / change.path
        if change.before is not None:
            _keep(original, directory / "before" / str(number))
        if change.after is not None:
            like = original if change.before is not None else None
            _write(directory / "after" / str(number), change.after, like)
    for name in ("before", "after"):
        sync(directory / name)


def begin(directory: Path, checkout: Path, changes: Sequence[FileChange], request: Sequence[str]) -> None:
    """Write the journal: from here on a recovery takes the change back."""
    journal = Journal(
        started=now(),
        request=tuple(request),
        entries=tuple(
            Entry(path=change.path, before=digest(change.before), after=digest(change.after))
            for change in changes
        ),
        new_directories=_new_directories(checkout, changes),
    )
    document = msgspec.json.encode({"format": 1, **msgspec.to_builtins(journal)})
    replace_file(directory / JOURNAL, msgspec.json.format(document, indent=1))
    for place in (directory.parent, directory.parent.parent):
        sync(place)


def now() -> str:
    """The time: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def end(directory: Path) -> None:
    """The change is done: from here on nothing has to be taken back."""
    (directory / JOURNAL).rename(directory / ENDED)
    sync(directory)


def resume(directory: Path) -> None:
    """A change that was made counts as cut short again: from here on it has to be taken back."""
    (directory / ENDED).rename(directory / JOURNAL)
    sync(directory)


def discard(directory: Path) -> None:
    """Remove what is left when there is no journal any more, or not yet."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory)


def pending(directory: Path) -> bool:
    """Whether a change was begun and not ended."""
    return (directory / JOURNAL).exists()


def edited_meanwhile(directory: Path) -> tuple[str, ...]:
    """The files that somebody still wrote into while they were replaced: an editor that had them open.

    :raises OSError: where that cannot be told.
    """
    return tuple(
        entry.path
        for number, entry in enumerate(read(directory).entries)
        if entry.before is not None and digest(read_file(directory / "before" / str(number))) != entry.before
    )


def take_back(directory: Path, checkout: Path, keep: Collection[str] = ()) -> Recovery:
    """Make the checkout what it was before the change. Cut short, it can be run again.

    :param keep: files that the change had not come to yet, and that stay as they are now.
    :raises StaleError: where somebody changed one of the files since; nothing is touched then.
    :raises OSError: where the files cannot be written.
    """
    journal = read(directory)
    states = {entry.path: digest(read_file(checkout / entry.path)) for entry in journal.entries}
    foreign = [
        entry.path
        for entry in journal.entries
        if states[entry.path] not in (entry.before, entry.after) and entry.path not in keep
    ]
    if foreign:
        raise StaleError(
            f"a change of {checkout} was cut short, and files of it were edited since",
            details=tuple(foreign),
            hint=f"what was there before is in {directory / 'before'}, by the numbers of {JOURNAL};"
            f" put the files right, then remove {directory}",
        )
    for entry in journal.entries:
        near = _near(checkout / entry.path)
        if near.exists():
            near.unlink()
    changed = [
        entry for entry in journal.entries if states[entry.path] != entry.before and entry.path not in keep
    ]
    for entry in changed:
        if entry.before is None:
            (checkout / entry.path).unlink()
    for name in reversed(journal.new_directories):
        with contextlib.suppress(OSError):
            (checkout / name).rmdir()
    for number, entry in enumerate(journal.entries):
        if entry.before is not None and entry in changed:
            place = checkout / entry.path
            place.parent.mkdir(parents=True, exist_ok=True)
            move(directory / "before" / str(number), place)
    sync_parents(checkout, (entry.path for entry in changed))
    (directory / JOURNAL).unlink()
    sync(directory)
    return Recovery(
        started=journal.started, request=journal.request, restored=tuple(entry.path for entry in changed)
    )


def move(source: Path, target: Path) -> None:
    """Put a file in its place in one step, replacing what is there."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The git directory is on another file system than the work tree.
        near = _near(target)
        try:
            _copy(source, near)
            near.replace(target)
        except BaseException:
            near.unlink(missing_ok=True)
            raise


def replace_file(place: Path, content: bytes) -> None:
    """Write a file of our own in one step, down to the disk.

    :raises OSError: where that cannot be done; the old one is there then.
    """
    new = place.with_name(f"{place.name}.new")
    new.unlink(missing_ok=True)
    _write(new, FileState(mode=0o100644, content=content), None)
    new.replace(place)
    sync(place.parent)


def sync(directory: Path) -> None:
    """Get a directory's names down to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_parents(checkout: Path, paths: Iterable[str]) -> None:
    """Get the directories that lead (or led) to ``paths`` down to the disk."""
    for parent in sorted({parent for path in paths for parent in PurePosixPath(path).parents}):
        if (checkout / parent).is_dir():
            sync(checkout / parent)


def _near(target: Path) -> Path:
    """A name beside a file, for a copy of it that is not complete yet."""
    return target.with_name(f".{target.name}.overlaytool")


def _new_directories(checkout: Path, changes: Iterable[FileChange]) -> tuple[str, ...]:
    parents = {
        parent
        for change in changes
        if change.after is not None
        for parent in PurePosixPath(change.path).parents
        if not (checkout / parent).is_dir()
    }
    return tuple(str(parent) for parent in sorted(parents))


def _keep(original: Path, place: Path) -> None:
    """Keep a file as it is: linked, where the file system can, else copied."""
    try:
        os.link(original, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        _copy(original, place)


def _copy(source: Path, target: Path) -> None:
    """A copy with mode, times and, where that is allowed, owner; down to the disk."""
    status = source.lstat()
    shutil.copy2(source, target, follow_symlinks=False)
    with contextlib.suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        _sync_file(target)


def _write(place: Path, state: FileState, like: Path | None) -> None:
    """Write a new file down to the disk, with the user's umask, or the permissions of the one it replaces."""
    if state.mode == SYMLINK:
        place.symlink_to(os.fsdecode(state.content))
        return
    executable = bool(state.mode & stat.S_IXUSR)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if executable else 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(state.content)
        if like is not None and not like.is_symlink():
            _take_after(descriptor, like.stat(), executable)
        file.flush()
        os.fsync(descriptor)


def _take_after(descriptor: int, status: os.stat_result, executable: bool) -> None:
    """Give a file the permissions and owner of another; the executable bits follow git's mode."""
    mode = stat.S_IMODE(status.st_mode)
    if executable != bool(mode & stat.S_IXUSR):
        readers = mode & 0o444
        mode = mode | readers >> 2 if executable else mode & ~0o111
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, mode)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(directory: Path, name: str = JOURNAL) -> Journal:
    """The journal of a change.

    :raises WriteError: where it is damaged.
    """
    try:
        return msgspec.json.decode((directory / name).read_bytes(), type=Journal)
    except (msgspec.MsgspecError, ValueError) as error:
        raise WriteError(
            f"the journal of a change that was cut short is damaged: {directory / name}",
            details=(str(error),),
            hint=f"git status shows what was changed; put it right, then remove {directory}",
        ) from error
