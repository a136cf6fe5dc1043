"""``overlaytool review``: what a branch or a pull request does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import BoardOption, Format, FormatOption, workspace

RangeArgument = Annotated[
    str,
    typer.Argument(metavar="BASE..TIP", help="Two commits; or a branch, compared with where it left HEAD."),
]
ReportOption = Annotated[
    list[Path] | None,
    typer.Option("--report", metavar="FILE", help="FILE.html, FILE.md or FILE.json; repeatable."),
]
VerifyOption = Annotated[bool, typer.Option("--verify", help="Also ask Portage's own resolver.")]


def review(
    context: typer.Context,
    range: RangeArgument,
    board: BoardOption = None,
    report: ReportOption = None,
    verify: VerifyOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Say what a branch does: versions in each view, metadata, eclasses, profiles, image and sysexts."""
    from overlaytool.cli.views import review as review_view
    from overlaytool.report import output
    from overlaytool.report import review as reports
    from overlaytool.workflow import proof
    from overlaytool.workflow.review import review as look

    for path in report or ():
        reports.check(path)
    with workspace(context, boards=board, with_sources=False) as space:
        found = look(space, range)
        verdict = proof.verify(space, proof.Subject(base=found.base, tip=found.tip)) if verify else None
    for path in report or ():
        output.write(reports.render(found, path), path)
        console.say(f"wrote {path}")
    if format is Format.JSON:
        console.write(reports.to_json(found))
    else:
        review_view.show(found)
    if verdict is not None:
        from overlaytool.cli.views import verify as verify_view

        if format is Format.TEXT:
            console.show("")
            verify_view.show(verdict)
        if not verdict.holds:
            raise typer.Exit(1)
