"""``overlaytool update``: newer copies of some packages, or of everything in the automation list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.commands import add
from overlaytool.cli.commands.add import (
    BranchOption,
    CheckoutOption,
    CommitOption,
    DryRunOption,
    VerifyOption,
    YesOption,
)
from overlaytool.cli.options import (
    AllowUseOption,
    BoardOption,
    DowngradeOption,
    Format,
    FormatOption,
    GentooOption,
    IntoOption,
    KeywordsOption,
    ProvideOption,
    ReasonOption,
    SourceOption,
    UnmaskOption,
    workspace,
)
from overlaytool.model.resolution import Into

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


def update(
    context: typer.Context,
    atoms: UpdatedAtoms = None,
    all: AllOption = False,
    excluded: ExceptOption = None,
    onto: OntoOption = None,
    report: ReportOption = None,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    allow_downgrade: DowngradeOption = False,
    allow_use: AllowUseOption = None,
    unmask: UnmaskOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: BranchOption = None,
    checkout: CheckoutOption = False,
    verify: VerifyOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace portage-stable's copies by Gentoo's, and add what these newly need."""
    _check_usage(atoms, all, excluded, onto, report)
    if not all:
        add.update(
            context,
            atoms or [],
            gentoo=gentoo,
            source=source,
            board=board,
            into=into,
            accept_keywords=accept_keywords,
            allow_downgrade=allow_downgrade,
            allow_use=allow_use,
            unmask=unmask,
            provide=provide,
            reason=reason,
            dry_run=dry_run,
            yes=yes,
            commit=commit,
            branch=branch,
            checkout=checkout,
            verify=verify,
            format=format,
        )
        return
    from overlaytool.report import review as reports
    from overlaytool.workflow.update import Wish, update_all

    for path in report or ():
        reports.check(path)
    if onto and not (commit or dry_run):
        raise typer.BadParameter("--onto works on commits: say --commit, or --dry-run to look only")
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        updated = update_all(space, Wish(excluded=tuple(excluded or ()), onto=onto, committed=commit))
        _write_reports(updated, report or ())
        _show(space, updated, format)
        if not dry_run and updated.change_set.steps:
            _carry_out(space, updated, branch, yes=yes, commit=commit, checkout=checkout, verify=verify)
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


def _show(space: Workspace, updated: Updated, format: Format) -> None:
    import json

    from overlaytool.cli.views import update as update_view

    if format is Format.JSON:
        document = update_view.to_data(updated, space.sources, tuple(board.name for board in space.boards))
        console.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        update_view.show(updated)


def _carry_out(
    space: Workspace,
    updated: Updated,
    branch: str | None,
    *,
    yes: bool,
    commit: bool,
    checkout: bool,
    verify: bool,
) -> None:
    """Write the files or make the commits, and ask Portage where that is wanted."""
    from overlaytool.workflow import proof, series
    from overlaytool.workflow import update as updates

    question = "\nMake these commits?" if commit else "\nWrite this into the checkout?"
    if not yes and not console.confirm(question, default=True, unattended=None):
        raise typer.Exit(1)
    if commit:
        made = updates.commit(space, updated, branch or f"weekly-update-{date.today().isoformat()}")
        console.say(
            f"{len(made.commits)} commits on {made.branch}; look at them with: git log -p {made.branch}"
        )
        if checkout:
            series.check_out(space, made)
        subject = proof.Subject(base=made.base, tip=made.tip)
    else:
        written = updates.apply(space, updated)
        console.say(f"{len(written)} files written")
        subject = proof.Subject()
    if verify:
        from overlaytool.cli.views import verify as verify_view

        verdict = proof.verify(space, subject)
        verify_view.show(verdict)
        if not verdict.holds:
            raise typer.Exit(1)
