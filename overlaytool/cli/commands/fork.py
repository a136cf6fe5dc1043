"""``overlaytool fork`` and ``unfork``: a package into coreos-overlay, and back to Gentoo's copy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.commands.add import CommitOption, DryRunOption, YesOption
from overlaytool.cli.options import BoardOption, Format, FormatOption, GentooOption, workspace

if TYPE_CHECKING:
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.fork import Forking

PackageArgument = Annotated[str, typer.Argument(metavar="CAT/PN", help="One package.")]
NameOption = Annotated[str | None, typer.Option("--branch", metavar="NAME", help="For --commit.")]


def fork(
    context: typer.Context,
    package: PackageArgument,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: NameOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Move portage-stable's copy of a package into coreos-overlay as it is, ready to be changed."""
    from overlaytool.workflow import fork as forks

    with workspace(context, with_sources=False) as space:
        made = forks.fork(space, package)
        _carry_out(space, made, "fork", dry_run, yes, branch if commit else None, commit, format)


def unfork(
    context: typer.Context,
    package: PackageArgument,
    gentoo: GentooOption = None,
    board: BoardOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: NameOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace coreos-overlay's copy of a package by Gentoo's, and say what the fork had changed."""
    from overlaytool.workflow import fork as forks

    with workspace(context, gentoo=gentoo, boards=board) as space:
        made = forks.unfork(space, package)
        _carry_out(space, made, "unfork", dry_run, yes, branch if commit else None, commit, format)


def _carry_out(
    space: Workspace,
    made: Forking,
    verb: str,
    dry_run: bool,
    yes: bool,
    branch: str | None,
    commit: bool,
    format: Format,
) -> None:
    from overlaytool.cli.views import fork as view
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.workflow import fork as forks

    text = format is Format.TEXT
    if text:
        view.show(made, verb)
    if not dry_run and commit:
        series = forks.commit(space, made, branch or f"{verb}-{made.package.rpartition('/')[2]}")
        console.say(f"\n{len(series.commits)} commits were made on {series.branch}")
        if text:
            for entry in series.commits:
                console.show(f"{entry.commit[:12]} {entry.subject}")
    elif not dry_run:
        if not yes and not console.confirm("\nWrite this into the checkout?", default=True, unattended=None):
            raise typer.Exit(1)
        changes = forks.apply(space, made)
        if text:
            plan_view.show_changes(changes)
    if not text:
        console.write(json.dumps(view.to_data(made), indent=2, ensure_ascii=False) + "\n")
