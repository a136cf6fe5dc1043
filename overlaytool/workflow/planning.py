"""From a request to files: resolve, plan, apply; and why.

request --resolve--> resolution --plan--> plan --render--> change set --apply--> files
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.ebuild.blockers import Blockers
from overlaytool.ebuild.companions import CopiedPackages
from overlaytool.ebuild.older import Takes, older_eclasses, older_than_wanted
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import CheckoutError, ConflictError, DowngradeError, MetadataError
from overlaytool.flatcar import metapackage as metapackages
from overlaytool.flatcar import targets
from overlaytool.flatcar.targets import Target
from overlaytool.flatcar.tree import DiskTree, Tree
from overlaytool.git.head import head_commit, names_at_head
from overlaytool.model.notices.planning import Downgrade, InTheWay
from overlaytool.model.plan import CheckoutState, Plan, TreeCommit
from overlaytool.model.resolution import Into, Notice, Request, Resolution, State
from overlaytool.model.target import TargetKind
from overlaytool.plan import lines
from overlaytool.plan.planner import imports_of, looks_into_image, run_time_packages
from overlaytool.plan.planner import plan as make_plan
from overlaytool.plan.up_to_date import without_what_is_there
from overlaytool.resolve.image import Clash, clashes, installed
from overlaytool.resolve.patience import Patience
from overlaytool.resolve.resolver import COPIED
from overlaytool.resolve.resolver import resolve as run_resolver
from overlaytool.resolve.today import Today
from overlaytool.workflow.everything import everything
from overlaytool.workflow.lifted import lifted_for
from overlaytool.workflow.standing import Standing
from overlaytool.workflow.workspace import Workspace

if TYPE_CHECKING:
    from overlaytool.model.change import ChangeSet, FileChange, Recovery


def resolve(
    workspace: Workspace,
    request: Request,
    described: Container[State] = COPIED,
    standing: Standing | None = None,
) -> Resolution:
    """What a request takes, on every board and on the build host.

    :param described: the states of packages that get a description.
    :param standing: what is known of the workspace already.
    :raises DowngradeError: where only older eclasses of a source might do.
    """
    with workspace.progress.task("resolving"):
        try:
            return run_resolver(
                request,
                workspace.source,
                described=described,
                dependents=standing.dependents if standing else cache(lambda: Today(everything(workspace))),
                target=target_of(workspace, request.into),
                patience=standing.patience if standing else Patience,
            )
        except MetadataError as error:
            older = () if request.allow_downgrade else older_than_wanted(workspace.source, error.details)
            if older:
                raise _downgrade(request, (*older, *error.details), error.about) from error
            raise


def target_of(workspace: Workspace, into: Into) -> Target | None:
    """The target that a request goes into, where that has USE flags and arches of its own; None: a new one.

    :raises CheckoutError: for an OEM that the checkout does not have.
    """
    if not targets.facts(into).own_root:
        return None
    tree = DiskTree(workspace.checkout.path)
    found = targets.find(tree, into)
    if found is None and into.kind is TargetKind.OEM:
        known = (target.into.name for target in targets.read(tree) if target.into.kind is TargetKind.OEM)
        raise CheckoutError(f"no OEM {into.name}", hint=f"this checkout has {', '.join(known)}")
    return found


def asked_of(workspace: Workspace, into: Into) -> tuple[str, ...]:
    """What a target asks for today.

    :raises CheckoutError: where the checkout has no such target.
    """
    found = targets.find(DiskTree(workspace.checkout.path), into)
    if found is None:
        raise CheckoutError(f"this checkout does not have {targets.facts(into).where}")
    return found.atoms


class Planned(Struct, frozen=True, kw_only=True):
    """A plan, with what it was made from and what its copies need to be checked."""

    resolution: Resolution
    plan: Plan
    distfiles: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Package to CPV to the distfiles of every ebuild that gets copied: what its Manifest has to cover."""


