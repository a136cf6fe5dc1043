"""``overlaytool advisories``: GLSAs that apply to the image, the SDK and system extensions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import BoardOption, Format, FormatOption, workspace

EXIT_APPLIES = 1


def advisories(
    context: typer.Context,
    sbom: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The image's packages as CycloneDX (overlaytool[sbom])."),
    ] = None,
    board: BoardOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Say which security advisories apply, as the build's own check will.

    Exit status 1: one applies to the board root, and GLSA_ALLOWLIST does not name it.
    """
    from overlaytool.cli.views import advisories as view
    from overlaytool.workflow.advisories import advised
    from overlaytool.workflow.everything import everything

    with workspace(context, boards=board, with_sources=False) as space:
        if sbom:
            from overlaytool.report import output
            from overlaytool.workflow import sbom as boms

            boms.check()
        selected = everything(space)
        found = advised(space, selected)
        if sbom:
            output.write(boms.sbom(space, selected).encode(), sbom)
    if format is Format.JSON:
        console.write(view.to_json(found))
    else:
        view.show(found)
    if sbom:
        console.say(f"the packages of the image are in {sbom}")
    if not found.holds:
        raise typer.Exit(EXIT_APPLIES)
