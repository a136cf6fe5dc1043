"""``overlaytool help COMMAND``: what ``overlaytool COMMAND --help`` says."""

from __future__ import annotations

from typing import Annotated

import typer


def help(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND...]", help="Default: overlaytool itself.")
    ] = None,
) -> None:
    """Show the help of a command, or of all of them."""
    from overlaytool.cli.app import invoke

    invoke([*(words or ()), "--help"])
