"""``overlaytool search``: packages by name and description."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, GentooOption, SourceOption, workspace

EXIT_NOTHING_FOUND = 1


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="All of them have to occur.")],
    gentoo: GentooOption = None,
    source: SourceOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Find packages by name and description, in the checkout and in the trees to import from."""
    from overlaytool.cli.views import info as info_view
    from overlaytool.workflow import info as look

    with workspace(context, gentoo=gentoo, sources=source) as space:
        found = look.search(space, tuple(words))
    if format is Format.JSON:
        console.write(info_view.hits_to_json(found))
    else:
        info_view.show_hits(found)
    if not found:
        raise typer.Exit(EXIT_NOTHING_FOUND)
