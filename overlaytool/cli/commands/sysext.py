"""``overlaytool sysext``: build a system extension, look into one, check it against an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption

app = typer.Typer(name="sysext", no_args_is_help=True, add_completion=False, help="System extensions.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .raw file, compressed or not.")]
FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Extensions that are to be merged together.")
]
HostOption = Annotated[
    Path,
    typer.Option("--image", metavar="FILE|DIR", help="A disk image of Flatcar, or build_image's directory."),
]


@app.command()
def show(file: FileArgument, format: FormatOption = Format.TEXT) -> None:
    """Say what is in an extension."""
    from overlaytool.cli.views import sysext as view
    from overlaytool.workflow import sysext as workflow

    extension = workflow.show(file)
    if format is Format.JSON:
        console.write(view.extension_json(extension))
    else:
        view.show(extension)


@app.command()
def check(files: FilesArgument, image: HostOption, format: FormatOption = Format.TEXT) -> None:
    """Say whether an image will merge extensions, and what speaks against it."""
    from overlaytool.cli.views import sysext as view
    from overlaytool.workflow import sysext as workflow

    checked = workflow.check(files, image)
    if format is Format.JSON:
        console.write(view.check_json(checked))
    else:
        view.show_checks(checked)
    if not all(each.merges for each in checked):
        raise typer.Exit(1)
