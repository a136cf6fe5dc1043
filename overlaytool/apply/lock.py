"""The lock of a checkout, so that one overlaytool writes it at a time, and its private directory."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from overlaytool.errors import LockedError, WriteError
from overlaytool.git.head import find_git_dir
from overlaytool.support.lock import HeldElsewhereError, hold


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

    :raises LockedError: while another process holds it.
    :raises WriteError: where there is no place for a lock.
    """
    directory = private_directory(checkout, state)
    with contextlib.ExitStack() as stack:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold(directory / "lock"))
        except HeldElsewhereError as error:
            raise LockedError(
                f"another overlaytool is at work in {checkout}",
                details=(f"process {error.process}",) if error.process else (),
                hint="wait until it has ended, then run this again",
            ) from None
        except OSError as error:
            raise WriteError(
                f"{checkout} cannot be changed",
                details=(f"{directory / 'lock'}: {error.strerror}",),
                hint="nothing was changed; is the file system read-only or full,"
                " or the checkout another user's?",
            ) from error
        yield directory
