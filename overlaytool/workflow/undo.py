"""``undo``: what add, update, remove, fork or unfork did last is taken back, files or branch.

done, newest --look--> what it was --nothing touched it since--> files as before, or no branch
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from overlaytool import config as configuration
from overlaytool.apply import done as kept
from overlaytool.apply import work_tree
from overlaytool.flatcar import checkout as checkouts

if TYPE_CHECKING:
    from overlaytool.model.change import Done, Recovery


class Undo(Struct, frozen=True, kw_only=True):
    """What is there to be taken back, and where."""

    checkout: Path
    state: Path
    done: Done | None
    """None where a run was cut short: then that has been taken back, and nothing else."""
    recovery: Recovery | None
    remotes: tuple[str, ...] = ()
    """For a branch: the remotes that have it, too."""


def look(checkout: Path | None, config: Path | None) -> Undo:
    """Find what was done last, and see that it can be taken back.

    :raises NothingDoneError: where there is nothing.
    :raises StaleError: naming what was changed since.
    :raises GitError: for a branch that cannot be taken away now.
    """
    place = checkouts.find(checkout).path
    state = configuration.load(config, checkout=place).state
    recovery = work_tree.recover(place, state)
    if recovery is not None:
        return Undo(checkout=place, state=state, done=None, recovery=recovery)
    done = kept.last(place, state)
    remotes: tuple[str, ...] = ()
    if done.series is None:
        kept.refuse_touched(place, state, done)
    else:
        from overlaytool.git.repository import Repository
        from overlaytool.series import withdraw

        repository = Repository.open(place)
        withdraw.check(repository, done.series)
        remotes = withdraw.pushed_to(repository, done.series.branch)
    return Undo(checkout=place, state=state, done=done, recovery=None, remotes=remotes)


def undo(found: Undo) -> None:
    """Take it back: all of it, or nothing.

    :raises StaleError, GitError, UncommittedError, LockedError, WriteError: nothing was changed then.
    """
    if found.done is None:
        return
    if found.done.series is None:
        kept.take_back(found.checkout, found.state, found.done)
        return
    from overlaytool.git.repository import Repository
    from overlaytool.series.withdraw import withdraw

    withdraw(Repository.open(found.checkout), found.done.series)
    kept.forget(found.checkout, found.state, found.done)
