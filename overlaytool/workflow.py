"""One function per command, composing the stages. Read this first.

request --resolve--> resolution --plan--> plan --render--> change set --apply | commit--> files, series
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from overlaytool import config as configuration
from overlaytool.change import apply as writing
from overlaytool.change.head import head_commit
from overlaytool.change.plan import imports_of, run_time_packages
from overlaytool.change.plan import plan as make_plan
from overlaytool.change.render import render as work_out
from overlaytool.change.sync import sync as sync_trees
from overlaytool.change.worktree import Repository
from overlaytool.config import Config
from overlaytool.ebuild import runtime
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.copied import CopiedPackages
from overlaytool.ebuild.export import Lookup
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import CheckoutError, ConflictError, GitError, RepositoryError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar import metapackage as metapackages
from overlaytool.flatcar.checkout import METAPACKAGES, TREES, Checkout
from overlaytool.flatcar.tree import DiskTree, Tree
from overlaytool.model import (
    Board,
    ChangeSet,
    CheckoutState,
    Edge,
    FileChange,
    Into,
    Plan,
    Recovery,
    Request,
    Resolution,
    Synced,
    TreeCommit,
    Verdict,
)
from overlaytool.progress import Progress, SilentProgress
from overlaytool.report import binhost
from overlaytool.report.records import Graph, Selection
from overlaytool.resolve import explain
from overlaytool.resolve.image import blocked, installed
from overlaytool.resolve.request import known_atom
from overlaytool.resolve.resolver import resolve as run_resolver
from overlaytool.verify import judge, minimal
from overlaytool.verify.emerge import LIMIT as PORTAGE_LIMIT
from overlaytool.verify.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What a command works on."""

    checkout: Checkout
    config: Config
    boards: tuple[Board, ...]
    sources: dict[str, Path]
    """Trees to import from by name, in order of preference: Gentoo first. Empty where none is needed."""
    source: TreeSource
    progress: Progress


@contextmanager
def open_workspace(
    *,
    checkout: Path | None = None,
    config: Path | None = None,
    gentoo: Path | None = None,
    sources: Sequence[Path] = (),
    boards: Sequence[str] = (),
    with_sources: bool = True,
    progress: Progress | None = None,
) -> Iterator[Workspace]:
    """Open the checkout and the trees to import from; write the metadata cache and end bash at the end.

    :param with_sources: whether trees to import from are needed; without, only the checkout is looked at.
    :raises CheckoutError: when there is no checkout, or no such board.
    :raises ConfigError: when the configuration cannot be used.
    :raises RepositoryError: when a source is no ebuild repository.
    """
    found = checkouts.find(checkout)
    settings = configuration.load(config, checkout=found.path)
    chosen = tuple(found.board(name) for name in (boards or settings.boards)) or found.boards
    trees = _sources(settings, gentoo, sources) if with_sources else {}
    cache = MetadataCache(settings.cache)
    try:
        yield Workspace(
            checkout=found,
            config=settings,
            boards=chosen,
            sources=trees,
            source=TreeSource(found, trees, cache=cache, boards=chosen),
            progress=progress or SilentProgress(),
        )
    finally:
        cache.close()
        runtime.shut_down()


def _sources(config: Config, gentoo: Path | None, others: Sequence[Path]) -> dict[str, Path]:
    """The trees by name. A name that is taken, the checkout's own among them, gets a number."""
    first = (gentoo or config.gentoo.path).absolute()
    if not first.is_dir():
        raise RepositoryError(
            f"no Gentoo tree at {first}",
            hint="get one with: overlaytool sync; or name one with --gentoo",
        )
    trees = {"gentoo": first}
    named = [(source.name, source.path) for source in config.sources]
    named += [(checkouts.repository_name(path.absolute()), path.absolute()) for path in others]
    for name, path in named:
        taken = {*trees, "portage-stable", "coreos-overlay"}
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        trees[unique] = path
    return trees


