"""``remove``: packages out of what asks for them, with all that only they needed.

closure --without--> what is left --plan--> removal --render--> change set --apply | commit--> files, series
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.apply.removal import render
from overlaytool.errors import CheckoutError, GitError, MalformedAtomError
from overlaytool.flatcar import metapackage as metapackages
from overlaytool.flatcar import targets
from overlaytool.flatcar.inventory import Inventory
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git.head import head_commit, names_at_head
from overlaytool.git.repository import Repository
from overlaytool.model.plan import CheckoutState, ProvidedChange
from overlaytool.model.removal import Mention, Removal
from overlaytool.model.resolution import package_name
from overlaytool.model.target import Into, TargetKind
from overlaytool.plan.leftovers import in_ebuilds, mentions
from overlaytool.plan.planner import PROFILES
from overlaytool.plan.removal import Removing
from overlaytool.resolve.request import known_atom
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace

if TYPE_CHECKING:
    from overlaytool.model.change import ChangeSet, FileChange, FileState
    from overlaytool.model.series import Series

PROVIDED_FILE = str(PROFILES / "base/package.provided")


class RemoveRequest(Struct, frozen=True, kw_only=True):
    """What was asked for."""

    packages: tuple[str, ...]
    """As typed; the category may be missing."""
    provide: tuple[str, ...] = ()
    """CPVs that package.provided gets instead."""
    reason: str | None = None
    branch: str | None = None


class Removed(Struct, frozen=True, kw_only=True):
    """A removal, and the commits with it."""

    removal: Removal
    series: Series


def plan(space: Workspace, request: RemoveRequest) -> Removal:
    """Say what goes, and why nothing needs it. Writes nothing.

    :raises UnknownPackageError, AmbiguousPackageError, MalformedAtomError: for what was asked.
    :raises NeededError: where something is still needed.
    """
    packages = tuple(dict.fromkeys(_package(space, text) for text in request.packages))
    inventory = Inventory(space.checkout.path)
    repository = _repository(space)
    removing = Removing(
        packages, everything(space), inventory, _metapackages(space), request.provide, repository
    )
    gone = tuple(removing.packages())
    eclasses = tuple(removing.eclasses())
    entries, hooks = removing.entries(), removing.hooks()
    lines = tuple(removing.lines())
    listed = {entry.name for entry in inventory.list_entries}
    names = [package.package for package in gone]
    removal = Removal(
        request=packages,
        boards=tuple(board.name for board in space.boards),
        checkout=CheckoutState(commit=head_commit(space.checkout.path), version=space.checkout.version),
        reason=request.reason,
        lines=lines,
        packages=gone,
        provided=tuple(
            ProvidedChange(cpv=cpv, file=PROVIDED_FILE, comment=request.reason or _pulled_in(removing, cpv))
            for cpv in request.provide
        ),
        entries=entries,
        hooks=hooks,
        eclasses=eclasses,
        licenses=tuple(removing.licenses({eclass.path for eclass in eclasses})),
        categories=tuple(removing.categories()),
        listed=tuple(
            name for name in (*sorted(names), *(eclass.name for eclass in eclasses)) if name in listed
        ),
        leaves_image=removing.leaves_image(),
        mentions=(),
    )
    return replace(removal, mentions=_mentions(space, removal, inventory, repository))


def _repository(space: Workspace) -> Repository | None:
    try:
        return Repository.open(space.checkout.path)
    except GitError:
        return None


def _package(space: Workspace, text: str) -> str:
    """``category/name`` of what was typed.

    :raises MalformedAtomError: for a version or a slot: a package goes as a whole.
    """
    atom = known_atom(text, space.source)
    if atom.text != atom.package:
        raise MalformedAtomError(
            f"{text!r} names a version, a slot or USE flags, and a package is removed as a whole",
            hint=f"overlaytool remove {atom.package}",
        )
    return atom.package


def _metapackages(space: Workspace) -> dict[Into, tuple[Metapackage, int]]:
    """The metapackages whose lines may go, with the revision that a change takes them to."""
    tree = DiskTree(space.checkout.path)
    found: dict[Into, tuple[Metapackage, int]] = {}
    vendors = (target.into for target in targets.read(tree) if target.into.kind is TargetKind.OEM)
    for into in (Into.IMAGE, Into.BOARD, Into.SDK, Into("dev"), *vendors):
        if targets.find(tree, into) is None:
            continue
        try:
            meta = metapackages.read(tree, into)
        except CheckoutError:
            if into in (Into.IMAGE, Into.BOARD, Into.SDK):
                raise
            continue
        there = names_at_head(space.checkout.path, meta.file.rpartition("/")[0])
        found[into] = (meta, meta.bumped(there))
    return found


def _pulled_in(removing: Removing, cpv: str) -> str:
    users = removing.users(package_name(cpv))
    return f"Pulled in by {', '.join(users[:4])}." if users else "Not needed."


def _mentions(
    space: Workspace, removal: Removal, inventory: Inventory, repository: Repository | None
) -> tuple[Mention, ...]:
    """The places that still name removed packages; only ebuilds where the checkout is no git work tree."""
    gone = {package.path for package in removal.packages}
    gone |= {file.path for file in (*removal.hooks, *removal.eclasses, *removal.licenses)}
    names = [package.package for package in removal.packages]
    edited = {change.path: change.after for change in change_set(space, removal).net}
    found = [*in_ebuilds(inventory, names, gone)]
    if repository is not None:
        found += mentions(repository, names, gone)
    first = {(mention.file, mention.line): mention for mention in reversed(found) if _stays(mention, edited)}
    return tuple(first[place] for place in sorted(first))


def _stays(mention: Mention, edited: Mapping[str, FileState | None]) -> bool:
    """Whether a line is still there afterwards."""
    if mention.file not in edited:
        return True
    after = edited[mention.file]
    lines = after.content.decode("utf-8", "replace").split("\n") if after else []
    return any(line.strip() == mention.text for line in lines)


def change_set(space: Workspace, removal: Removal, today: date | None = None) -> ChangeSet:
    """A removal worked out down to bytes, for the work tree. Writes nothing.

    :raises StaleError: where the checkout is not as the removal says.
    """
    return render(removal, DiskTree(space.checkout.path), today or date.today())


def apply(space: Workspace, removal: Removal, today: date | None = None) -> tuple[FileChange, ...]:
    """Write a removal into the work tree: all of it, or nothing.

    :return: what was changed.
    """
    from overlaytool.apply import work_tree as writing

    changes = change_set(space, removal, today)
    with space.progress.task("writing"):
        return writing.apply(changes, space.checkout.path, space.config.state)


def commit(space: Workspace, request: RemoveRequest, today: date | None = None) -> Removed:
    """Make a removal commits on a branch of their own, from the commit that is checked out.

    :raises GitError: when git refuses, or the branch is there already.
    """
    from overlaytool.series import preflight
    from overlaytool.series.commit import commit as make
    from overlaytool.workflow.series import repository_of, standing_at

    repository = repository_of(space)
    branch = request.branch or _branch(request)
    preflight.check(repository, branch)
    base = repository.head()
    with standing_at(space, repository, base) as there:
        removal = plan(there, request)
        changes = render(removal, repository.tree(base), today or date.today())
    series = make(repository, changes, base=base, branch=branch, progress=space.progress)
    return Removed(removal=removal, series=series)


def _branch(request: RemoveRequest) -> str:
    names = [text.rpartition("/")[2] for text in request.packages]
    return "-".join(["remove", *names]) if len(names) <= 3 else f"remove-{names[0]}-and-{len(names) - 1}-more"
