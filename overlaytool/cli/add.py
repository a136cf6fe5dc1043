"""``overlaytool add`` and ``overlaytool update``: plan, apply, and say what comes next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import (
    AtomArguments,
    BoardOption,
    Format,
    FormatOption,
    GentooOption,
    IntoOption,
    KeywordsOption,
    SourceOption,
    workspace,
)
from overlaytool.cli.sdk import (
    ContainerOption,
    EngineOption,
    ImageFileOption,
    ImageOption,
    build_added,
    choice,
)
from overlaytool.model import Into, Request

if TYPE_CHECKING:
    from overlaytool.workflow import Planned, Workspace

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")]
BuildOption = Annotated[
    bool, typer.Option("--build", help="Then build packages and image in the SDK container, see `sdk`.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")]
CommitOption = Annotated[
    bool, typer.Option("--commit", help="Make commits on a branch of their own; your files stay as they are.")
]
BranchOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="For --commit; default: add- and the packages.")
]
CheckoutOption = Annotated[bool, typer.Option("--checkout", help="With --commit: then switch to the branch.")]


def add(
    context: typer.Context,
    atoms: AtomArguments,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: BranchOption = None,
    checkout: CheckoutOption = False,
    build: BuildOption = False,
    engine: EngineOption = "auto",
    image: ImageOption = None,
    image_file: ImageFileOption = None,
    container: ContainerOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Add packages to the checkout: copy what is missing, edit the metapackage, accept keywords."""
    chosen = choice(engine, image, image_file, container)
    request = Request(atoms=tuple(atoms), into=into, accept_keywords=accept_keywords)
    _check(commit=commit, branch=branch, checkout=checkout)
    if build:
        _check_build(dry_run=dry_run, commit=commit, checkout=checkout)
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        if commit and not dry_run:
            _commit(space, request, branch=branch, checkout=checkout, format=format)
        else:
            _run(space, request, dry_run=dry_run, yes=yes, format=format)
    if build:
        build_added(context, request.atoms, into, board, chosen, format)


def update(
    context: typer.Context,
    atoms: AtomArguments,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: BranchOption = None,
    checkout: CheckoutOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace portage-stable's copies of packages by Gentoo's, and add what these newly need."""
    request = Request(atoms=tuple(atoms), into=into, accept_keywords=accept_keywords, update=True)
    _check(commit=commit, branch=branch, checkout=checkout)
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        if commit and not dry_run:
            _commit(space, request, branch=branch, checkout=checkout, format=format)
        else:
            _run(space, request, dry_run=dry_run, yes=yes, format=format)


def _check(*, commit: bool, branch: str | None, checkout: bool) -> None:
    if branch and not commit:
        raise typer.BadParameter("--branch goes with --commit")
    if checkout and not commit:
        raise typer.BadParameter("--checkout goes with --commit")


def _check_build(*, dry_run: bool, commit: bool, checkout: bool) -> None:
    if dry_run:
        raise typer.BadParameter("--build and --dry-run exclude each other")
    if commit and not checkout:
        raise typer.BadParameter("--build needs --checkout: the container builds the files that are there")


def _commit(
    space: Workspace, request: Request, *, branch: str | None, checkout: bool, format: Format
) -> None:
    from overlaytool import series
    from overlaytool.cli import plan_view, series_view

    done = series.commit(space, request, branch=branch)
    if checkout:
        series.check_out(space, done.series)
    if format is Format.JSON:
        series_view.write_json(done)
    else:
        plan_view.show(done.plan, done.resolution)
        series_view.show_committed(done, checked_out=checkout)


def _run(space: Workspace, request: Request, *, dry_run: bool, yes: bool, format: Format) -> None:
    from overlaytool import workflow
    from overlaytool.cli import plan_view

    if not dry_run:
        plan_view.show_recovery(workflow.recover(space))
    planned = workflow.prepare(space, request)
    if format is Format.TEXT:
        plan_view.show(planned.plan, planned.resolution)
    if dry_run:
        if format is Format.JSON:
            _write_json(planned)
        return
    if not yes and format is Format.TEXT and not console.confirm("\nWrite this into the checkout?"):
        raise typer.Exit(1)
    changes = workflow.add(space, planned, date.today())
    if format is Format.JSON:
        _write_json(planned)
    elif changes:
        plan_view.show_changes(changes)
        plan_view.show_next(planned.plan)
    else:
        console.show("Nothing was written.")


def _write_json(planned: Planned) -> None:
    from overlaytool.change import plan_json

    console.write(plan_json.to_json(planned.plan))