def plan(
    workspace: Workspace, request: Request, described: Container[State] = COPIED
) -> tuple[Resolution, Plan]:
    """Resolve a request and say which files that touches. Writes nothing. See :func:`resolve`."""
    planned = prepare(workspace, request, described)
    return planned.resolution, planned.plan


def prepare(
    workspace: Workspace,
    request: Request,
    described: Container[State] = COPIED,
    standing: Standing | None = None,
) -> Planned:
    """The same as :func:`plan`, with all that :func:`render` needs.

    :param standing: what is known of the workspace already, from earlier requests without wishes.
    :raises ConflictError: also where an import blocks a package that the image has.
    :raises StaleError: where what gets copied was changed meanwhile.
    :raises DowngradeError: where versions or eclasses would become older, and that was not asked for.
    """
    begun = time.time_ns()
    with (
        _blockers(workspace, standing) as blockers,
        lifted_for(workspace, request, partial(resolve, described=described, standing=standing)) as (
            workspace,
            resolution,
            lifted,
        ),
    ):
        source = workspace.source
        if resolution.eclass_updates:
            source = source.with_eclass_updates(resolution.eclass_updates)
        set_back = _set_back(source, resolution)
        with workspace.progress.task("reading what gets copied"):
            copied = CopiedPackages(source, imports_of(resolution), since=begun)
            image, in_the_way = _in_image_already(workspace, source, resolution, blockers, standing)
        checkout = workspace.checkout
        tree, name = DiskTree(checkout.path), targets.facts(request.into).metapackage
        metapackage = metapackages.read(tree, request.into) if name is not None else None
        if name is not None:
            lines.refuse_circle(resolution, name)
        made = make_plan(
            resolution,
            source,
            copied=copied,
            metapackage=metapackage,
            image=image,
            checkout=CheckoutState(commit=head_commit(checkout.path), version=checkout.version),
            sources=tuple(
                TreeCommit(name=name, commit=head_commit(path)) for name, path in workspace.sources.items()
            ),
            lifted=lifted,
            committed=names_at_head(checkout.path, metapackage.file.rpartition("/")[0])
            if metapackage is not None
            else None,
        )
        if metapackage is None and not request.update:
            made = replace(made, entry=lines.entry(tree, resolution, checkout))
            made = replace(made, warnings=(*made.warnings, *lines.mangled(tree, request.into)))
    made = without_what_is_there(made, DiskTree(workspace.checkout.path))
    made = replace(made, manual_work=(*made.manual_work, *in_the_way), warnings=(*made.warnings, *set_back))
    return Planned(resolution=resolution, plan=made, distfiles=copied.distfiles)


def _set_back(source: TreeSource, resolution: Resolution) -> tuple[Notice, ...]:
    """Notices of versions and eclasses that become older, where that was asked for.

    :raises DowngradeError: where it was not.
    """
    accepted = {need.cpv for need in resolution.keywords}
    lines = (*Takes(source, imports_of(resolution), accepted).older(), *older_eclasses(source))
    if lines and not resolution.request.allow_downgrade:
        raise _downgrade(resolution.request, lines)
    return tuple(Downgrade(change=line).notice for line in lines)


def _downgrade(request: Request, lines: tuple[str, ...], about: str | None = None) -> DowngradeError:
    """That something would become older; ``about`` as an error's."""
    error = DowngradeError(
        f"{' '.join(request.atoms)} would set the checkout back",
        details=lines,
        hint="refresh the source (overlaytool sync), or allow it with --allow-downgrade",
    )
    error.about = about
    return error


def _blockers(workspace: Workspace, standing: Standing | None) -> AbstractContextManager[Blockers]:
    """What is being read of the checkout's ebuilds, as long as it is wanted."""
    if standing is not None:
        return nullcontext(standing.blockers)
    return Blockers([tree.path for tree in workspace.source.repositories])


