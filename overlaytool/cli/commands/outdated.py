"""``overlaytool outdated``: what Gentoo has newer versions of."""

from __future__ import annotations

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, GentooOption, workspace


def outdated(context: typer.Context, gentoo: GentooOption = None, format: FormatOption = Format.TEXT) -> None:
    """Show the packages of the checkout that Gentoo has a newer version of."""
    from overlaytool.cli.views import info as info_view
    from overlaytool.workflow import info as look

    with workspace(context, gentoo=gentoo) as space:
        found = look.outdated(space)
    if format is Format.JSON:
        console.write(info_view.outdated_to_json(found))
    else:
        info_view.show_outdated(found)
