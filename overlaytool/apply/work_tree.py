"""apply(change_set) writes the work tree: all of it, or nothing. Only this module writes a checkout's files.

Everything that can fail for lack of space or rights is done first, beside the tree: the new files are
written, the old ones kept, a journal is begun. Then each file is moved into its place. When that is cut
short (by a signal, a full disk, the power), the journal is still there, and the next command that
writes takes the change back with it, see `journal`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from overlaytool.apply import done, journal, uncommitted
from overlaytool.apply.lock import locked, private_directory
from overlaytool.errors import StaleError, WriteError
from overlaytool.flatcar.tree import read_file

if TYPE_CHECKING:
    from overlaytool.model.change import ChangeSet, FileChange, Recovery

_DONE = "the change was made; whether all of it is on the disk is not certain: git status shows it"


def _nothing(_: str) -> None:
    """Do nothing: the hook of tests when there is no test."""


def apply(
    change_set: ChangeSet, checkout: Path, state: Path, *, at: Callable[[str], None] = _nothing
) -> tuple[FileChange, ...]:
    """Make the checkout's work tree what the change set says.

    :param state: the user's state directory for overlaytool.
    :param at: called with the name of each point that is reached, for tests that cut the work short there.
    :return: what was changed; nothing when the work tree was that way already.
    :raises LockedError: while another overlaytool is at work in the checkout.
    :raises StaleError: where files are not as the change set found them; nothing was changed.
    :raises UncommittedError: where it would write over work that is not committed; nothing was changed.
    :raises WriteError: where a file cannot be written; nothing was changed.
    """
    changes = change_set.net
    if not changes:
        return ()
    with locked(checkout, state) as place:
        at("locked")
        directory = place / journal.DIRECTORY
        if journal.pending(directory):
            _take_back(directory, checkout)
        _clean(directory)
        try:
            if all(read_file(checkout / change.path) == change.after for change in changes):
                return ()
            _check(checkout, changes)
            uncommitted.refuse(checkout, place, changes)
        except OSError as error:
            raise _write_error(checkout, error, "nothing was changed") from error
        _stage(directory, checkout, changes, change_set.request, at)
        _switch(directory, checkout, changes, at)
        _clean(directory)
        at("cleaned")
    return changes


def pending(checkout: Path, state: Path) -> bool:
    """Whether a change was cut short, so that the work tree is half changed. Changes nothing."""
    return journal.pending(private_directory(checkout, state) / journal.DIRECTORY)


def recover(checkout: Path, state: Path) -> Recovery | None:
    """Undo a change that was cut short. Every command that writes calls this before it reads the trees.

    :return: what was done; None, and no file was touched, where no change was cut short.
    :raises LockedError: while the change is still being made.
    :raises StaleError: where its files were edited since; nothing was changed.
    :raises WriteError: where they cannot be written.
    """
    if not (private_directory(checkout, state) / journal.DIRECTORY).exists():
        return None
    with locked(checkout, state) as place:
        directory = place / journal.DIRECTORY
        if not journal.pending(directory):
            _clean(directory)
            return None
        return _take_back(directory, checkout)


def _check(checkout: Path, changes: Sequence[FileChange]) -> None:
    """Refuse where files are not as the change set expects, or a symlink leads out of the tree."""
    for change in changes:
        parts = PurePosixPath(change.path).parts
        if change.path.startswith("/") or ".." in parts or ".git" in map(str.casefold, parts):
            raise WriteError(
                f"{change.path} is no path of a checkout's work tree", hint="nothing was changed"
            )
        for parent in PurePosixPath(change.path).parents:
            if (checkout / parent).is_symlink() and parent != PurePosixPath():
                raise WriteError(
                    f"{change.path} would be written through a symlink, {parent}",
                    hint="git status shows what was changed there",
                )
    stale = [change.path for change in changes if read_file(checkout / change.path) != change.before]
    if stale:
        raise StaleError(
            "files of the checkout are no longer what the change was worked out from",
            details=tuple(stale),
            hint="nothing was written; run the command again",
        )


def _stage(
    directory: Path,
    checkout: Path,
    changes: Sequence[FileChange],
    request: Sequence[str],
    at: Callable[[str], None],
) -> None:
    try:
        journal.stage(directory, checkout, changes)
        at("staged")
        journal.begin(directory, checkout, changes, request)
    except OSError as error:
        _discard_quietly(directory)
        raise _write_error(checkout, error, "nothing was changed") from error
    except BaseException:
        _discard_quietly(directory)
        raise


def _switch(
    directory: Path, checkout: Path, changes: Sequence[FileChange], at: Callable[[str], None]
) -> None:
    """Move everything into its place; on any failure, move everything back."""
    try:
        at("begun")
        uncommitted.remember(checkout, directory.parent, changes)
        _exchange(directory, checkout, changes, at)
        journal.sync_parents(checkout, [change.path for change in changes])
        at("synced")
        for path in journal.edited_meanwhile(directory):
            raise _Edited(path, replaced=True)
        journal.end(directory)
        at("ended")
    except OSError as error:
        over = not journal.pending(directory)
        _undo(directory, checkout)
        raise _write_error(checkout, error, _DONE if over else "nothing was changed") from error
    except _Edited as edited:
        _take_back(directory, checkout, keep=() if edited.replaced else (edited.path,))
        raise StaleError(
            "a file of the checkout was edited while this was about to replace it",
            details=(edited.path,),
            hint="the edit is there, and nothing else was changed; run the command again",
        ) from None
    except BaseException:
        _undo(directory, checkout)
        raise


class _Edited(Exception):
    """A file was edited by somebody else right before or after it was replaced."""

    def __init__(self, path: str, *, replaced: bool = False) -> None:
        super().__init__(path)
        self.path, self.replaced = path, replaced


def _still_as_found(checkout: Path, change: FileChange) -> None:
    """Check a file again right before it is replaced or deleted.

    :raises _Edited: where it is not what it was.
    """
    if read_file(checkout / change.path) != change.before:
        raise _Edited(change.path)


def _exchange(
    directory: Path, checkout: Path, changes: Sequence[FileChange], at: Callable[[str], None]
) -> None:
    """Writes first, deletions last, and then the directories that are left empty.

    Making a directory is all that can still need space; until that is over, nothing is taken away that
    would need space to come back. Only a file that becomes a directory, or a directory that becomes a
    file, has to go before.
    """
    written = {change.path for change in changes if change.after is not None}
    deleted = [change for change in changes if change.after is None]
    in_the_way = [change for change in deleted if _conflicts(change.path, written)]
    for change in in_the_way:
        _still_as_found(checkout, change)
        (checkout / change.path).unlink()
        _prune(checkout, change.path)
        at(f"deleted {change.path}")
    for number, change in enumerate(changes):
        if change.after is not None:
            _still_as_found(checkout, change)
            target = checkout / change.path
            target.parent.mkdir(parents=True, exist_ok=True)
            journal.move(directory / "after" / str(number), target)
            at(f"written {change.path}")
    for change in deleted:
        if change not in in_the_way:
            _still_as_found(checkout, change)
            (checkout / change.path).unlink()
            at(f"deleted {change.path}")
    for change in deleted:
        _prune(checkout, change.path)


def _conflicts(path: str, written: Collection[str]) -> bool:
    """Whether ``path`` cannot be there together with the files that are written."""
    above = {str(parent) for parent in PurePosixPath(path).parents}
    return not above.isdisjoint(written) or any(other.startswith(f"{path}/") for other in written)


def _undo(directory: Path, checkout: Path) -> None:
    """Undo the change at once, where it is not complete."""
    if journal.pending(directory):
        _take_back(directory, checkout)


def _take_back(directory: Path, checkout: Path, keep: Collection[str] = ()) -> Recovery:
    try:
        recovery = done.put_back(directory, checkout, keep)
    except OSError as error:
        raise _write_error(
            checkout,
            error,
            "a change was cut short and is still there: make room or give rights, then run this again",
        ) from error
    _discard_quietly(directory)
    return recovery


def _prune(checkout: Path, path: str) -> None:
    """Remove the directories above a deleted file that it has left empty."""
    for parent in PurePosixPath(path).parents:
        try:
            if parent != PurePosixPath():
                (checkout / parent).rmdir()
        except OSError:
            return


def _clean(directory: Path) -> None:
    """Keep a change that is over for `undo`; remove what else is left."""
    try:
        if (directory / journal.ENDED).exists():
            done.keep(directory)
    except OSError:
        pass
    _discard_quietly(directory)


def _discard_quietly(directory: Path) -> None:
    """Clean up what was staged; what cannot be removed now is removed before the next change."""
    try:
        journal.discard(directory)
    except OSError:
        return


def _write_error(checkout: Path, error: OSError, outcome: str) -> WriteError:
    where = error.filename2 or error.filename
    return WriteError(
        f"{checkout} cannot be changed: {error.strerror or error}",
        details=(str(where),) if where else (),
        hint=outcome,
    )