def resolve(workspace: Workspace, request: Request) -> Resolution:
    """What a request takes, on every board and on the build host."""
    with workspace.progress.task("resolving"):
        return run_resolver(request, workspace.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, with what it was made from and what its copies need to be checked."""

    resolution: Resolution
    plan: Plan
    distfiles: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Package to CPV to the distfiles of every ebuild that gets copied: what its Manifest has to cover."""


def plan(workspace: Workspace, request: Request) -> tuple[Resolution, Plan]:
    """Resolve a request and say which files that touches. Writes nothing."""
    planned = prepare(workspace, request)
    return planned.resolution, planned.plan


def prepare(workspace: Workspace, request: Request) -> Planned:
    """The same as :func:`plan`, with all that :func:`render` needs.

    :raises ConflictError: also where an import blocks a package that the image has.
    """
    resolution = resolve(workspace, request)
    source = workspace.source
    if resolution.eclass_updates:
        source = source.with_eclass_updates(resolution.eclass_updates)
    with workspace.progress.task("reading what gets copied"):
        copied = CopiedPackages(source, imports_of(resolution))
        image = _image(workspace, source, resolution) if request.into is Into.IMAGE else {}
    checkout = workspace.checkout
    made = make_plan(
        resolution,
        source,
        copied=copied,
        metapackage=metapackages.read(DiskTree(checkout.path), request.into),
        image=image,
        checkout=CheckoutState(commit=head_commit(checkout.path), version=checkout.version),
        sources=tuple(
            TreeCommit(name=name, commit=head_commit(path)) for name, path in workspace.sources.items()
        ),
    )
    return Planned(resolution=resolution, plan=made, distfiles=copied.distfiles)


def _image(workspace: Workspace, source: TreeSource, resolution: Resolution) -> dict[str, frozenset[str]]:
    """For each board's name, the packages of a resolution that its image has already."""
    wanted, excluded = run_time_packages(resolution), blocked(source, resolution)
    looked_for = {board: wanted[board] | set(excluded[board]) for board in wanted}
    image = installed(workspace.source, METAPACKAGES[Into.IMAGE], looked_for)
    clashes = sorted(
        f"{reason} on {board}"
        for board, reasons in excluded.items()
        for package, reason in reasons.items()
        if package in image[board]
    )
    if clashes:
        asked = " ".join(resolution.request.atoms)
        raise ConflictError(
            f"{asked} cannot be in one image with what that has already",
            details=tuple(clashes),
            hint="overlaytool why PACKAGE says how the other one gets into the image",
        )
    return image


def render(workspace: Workspace, planned: Planned, tree: Tree, today: date) -> ChangeSet:
    """A plan worked out down to bytes, for the checkout as ``tree`` reads it. Writes nothing.

    :raises UnsafeSourceError, ManifestError, StaleError, CheckoutError: see :mod:`overlaytool.change.render`.
    """
    return work_out(planned.plan, tree, workspace.sources, planned.distfiles, today)


def interrupted(workspace: Workspace) -> bool:
    """Whether a run was cut short amid its writing: the checkout is neither as before nor as after."""
    return writing.pending(workspace.checkout.path, workspace.config.state)


def recover(workspace: Workspace) -> Recovery | None:
    """Take back what an interrupted run left half done. Before anything that writes reads the trees."""
    return writing.recover(workspace.checkout.path, workspace.config.state)


def add(workspace: Workspace, planned: Planned, today: date) -> tuple[FileChange, ...]:
    """Apply a plan to the work tree: all of it, or nothing.

    :return: what was changed; nothing when the work tree was that way already.
    """
    checkout = workspace.checkout.path
    change_set = render(workspace, planned, DiskTree(checkout), today)
    with workspace.progress.task("writing"):
        return writing.apply(change_set, checkout, workspace.config.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """How a package gets in."""

    package: str
    where: str
    """``the image``, or the request in words."""
    chains: tuple[tuple[Edge, ...], ...]
    """See :func:`overlaytool.resolve.explain.chains`; empty when the package is not in there."""


def why(workspace: Workspace, package: str, atoms: tuple[str, ...], into: Into) -> Why:
    """The chains by which a package gets into the plan for ``atoms``; without any, into the image."""
    request = Request(atoms=atoms or (METAPACKAGES[into],), into=into)
    name = known_atom(package, workspace.source).package
    return Why(
        package=name,
        where=f"the plan for {' '.join(atoms)}" if atoms else f"the {into} today",
        chains=explain.chains(resolve(workspace, request), name),
    )


def graph(
    workspace: Workspace,
    atoms: tuple[str, ...],
    into: Into,
    *,
    selection: Selection | None = None,
    packages: Sequence[Path] = (),
) -> Graph:
    """The dependency graph of the plan for ``atoms``; without any, of the metapackage as it is today.

    :param packages: ``Packages`` files of binary hosts, for the sizes of binary packages.
    :raises OutputError: when one of them cannot be read.
    """
    from overlaytool.report.graph import build  # networkx: a tenth of a second that only this command pays

    sizes = binhost.read_sizes(packages, [board.arch for board in workspace.boards])
    made = None
    if atoms:
        resolution, made = plan(workspace, Request(atoms=atoms, into=into))
    else:
        resolution = resolve(workspace, Request(atoms=(METAPACKAGES[into],), into=into))
    checkout = workspace.checkout
    state = CheckoutState(commit=head_commit(checkout.path), version=checkout.version)
    return build(resolution, made, checkout=state, selection=selection, binary_sizes=sizes)


def sync(checkout: Path | None, config: Path | None, progress: Progress) -> Iterator[Synced]:
    """Clone or refresh the trees to import from, Gentoo first. A checkout is not needed, only looked at.

    :raises NetworkError: for a tree of which there is no clone yet, and whose remote cannot be reached.
    :raises ConfigError: when the configuration cannot be used.
    """
    try:
        place = checkouts.find(checkout).path
    except CheckoutError:
        if checkout is not None:
            raise
        place = None
    settings = configuration.load(config, checkout=place)
    return sync_trees((settings.gentoo, *settings.sources), progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What Portage is asked about."""

    atoms: tuple[str, ...] = ()
    """Empty: everything that the metapackages pull in."""
    into: Into = Into.IMAGE
    plan: Plan | None = None
    """What was applied or committed; None to take the changes from git."""
    base: str | None = None
    """The commit to compare with. None: the plan's; without a plan, HEAD when something is uncommitted."""
    tip: str | None = None
    """The commit to look at; None for the work tree."""
    minimal: bool = False
    """Whether to look for changed packages that nothing needs."""
    limit: float = PORTAGE_LIMIT
    """Seconds for one process of Portage."""


def verify(space: Workspace, subject: Subject) -> Verdict:
    """Ask Portage's own resolver about the checkout, and keep its answer for the pull request.

    :raises ToolMissingError: when Portage is missing or too old for this.
    :raises HungError: when it does not come to an end.
    :raises GitError: when there is no such commit to compare with.
    """
    repository = _repository_of(space.checkout)
    base = subject.base or (subject.plan.checkout.commit if subject.plan else None)
    if base is None and repository is not None and repository.dirty((str(TREES),)):
        base = repository.head()
    with ExitStack() as stack:
        checkout = space.checkout
        if subject.tip is not None:
            checkout = stack.enter_context(_checkout_at(space, subject.tip))
        before = partial(_checkout_at, space, base) if base is not None else None
        question = judge.Question(
            checkout=checkout,
            boards=space.boards,
            atoms=subject.atoms,
            into=subject.into,
            steps=_steps(subject, repository, base),
            base=base,
            lookup=stack.enter_context(Lookup(space.source.cache)),
            limit=subject.limit,
        )
        verdict = judge.verify(question, space.progress, before)
        if subject.minimal and before is not None and not verdict.complaints:
            verdict = replace(verdict, unneeded=minimal.unneeded(question, space.progress, before))
    return verdict


def _repository_of(checkout: Checkout) -> Repository | None:
    """The git repository whose work tree the checkout is; None where it is none."""
    try:
        repository = Repository.open(checkout.path)
    except GitError:
        return None
    return repository if repository.top.resolve() == checkout.path.resolve() else None


@contextmanager
def _checkout_at(space: Workspace, commit: str) -> Iterator[Checkout]:
    """The checkout as it is at a commit, somewhere else."""
    repository = _repository_of(space.checkout)
    if repository is None or repository.commit_of(commit) is None:
        raise GitError(
            f"{space.checkout.path} has no commit {commit}",
            hint="name one with --base, or make the checkout a clone of flatcar/scripts",
        )
    with repository.checked_out(commit) as place:
        yield checkouts.find(place)


def _steps(subject: Subject, repository: Repository | None, base: str | None) -> Steps:
    """What was changed: as the plan says, else what git says differs from the base."""
    if subject.plan is not None:
        return Steps.of(subject.plan)
    if repository is None or base is None:
        return Steps()
    tree = repository.tree(base)
    return Steps.between(repository.changed(base, str(TREES)), lambda path: bool(tree.list(path)))
