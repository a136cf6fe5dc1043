"""``overlaytool sysext``: build a system extension, look into one, check it against an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.commands.sdk import Container, FromOption
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import BoardOption, Format, FormatOption, Globals

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
@grouped
def build(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The extension's name.")],
    atoms: Annotated[list[str], typer.Argument(metavar="ATOM...", help="Packages of the checkout.")],
    board: BoardOption = None,
    mangle: Annotated[
        Path | None, typer.Option("--mangle", metavar="FILE", help="Default: the checkout's of that name.")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--sysupdate", metavar="URL", help="Write a transfer file and SHA256SUMS.")
    ] = None,
    from_: FromOption = None,
    *,
    container: Container,
    format: FormatOption = Format.TEXT,
) -> None:
    """Build an extension of Gentoo packages in the SDK container, and check it against the last image."""
    from overlaytool.cli.views import sdk as sdk_view
    from overlaytool.cli.views import sysext as view
    from overlaytool.model.build import SysextBuild
    from overlaytool.sdk.stages import SYSEXTS, Selection
    from overlaytool.workflow import build as build_workflow
    from overlaytool.workflow import sysext as workflow

    options: Globals = context.obj
    chosen = container.choice()
    selection = Selection(stages=SYSEXTS, start=from_)
    checked = []
    for place in build_workflow.build_places(options.checkout, options.config, board or ()):
        request = SysextBuild(name=name, mangle=workflow.mangle_script(place, name, mangle))
        with sdk_view.watch() as reporter:
            made, found = workflow.build(place, request, tuple(atoms), selection, chosen, reporter)
        checked.append(found)
        for file in workflow.write_sysupdate(made, url) if url else ():
            console.say(f"wrote {file}")
        if format is Format.TEXT:
            view.show(made)
    if format is Format.JSON:
        console.write(view.check_json(checked))
    else:
        view.show_checks(checked)
    if not all(each.merges for each in checked):
        raise typer.Exit(1)


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
