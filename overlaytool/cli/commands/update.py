"""``overlaytool update``: newer copies of some packages, or of everything in the automation list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import carry_out, console
from overlaytool.cli.commands.add import carry_out_request, end_with_work
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import Format, FormatOption, Wishes, Writing

if TYPE_CHECKING:
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.upkeep import Updated

UpdatedAtoms = Annotated[
    list[str] | None, typer.Argument(metavar="[ATOM...]", help="Packages to update; or --all.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Every entry of the automation list.")]
ExceptOption = Annotated[
    list[str] | None,
    typer.Option("--except", metavar="PATTERN", help="With --all: names to leave alone; repeatable."),
]
OntoOption = Annotated[
    str | None,
    typer.Option(
        metavar="REF", help="With --all: a branch that is synced already; propose what people add to it."
    ),
]
ReportOption = Annotated[
    list[Path] | None,
    typer.Option("--report", metavar="FILE", help="With --all: FILE.html, FILE.md or FILE.json; repeatable."),
]


@grouped
def update(
    context: typer.Context,
    atoms: UpdatedAtoms = None,
    all: AllOption = False,
    excluded: ExceptOption = None,
    onto: OntoOption = None,
    report: ReportOption = None,
    *,
    wishes: Wishes,
    writing: Writing,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace portage-stable's copies by Gentoo's, and add what these newly need."""
    _check_usage(atoms, all, excluded, onto, report)
    if all:
        _update_all(context, wishes, writing, excluded or [], onto, report or [], format)
        return
    request = wishes.request(atoms or (), update=True)
    with wishes.open(context) as space:
        _written, made = carry_out_request(space, request, writing, format)
    end_with_work(made)


def _update_all(
    context: typer.Context,
    wishes: Wishes,
    writing: Writing,
    excluded: list[str],
    onto: str | None,
    report: list[Path],
    format: Format,
) -> None:
    from overlaytool.report import review as reports
    from overlaytool.workflow.update import Wish, update_all

    for path in report:
        reports.check(path)
    if onto and not (writing.commit or writing.dry_run):
        raise typer.BadParameter("--onto works on commits: say --commit, or --dry-run to look only")
    with wishes.open(context) as space:
        updated = update_all(space, Wish(excluded=tuple(excluded), onto=onto, committed=writing.commit))
        _write_reports(updated, report)
        if format is Format.TEXT:
            _show(updated)
        _carry_out(space, updated, writing, format)
    if updated.manual_work:
        raise typer.Exit(1)


def _check_usage(
    atoms: list[str] | None,
    everything: bool,
    excluded: list[str] | None,
    onto: str | None,
    report: list[Path] | None,
) -> None:
    if everything and atoms:
        raise typer.BadParameter("--all and packages exclude each other")
    if not everything and not atoms:
        raise typer.BadParameter("name a package, or say --all for the whole automation list")
    if not everything and (excluded or onto or report):
        raise typer.BadParameter("--except, --onto and --report go with --all")


def _write_reports(updated: Updated, paths: list[Path] | tuple[Path, ...]) -> None:
    from overlaytool.report import output
    from overlaytool.report import review as reports

    for path in paths:
        output.write(reports.render(updated.review, path), path)
        console.say(f"wrote {path}")


def _show(updated: Updated) -> None:
    from overlaytool.cli.views import update as update_view

    update_view.show(updated)


def _carry_out(space: Workspace, updated: Updated, writing: Writing, format: Format) -> None:
    """Write the files or make the commits, ask Portage where that is wanted, write the document."""
    from overlaytool.cli.views import update as update_view
    from overlaytool.workflow import proof
    from overlaytool.workflow import update as updates

    subject, series, text = None, None, format is Format.TEXT
    if updated.change_set.steps and not writing.dry_run:
        carry_out.ask(writing, "\nMake these commits?" if writing.commit else carry_out.ASK_TO_WRITE)
        if writing.commit:
            branch = writing.branch or f"weekly-update-{date.today().isoformat()}"
            series = carry_out.commit(
                space, lambda: updates.commit(space, updated, branch), writing, text=text
            )
            subject = proof.Subject(base=series.base, tip=series.tip)
        else:
            carry_out.write(space, lambda: updates.apply(space, updated), text=text)
            subject = proof.Subject()
    boards = tuple(board.name for board in space.boards)
    carry_out.end(
        space,
        subject if writing.verify else None,
        lambda: update_view.to_data(updated, space.sources, boards),
        format,
        series,
    )
