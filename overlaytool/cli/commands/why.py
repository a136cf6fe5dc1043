"""``overlaytool why``: the chains by which a package gets in."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import (
    BoardOption,
    Format,
    FormatOption,
    GentooOption,
    IntoOption,
    SourceOption,
    TrustOption,
    workspace,
)
from overlaytool.model.resolution import Into

EXIT_NOT_IN_THERE = 1


def why(
    context: typer.Context,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="The package to explain.")],
    atoms: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ATOM...]", help="The plan to look at; default: the image as it is today."),
    ] = None,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    trust_sources: TrustOption = False,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the chains by which a package gets into a plan, or into the image today."""
    from overlaytool import workflow
    from overlaytool.cli.views import why as why_view

    with workspace(
        context,
        gentoo=gentoo,
        sources=source,
        boards=board,
        with_sources=bool(atoms),
        trust_sources=trust_sources,
    ) as space:
        answer = workflow.why(space, package, tuple(atoms or ()), into)
    if format is Format.JSON:
        console.write(why_view.to_json(answer))
    else:
        why_view.show(answer)
    if not answer.chains:
        raise typer.Exit(EXIT_NOT_IN_THERE)
