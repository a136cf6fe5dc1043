"""``overlaytool survey``: what each package of Gentoo would cost in Flatcar."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import (
    BoardOption,
    Format,
    GentooOption,
    IntoOption,
    KeywordsOption,
    SourceOption,
    TrustOption,
    workspace,
)
from overlaytool.model.resolution import Into

if TYPE_CHECKING:
    from overlaytool.survey.line import Line

EXIT_DIFFERS = 1


def survey(
    context: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN...]", help="app-misc/ is a category, dev-libs/lib* some names; default: all."
        ),
    ] = None,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of Dask, tcp://10.0.0.5:8786; default: this machine's cores."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes on this machine; default: one a core.")
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.ndjson", help="What changed since; exit status 1 where something did."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.ndjson", help="The lines, one a package.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="A page that is searched and sorted.")
    ] = None,
    trust_sources: TrustOption = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Work everything out again, whatever is known.")
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", help="json: the lines on standard output, one a package (NDJSON).")
    ] = Format.TEXT,
) -> None:
    """Say what each package would cost: imports, keywords, downloads, licences, or why it is refused."""
    from overlaytool.cli.views import survey as view
    from overlaytool.workflow import survey as surveying

    if scheduler and workers:
        raise typer.BadParameter("--workers is for this machine; a scheduler has workers of its own")
    if report and report.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter("--report writes a page: name a file that ends in .html")
    wish = surveying.Wish(
        patterns=tuple(patterns or ()),
        into=into,
        accept_keywords=accept_keywords,
        scheduler=scheduler,
        workers=workers or len(os.sched_getaffinity(0)),
        compare=compare,
        fresh=fresh,
        trust=trust_sources,
    )
    with (
        workspace(context, gentoo=gentoo, sources=source, boards=board, trust_sources=trust_sources) as space,
        ExitStack() as stack,
    ):
        written = stack.enter_context(view.written(output)) if output else None

        def emit(line: Line) -> None:
            if written is not None:
                written(line)
            if format is Format.JSON:
                view.write(line)

        surveyed = surveying.survey(space, wish, emit=emit, say=console.say)
        if report:
            from overlaytool.report import output as files

            files.write(surveying.page(surveyed).encode(), report)
    tell = console.say if format is Format.JSON else console.show
    view.show(surveyed, tell)
    for path in (output, report):
        if path:
            console.say(f"{path} is written")
    if surveyed.comparison is not None and surveyed.comparison.differs:
        raise typer.Exit(EXIT_DIFFERS)
