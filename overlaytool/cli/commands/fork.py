"""``overlaytool fork`` and ``unfork``: a package into coreos-overlay, and back to Gentoo's copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import carry_out
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import BoardOption, Format, FormatOption, GentooOption, Writing, workspace

if TYPE_CHECKING:
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.fork import Forking

PackageArgument = Annotated[str, typer.Argument(metavar="CAT/PN", help="One package.")]


@grouped
def fork(
    context: typer.Context,
    package: PackageArgument,
    *,
    writing: Writing,
    format: FormatOption = Format.TEXT,
) -> None:
    """Move portage-stable's copy of a package into coreos-overlay as it is, ready to be changed."""
    from overlaytool.workflow import fork as forks

    with workspace(context, with_sources=False) as space:
        _carry_out(space, forks.fork(space, package), "fork", writing, format)


@grouped
def unfork(
    context: typer.Context,
    package: PackageArgument,
    gentoo: GentooOption = None,
    board: BoardOption = None,
    *,
    writing: Writing,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace coreos-overlay's copy of a package by Gentoo's, and say what the fork had changed."""
    from overlaytool.workflow import fork as forks

    with workspace(context, gentoo=gentoo, boards=board) as space:
        _carry_out(space, forks.unfork(space, package), "unfork", writing, format)


def _carry_out(space: Workspace, made: Forking, verb: str, writing: Writing, format: Format) -> None:
    from overlaytool.cli.views import fork as view
    from overlaytool.workflow import fork as forks
    from overlaytool.workflow import proof

    text, subject, series = format is Format.TEXT, None, None
    if text:
        view.show(made, verb)
    if not writing.dry_run and writing.commit:
        branch = writing.branch or f"{verb}-{made.package.rpartition('/')[2]}"
        series = carry_out.commit(space, lambda: forks.commit(space, made, branch), writing, text=text)
        subject = proof.Subject(base=series.base, tip=series.tip)
    elif not writing.dry_run:
        carry_out.ask(writing)
        carry_out.write(space, lambda: forks.apply(space, made), text=text)
        subject = proof.Subject(base="HEAD")
    carry_out.end(space, subject if writing.verify else None, lambda: view.to_data(made), format, series)
