"""``overlaytool sync``: shallow clone or refresh of the Gentoo tree and of other sources."""

from __future__ import annotations

import typer

from overlaytool.cli.options import Globals


def sync(context: typer.Context) -> None:
    """Clone the trees to import from into the cache, or refresh the clones."""
    from overlaytool.cli.console import TerminalProgress
    from overlaytool.cli.views import series as series_view
    from overlaytool.workflow.sync import sync as sync_trees

    options: Globals = context.obj
    for tree in sync_trees(options.checkout, options.config, TerminalProgress()):
        series_view.show_synced(tree)
