"""``fork`` and ``unfork``: a package from portage-stable into coreos-overlay as it is, and the other way.

A fork is two commits: the pristine copy, which ``fork`` makes, and the changes. ``unfork`` plans the
import from Gentoo as if the fork were not there, takes the fork away, and says what it had changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.apply.staging import Draft
from overlaytool.errors import AbsentError
from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.order import place as place_in
from overlaytool.flatcar.tree import DiskTree, Tree
from overlaytool.model.change import ChangeSet, Step, StepKind
from overlaytool.model.notices import updating
from overlaytool.model.notices.updating import HeldBack
from overlaytool.model.plan import Action
from overlaytool.model.resolution import Notice, Request
from overlaytool.model.target import Into
from overlaytool.plan import kept_of_fork
from overlaytool.plan.forked import fork_changes
from overlaytool.resolve.request import known_atom
from overlaytool.workflow import planning
from overlaytool.workflow.everything import everything
from overlaytool.workflow.planning import Planned
from overlaytool.workflow.series import opened_at, repository_of
from overlaytool.workflow.workspace import Workspace

if TYPE_CHECKING:
    from overlaytool.model.change import FileChange
    from overlaytool.model.series import Series


class Forking(Struct, frozen=True, kw_only=True):
    """What a fork, or the end of one, does to the checkout."""

    package: str
    changes: ChangeSet
    planned: Planned | None
    """For ``unfork`` the import from Gentoo; None for ``fork``."""
    work: tuple[Notice, ...]
    """What a person has to look at."""


def fork(space: Workspace, text: str) -> Forking:
    """portage-stable's copy into coreos-overlay as it is, in one commit. Writes nothing.

    :raises AbsentError: where portage-stable does not have the package, or the overlay has it already.
    """
    package = known_atom(text, space.source).package
    tree = DiskTree(space.checkout.path)
    old, new = f"{PORTAGE_STABLE}/{package}", f"{OVERLAY}/{package}"
    files = tree.list(old)
    if not files or tree.list(new):
        found = "coreos-overlay has it already" if tree.list(new) else "portage-stable does not have it"
        raise AbsentError(f"{package} cannot be forked: {found}", hint=f"overlaytool why {package} says more")
    draft = Draft(tree)
    for path in files:
        draft.put(new + path.removeprefix(old), draft.read(path))
        draft.put(path, None)
    _put_category(draft, package.partition("/")[0])
    _list_without(draft, package)
    body = "This is the copy of portage-stable as it is. What is changed in it comes next."
    message = f"overlay {package}: Fork from portage-stable\n\n{body}\n"
    draft.finish(StepKind.PACKAGE, Action.ADD, package, message=message)
    return Forking(
        package=package,
        changes=ChangeSet(steps=draft.steps(), about=("fork", package)),
        planned=None,
        work=(),
    )


def unfork(space: Workspace, text: str, today: date | None = None) -> Forking:
    """Gentoo's current copy in place of coreos-overlay's. Writes nothing.

    :raises AbsentError: where coreos-overlay does not have the package, or Gentoo does not.
    """
    package = known_atom(text, space.source).package
    tree = DiskTree(space.checkout.path)
    own = f"{OVERLAY}/{package}"
    gentoo = space.source.source_names()[0]
    if not tree.list(own):
        raise AbsentError(f"{package} is no fork: coreos-overlay does not have it", hint="overlaytool update")
    if not space.source.source_candidates(gentoo, package):
        raise AbsentError(f"{package} is not in Gentoo: there is nothing to go back to")
    into = _into(space, package)
    with _without_fork(space, package) as there:
        planned = planning.prepare(there, Request(atoms=(package,), into=into))
    plan = replace(
        planned.plan, metapackage=None, new_in_image=(), request=(package,), checkout=planned.plan.checkout
    )
    planned = replace(planned, plan=plan)
    rendered = planning.render(space, planned, tree, today or date.today())
    kept, notices = _kept(space, tree, package)
    steps = (*rendered.steps, *kept, *_drop(tree, package))
    work = (
        *plan.manual_work,
        *fork_changes(space.source, repository_of(space), tree, package),
        *notices,
        *_held(space, package),
    )
    changes = ChangeSet(steps=steps, about=("unfork", package))
    return Forking(package=package, changes=changes, planned=planned, work=work)


def _into(space: Workspace, package: str) -> Into:
    """Where to resolve it: on the boards where one of them has it, else on the build host."""
    views = {view for _target, view in everything(space).selected.get(package, {})}
    return Into.SDK if views == {"host"} else Into.IMAGE


@contextmanager
def _without_fork(space: Workspace, package: str) -> Iterator[Workspace]:
    """The workspace on a copy of the checkout that does not have the fork."""
    repository = repository_of(space)
    with repository.checked_out(repository.head()) as place:
        shutil.rmtree(place / OVERLAY / package)
        with opened_at(space, place) as there:
            yield there


def _kept(space: Workspace, tree: Tree, package: str) -> tuple[tuple[Step, ...], tuple[Notice, ...]]:
    """The steps that keep the fork's USE defaults and patches, and what to look at in them."""
    source, draft, notices = space.source, Draft(tree), list[Notice]()
    fork = source.checkout_candidates(package)[0]
    views = {view for _target, view in everything(space).selected.get(package, {})}
    offered = source.source_candidates(source.source_names()[0], package)
    pairs = {}
    for view in source.views:
        new = next((one for one in offered if not one.live and not source.obstacles(view, one)), None)
        if view.name in views and new is not None:
            pairs[view] = (fork, new)
    for file, flags in kept_of_fork.use_lines(source, pairs).items():
        comment = "As it was by default in the fork that Gentoo's copy has replaced."
        draft.put_text(file, profiles.with_use(draft.read_text(file), package, flags, comment))
        message = f"overlay profiles: Set USE flags for {package}\n\n{comment}\n"
        draft.finish(StepKind.USE, Action.ADD, package, message=message)
        notices.append(updating.ForkUse(flags=" ".join(flags), file=file).notice)
    for path, state in kept_of_fork.patches(tree, package, fork, source):
        draft.put(path, state)
        notices.append(updating.ForkPatch(file=path).notice)
    message = f"overlay coreos/user-patches: Add patches for {package}\n\nThe fork applied them.\n"
    draft.finish(StepKind.PACKAGE, Action.ADD, package, message=message)
    return draft.steps(), tuple(notices)


