"""What was done to a checkout, newest last, so that ``undo`` can take it back.

Below the checkout's private directory::

    done/0007/done.json    the journal of a change that was made, see `journal`
    done/0007/before/N     the files that it replaced or deleted
    done/0008/series.json  a branch that was made

To take a change back, its directory becomes the journal of a change that was cut short. So undoing, too,
happens as a whole or is completed by the next command that writes.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec
from msgspec import Struct

from overlaytool.apply import journal, uncommitted
from overlaytool.apply.journal import Journal, digest
from overlaytool.apply.lock import locked, private_directory
from overlaytool.errors import NothingDoneError, StaleError, WriteError
from overlaytool.flatcar.tree import read_file
from overlaytool.model.change import Done, Recovery
from overlaytool.model.series import Series

DIRECTORY = "done"
DOCUMENT = "series.json"
KEPT = 20
"""Changes that can be taken back, one after the other; older ones are forgotten."""


class _Branch(Struct, frozen=True, kw_only=True):
    started: str
    request: tuple[str, ...]
    series: Series


def keep(directory: Path) -> None:
    """Keep a change that has just been made, and forget the oldest.

    :param directory: where its journal is, ended.
    """
    place = _next(directory.parent)
    directory.rename(place)


def note(checkout: Path, state: Path, series: Series, request: tuple[str, ...]) -> None:
    """Keep that a branch was made.

    :raises LockedError: while another overlaytool is at work in the checkout.
    :raises WriteError: where that cannot be written.
    """
    with locked(checkout, state) as private:
        try:
            place = _next(private)
            place.mkdir()
            document = msgspec.json.encode(_Branch(started=journal.now(), request=request, series=series))
            journal.replace_file(place / DOCUMENT, document)
        except OSError as error:
            raise WriteError(f"{private / DIRECTORY} cannot be written: {error.strerror}") from error


def last(checkout: Path, state: Path) -> Done:
    """The change that was made last.

    :raises NothingDoneError: where there is none.
    """
    found = _all(private_directory(checkout, state))
    while found:
        place = found.pop()
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            if (place / DOCUMENT).exists():
                made = msgspec.json.decode((place / DOCUMENT).read_bytes(), type=_Branch)
                return Done(number=place.name, started=made.started, request=made.request, series=made.series)
            change = journal.read(place, journal.ENDED)
            return Done(
                number=place.name,
                started=change.started,
                request=change.request,
                restored=tuple(entry.path for entry in change.entries if entry.before is not None),
                removed=tuple(entry.path for entry in change.entries if entry.before is None),
            )
    raise NothingDoneError(
        f"overlaytool has done nothing in {checkout} that could be taken back",
        hint="git status shows what is changed there",
    )


def take_back(checkout: Path, state: Path, done: Done) -> Recovery:
    """Make the files of a change what they were before it.

    :raises StaleError: naming the files that are not as the change left them; nothing was touched.
    :raises LockedError: while another overlaytool is at work in the checkout.
    :raises WriteError: where the files cannot be written.
    """
    with locked(checkout, state) as private:
        place, directory = private / DIRECTORY / done.number, private / journal.DIRECTORY
        try:
            change = journal.read(place, journal.ENDED)
            _refuse_touched(checkout, change)
            journal.discard(directory)
            place.rename(directory)
            journal.resume(directory)
            recovery = put_back(directory, checkout)
            journal.discard(directory)
        except OSError as error:
            raise WriteError(
                f"{checkout} cannot be changed: {error.strerror or error}",
                details=(str(error.filename),) if error.filename else (),
                hint="make room or give rights, then run this again",
            ) from error
    return recovery


def put_back(directory: Path, checkout: Path, keep: Collection[str] = ()) -> Recovery:
    """Take a change back, see :func:`journal.take_back`; what comes back is overlaytool's work still."""
    before = {entry.path: entry.before for entry in journal.read(directory).entries}
    recovery = journal.take_back(directory, checkout, keep)
    with contextlib.suppress(OSError):  # without the record, what comes back counts as a person's work
        uncommitted.note(checkout, directory.parent, {path: before[path] for path in recovery.restored})
    return recovery


def forget(checkout: Path, state: Path, done: Done) -> None:
    """Drop what is kept of a change."""
    shutil.rmtree(private_directory(checkout, state) / DIRECTORY / done.number, ignore_errors=True)


def refuse_touched(checkout: Path, state: Path, done: Done) -> None:
    """See that the files of a change are as it left them.

    :raises StaleError: naming those that are not.
    """
    place = private_directory(checkout, state) / DIRECTORY / done.number
    _refuse_touched(checkout, journal.read(place, journal.ENDED))


def _refuse_touched(checkout: Path, change: Journal) -> None:
    touched = [
        entry.path for entry in change.entries if digest(read_file(checkout / entry.path)) != entry.after
    ]
    if touched:
        raise StaleError(
            f"files that {' '.join(change.request)} wrote were changed since",
            details=tuple(touched),
            hint="nothing was taken back; git diff shows the changes, git restore FILE... undoes them",
        )


def _all(private: Path) -> list[Path]:
    """The directories that are kept, oldest first."""
    return sorted(place for place in (private / DIRECTORY).glob("*") if place.name.isdecimal())


def _next(private: Path) -> Path:
    """A place for one more; the oldest make room."""
    kept = _all(private)
    for old in kept[: max(0, len(kept) - KEPT + 1)]:
        shutil.rmtree(old, ignore_errors=True)
    (private / DIRECTORY).mkdir(exist_ok=True)
    return private / DIRECTORY / f"{int(kept[-1].name) + 1 if kept else 1:04d}"
