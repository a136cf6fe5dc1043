"""``overlaytool pr``: a series as patches and as one diff, with the pull request's text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, keep_out_of_git, workspace

ANSWER_IS_NO = 1


def pr(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")] = Path(
        "outgoing"
    ),
    branch: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Default: the series that is checked out, or the only one."),
    ] = None,
    rebase: Annotated[
        bool, typer.Option("--rebase", help="First make the series again on a new base.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="For --rebase; default: the branch that it was made from."),
    ] = None,
    push: Annotated[str | None, typer.Option(metavar="REMOTE", help="Then push the branch there.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Then open the pull request with gh.")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Write a series as patches for git am, as one diff, and the pull request's text."""
    from overlaytool.cli.views import series as series_view
    from overlaytool.workflow import series

    if base and not rebase:
        raise typer.BadParameter("--base goes with --rebase")
    if open_ and not push:
        raise typer.BadParameter("--open goes with --push REMOTE")
    text = format is Format.TEXT
    with workspace(context, with_sources=False) as space:
        if push and open_:
            series.check_opening(space, push)
        if rebase:
            done = series.rebase(space, branch=branch, onto=base)
            series_view.say_rebase(done)
            if done.series is None:
                raise typer.Exit(ANSWER_IS_NO)
        written = series.write(space, output, branch=branch)
        keep_out_of_git(space, output)
        if text:
            series_view.show_written(written)
        pushed = series.push(space, written, push) if push else None
        if pushed and text:
            series_view.show_pushed(pushed)
        opened = series.open_pull_request(pushed) if pushed and open_ else None
        if opened and text:
            console.write(f"{opened}\n")
    if not text:
        console.write(series_view.written_to_json(written, pushed, opened))