def _drop(tree: Tree, package: str) -> tuple[Step, ...]:
    """The steps that take the fork away, on top of the import."""
    draft = Draft(tree)
    for path in tree.list(f"{OVERLAY}/{package}"):
        draft.put(path, None)
    message = f"overlay {package}: Move to portage-stable\n"
    draft.finish(StepKind.REMOVAL, Action.UPDATE, package, message=message)
    return draft.steps()


def _held(space: Workspace, package: str) -> Iterator[Notice]:
    """What depends on the package in a way that the new version does not satisfy."""
    gentoo = space.source.source_names()[0]
    offered = space.source.source_candidates(gentoo, package)
    for use in everything(space).users(package):
        atom = space.source.parse_atom(use.atom)
        if use.parent and not any(space.source.admits(candidate, atom) for candidate in offered):
            yield HeldBack(parent=use.parent, dep_class=use.dep_class, atom=use.atom).notice


def _put_category(draft: Draft, category: str) -> None:
    own, stable = f"{OVERLAY}/profiles/categories", f"{PORTAGE_STABLE}/profiles/categories"
    known = draft.read_text(own).split()
    if category not in (*known, *draft.read_text(stable).split()):
        known.insert(place_in([(name,) for name in known], (category,)), category)
        draft.put_text(own, "".join(f"{name}\n" for name in known))


def _list_without(draft: Draft, package: str) -> None:
    if draft.read(PACKAGES_LIST):
        text = draft.read_text(PACKAGES_LIST)
        draft.put_text(PACKAGES_LIST, automation.without_packages(text, (package,)))


def apply(space: Workspace, forking: Forking) -> tuple[FileChange, ...]:
    """Write it into the work tree: all of it, or nothing."""
    from overlaytool.apply import work_tree as writing

    with space.progress.task("writing"):
        return writing.apply(forking.changes, space.checkout.path, space.config.state)


def commit(space: Workspace, forking: Forking, branch: str) -> Series:
    """Make it commits on a branch of their own, from the commit that is checked out.

    :raises GitError: when git refuses, or the branch is there already.
    :raises StaleError: where the work tree differs from that commit.
    """
    from overlaytool.series import preflight
    from overlaytool.series.commit import commit as make

    repository = repository_of(space)
    preflight.check(repository, branch)
    return make(repository, forking.changes, base=repository.head(), branch=branch, progress=space.progress)
