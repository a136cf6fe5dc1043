"""``overlaytool sync``: shallow clone or refresh of the Gentoo tree and of other sources."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, Globals


def sync(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="`gentoo`, or a source of overlaytool.toml; default: all."),
    ] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Clone the trees to import from into the cache, or refresh the clones."""
    from overlaytool.cli.console import TerminalProgress
    from overlaytool.cli.views import series as series_view
    from overlaytool.workflow.sync import sync as sync_trees

    options: Globals = context.obj
    done = []
    for tree in sync_trees(options.checkout, options.config, TerminalProgress(), names or ()):
        done.append(tree)
        if format is Format.TEXT:
            series_view.show_synced(tree)
    if format is Format.JSON:
        console.write(series_view.synced_to_json(done))