def _in_image_already(
    workspace: Workspace,
    source: TreeSource,
    resolution: Resolution,
    blockers: Blockers,
    standing: Standing | None,
) -> tuple[dict[str, frozenset[str]], tuple[Notice, ...]]:
    """For each board's name, the packages of a resolution that its image has already; and what is in the way.

    :raises ConflictError: where an import blocks a package of the image.
    """
    request = resolution.request
    looked_for = dict(run_time_packages(resolution)) if looks_into_image(request) else {}
    found = tuple(clashes(source, resolution, blockers.of(imports_of(resolution))))
    for clash in found:
        looked_for[clash.view] = looked_for.get(clash.view, frozenset()) | {clash.other}
    roots = (
        (Into.IMAGE, Into.BOARD, Into.SDK)
        if request.update
        else (*targets.facts(request.into).beside, request.into)
    )
    look = standing.installed if standing else partial(installed, workspace.source)
    there = {
        target: look(metapackage, looked_for)
        for target in roots
        if (metapackage := targets.facts(target).metapackage) is not None
    }
    real = [clash for clash in found if any(clash.other in had.get(clash.view, ()) for had in there.values())]
    hard = [clash for clash in real if clash.blocked and request.into is Into.IMAGE and not request.update]
    if hard:
        raise ConflictError(
            f"{' '.join(resolution.request.atoms)} cannot be in one image with what that has already",
            details=tuple(sorted({f"{clash.reason} on {clash.view}" for clash in hard})),
            hint="overlaytool update PACKAGE may bring a version of the other one that goes with it;"
            " overlaytool why PACKAGE says how that one gets into the image",
        )
    image = there.get(Into.IMAGE, {})
    return {view: image.get(view, frozenset()) for view in looked_for}, tuple(_in_the_way(real))


def _in_the_way(found: Iterable[Clash]) -> Iterator[Notice]:
    """A notice for each package that has to go, or to be updated, before a plan's result can be built."""
    views: dict[tuple[str, str], list[str]] = {}
    for clash in found:
        views.setdefault((clash.other, clash.reason), []).append(clash.view)
    for (other, reason), where in sorted(views.items()):
        yield InTheWay(reason=reason, views=", ".join(dict.fromkeys(where)), package=other).notice


def render(workspace: Workspace, planned: Planned, tree: Tree, today: date) -> ChangeSet:
    """A plan worked out down to bytes, for the checkout as ``tree`` reads it. Writes nothing.

    :raises UnsafeSourceError, ManifestError, StaleError, CheckoutError: see :mod:`overlaytool.apply.render`.
    """
    from overlaytool.apply.render import render as work_out

    changes = work_out(planned.plan, tree, workspace.sources, planned.distfiles, today)
    command = "update" if planned.resolution.request.update else "add"
    return replace(changes, about=(command, *planned.plan.request))


def check(workspace: Workspace, planned: Planned, today: date) -> ChangeSet:
    """Render a plan without writing it, so that an error that would stop it is raised now.

    :return: what it changes.
    :raises UnsafeSourceError, ManifestError, StaleError, CheckoutError: see :func:`render`.
    """
    return render(workspace, planned, DiskTree(workspace.checkout.path), today)


def interrupted(workspace: Workspace) -> bool:
    """Whether a run was cut short while it wrote, so that the checkout is half changed."""
    from overlaytool.apply import work_tree as writing

    return writing.pending(workspace.checkout.path, workspace.config.state)


def recover(workspace: Workspace) -> Recovery | None:
    """Undo the half-written change of an interrupted run, before a command that writes reads the trees."""
    from overlaytool.apply import work_tree as writing

    return writing.recover(workspace.checkout.path, workspace.config.state)


def add(workspace: Workspace, planned: Planned, today: date) -> tuple[FileChange, ...]:
    """Apply a plan to the work tree: all of it, or nothing.

    :return: what was changed; nothing when the work tree was that way already.
    """
    from overlaytool.apply import work_tree as writing

    checkout = workspace.checkout.path
    change_set = render(workspace, planned, DiskTree(checkout), today)
    with workspace.progress.task("writing"):
        return writing.apply(change_set, checkout, workspace.config.state)
