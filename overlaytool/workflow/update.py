"""``update --all``: all of the automation list brought up to Gentoo, with what people do by hand then.

list, Gentoo --copy--> scratch checkout --closure of everything--> what is missing, what each view selects
  --import, accept, drop--> again until nothing changes --> change set

The same from a branch on which somebody has copied already (``--onto``): then only what people add to it.
"""

from __future__ import annotations

from contextlib import ExitStack

from msgspec import Struct

from overlaytool.apply import work_tree
from overlaytool.apply.scratch import scratch
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.checkout import Checkout
from overlaytool.git import changes
from overlaytool.git.export import exported
from overlaytool.git.repository import Repository
from overlaytool.model.change import FileChange
from overlaytool.model.series import Series
from overlaytool.series import preflight
from overlaytool.series.commit import commit as make_commits
from overlaytool.workflow.review import NOT_RESOLVED, state_of
from overlaytool.workflow.upkeep import Start, Updated, Upkeep
from overlaytool.workflow.workspace import Workspace


class Wish(Struct, frozen=True, kw_only=True):
    """What is to be brought up to Gentoo."""

    excluded: tuple[str, ...] = ()
    """Patterns of names in the automation list that are left alone."""
    onto: str | None = None
    """A commit on which somebody has copied already; None: what is to be changed is the checkout as it is."""
    committed: bool = False
    """Whether to start from the commit that is checked out, not from the files of the work tree."""


def update_all(space: Workspace, wish: Wish) -> Updated:
    """Work out the update of everything. Writes nothing into the checkout.

    :raises GitError: where a commit is not there.
    :raises UnsafeSourceError: where the source holds files that must not be copied.
    """
    with ExitStack() as stack:
        start = _start(space, wish, stack)
        copy = stack.enter_context(scratch(start.checkout.path))
        return Upkeep(space, start, copy).run(wish.excluded)


def _start(space: Workspace, wish: Wish, stack: ExitStack) -> Start:
    if wish.onto is None and not wish.committed:
        return Start(checkout=space.checkout, before=state_of(space, space.checkout), base=None, range=None)
    repository = Repository.open(space.checkout.path)

    def at(commit: str) -> Checkout:
        place = exported(repository, commit, space.config.cache, without=NOT_RESOLVED)
        return checkouts.find(stack.enter_context(place))

    if wish.onto is None:
        head = repository.head()
        here = at(head)
        return Start(checkout=here, before=state_of(space, here), base=head, range=None)
    ends = changes.parse_range(repository, f"HEAD...{wish.onto}")
    before = state_of(space, at(ends.base))
    return Start(checkout=at(ends.tip), before=before, base=ends.tip, range=ends)


def commit(space: Workspace, updated: Updated, branch: str) -> Series:
    """Make an update commits on a branch of their own, from the commit that it was worked out for.

    :raises GitError: when the branch holds something else, or git refuses.
    :raises StaleError: where the update was worked out for the files of the work tree.
    """
    repository = Repository.open(space.checkout.path)
    preflight.check(repository, branch)
    base = updated.base or repository.head()
    return make_commits(repository, updated.change_set, base=base, branch=branch, progress=space.progress)


def apply(space: Workspace, updated: Updated) -> tuple[FileChange, ...]:
    """Write an update into the work tree: all of it, or nothing.

    :return: what was changed.
    """
    with space.progress.task("writing"):
        return work_tree.apply(updated.change_set, space.checkout.path, space.config.state)
