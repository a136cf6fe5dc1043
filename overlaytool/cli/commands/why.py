"""``overlaytool why``: the chains by which a package gets in."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import Format, FormatOption, IntoOption, Trees
from overlaytool.model.resolution import Into

EXIT_NOT_IN_THERE = 1


@grouped
def why(
    context: typer.Context,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="The package to explain.")],
    atoms: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ATOM...]", help="The plan to look at; default: the image as it is today."),
    ] = None,
    *,
    trees: Trees,
    into: IntoOption = Into.IMAGE,
    build_time: Annotated[
        bool, typer.Option("--build-time", help="Also the chains of what only builds need.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All chains, not the first few.")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the chains by which a package gets into a plan, or into the image today.

    Where the image has not got it, the other targets are looked at: the SDK, system extensions, OEMs.
    """
    from overlaytool import workflow
    from overlaytool.cli.views import why as why_view

    with trees.open(context, needed=bool(atoms)) as space:
        answer = workflow.why(space, package, tuple(atoms or ()), into)
    if format is Format.JSON:
        console.write(why_view.to_json(answer))
    else:
        why_view.show(answer, build_time=build_time, everything=every)
    if not (answer.chains or answer.elsewhere or (build_time and answer.build_time)):
        raise typer.Exit(EXIT_NOT_IN_THERE)
