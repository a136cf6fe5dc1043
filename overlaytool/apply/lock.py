"""One overlaytool at a time in one checkout, and the place for what concerns that checkout only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from overlaytool.errors import LockedError, WriteError
from overlaytool.git.head import find_git_dir


def private_directory(checkout: Path, state: Path) -> Path:
    """Where the lock and the journal of a checkout are: in its git directory, so that they move with it.

    For a checkout without git it is a directory of the user's state, named by the checkout's path.

    :param state: the user's state directory for overlaytool.
    """
    own = find_git_dir(checkout)
    if own is not None:
        return own / "overlaytool"
    digest = hashlib.sha256(os.fsencode(checkout.resolve())).hexdigest()
    return state / "checkouts" / digest[:16]


@contextlib.contextmanager
def locked(checkout: Path, state: Path) -> Iterator[Path]:
    """Hold the checkout's lock, and give its private directory.

    The kernel lets go of the lock when its process ends, however it ends, so none is ever stale.

    :raises LockedError: while another process holds it.
    :raises WriteError: where there is no place for a lock.
    """
    place = private_directory(checkout, state)
    try:
        place.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise WriteError(
            f"{checkout} cannot be changed",
            details=(f"{place / 'lock'}: {error.strerror}",),
            hint="nothing was changed; is the file system read-only or full, or the checkout another user's?",
        ) from error
    try:
        _lock(descriptor, checkout)
        yield place
    finally:
        os.close(descriptor)


def _lock(descriptor: int, checkout: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        raise LockedError(
            f"another overlaytool is at work in {checkout}",
            details=(f"process {holder}",) if holder else (),
            hint="wait until it has ended, then run this again",
        ) from None
    # The number is for the message above; a disk too full for it must not be in the way.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
