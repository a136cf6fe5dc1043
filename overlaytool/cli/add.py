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
from overlaytool.model import Into, Request

if TYPE_CHECKING:
    from overlaytool.workflow import Planned, Workspace

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")]


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
    format: FormatOption = Format.TEXT,
) -> None:
    """Add packages to the checkout: copy what is missing, edit the metapackage, accept keywords."""
    request = Request(atoms=tuple(atoms), into=into, accept_keywords=accept_keywords)
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        _run(space, request, dry_run=dry_run, yes=yes, format=format)


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
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace portage-stable's copies of packages by Gentoo's, and add what these newly need."""
    request = Request(atoms=tuple(atoms), into=into, accept_keywords=accept_keywords, update=True)
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        _run(space, request, dry_run=dry_run, yes=yes, format=format)


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
