"""``overlaytool info``: one package in all views."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import BoardOption, Format, FormatOption, GentooOption, SourceOption, workspace


def info(
    context: typer.Context,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="The package to describe.")],
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show one package in all views: versions, keywords, masks, licence, USE, who has it."""
    from overlaytool.cli.views import info as info_view
    from overlaytool.workflow import info as look

    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        found = look.info(space, package)
    if format is Format.JSON:
        console.write(info_view.to_json(found))
    else:
        info_view.show(found)
