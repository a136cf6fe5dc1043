"""``overlaytool image``: look into images, and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import (
    AtomArguments,
    BoardOption,
    Format,
    FormatOption,
    GentooOption,
    Globals,
    IntoOption,
    SourceOption,
    workspace,
)
from overlaytool.model.resolution import Into, Request

EXIT_WRONG = 1
"""The image can be read, and something in it is wrong."""
LARGEST = 15

app = typer.Typer(name="image", no_args_is_help=True, add_completion=False, help="Look into images.")

OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.html", help="A page with a treemap of /usr.")
]
TopOption = Annotated[int, typer.Option("--top", min=0, metavar="N", help="How many of the largest.")]


@app.command()
def show(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|DIR]", help="Default: the last image built in the checkout."),
    ] = None,
    output: OutputOption = None,
    top: TopOption = LARGEST,
    board: BoardOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show partitions, versions, verity, the largest packages and budgets; check the reports against them."""
    from overlaytool.cli.views import image as view
    from overlaytool.image import document
    from overlaytool.workflow import image as images

    options: Globals = context.obj
    _check_output(output)
    place = path or images.latest(options.checkout, options.config, board or ())
    found = images.show(place, console.TerminalProgress())
    if format is Format.JSON:
        console.write(document.to_json(document.show(found)))
    else:
        view.show(found, top=top)
    if output:
        from overlaytool.report import image as report

        _write(output, report.page(document.show(found)))
    view.refuse(found.unread)
    if found.contradictions:
        raise typer.Exit(EXIT_WRONG)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="An image, a sysext, or a build's directory.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The one to compare with it.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Take files of one size for the same, without reading them.")
    ] = False,
    output: OutputOption = None,
    top: TopOption = LARGEST,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show what differs in each part: packages, files, bytes; licences and kernel configuration."""
    from overlaytool.cli.views import image as view
    from overlaytool.image import document
    from overlaytool.workflow import image as images

    _check_output(output)
    change = images.compare(old, new, console.TerminalProgress(), quick=quick)
    if format is Format.JSON:
        console.write(document.to_json(document.diff(change)))
    else:
        view.show_change(change, top=top)
    if output:
        from overlaytool.report import image as report

        _write(output, report.diff_page(document.diff(change)))
    view.refuse(change.unread)


@app.command()
def forecast(
    context: typer.Context,
    atoms: AtomArguments,
    packages: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="The `Packages` file beside binary packages; repeatable."),
    ],
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE|DIR", help="What they come into; default: the last image."),
    ] = None,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    format: FormatOption = Format.TEXT,
) -> None:
    """Say before the build what adding packages would take of /usr, and what the build would refuse."""
    from overlaytool.cli.views import forecast as view
    from overlaytool.image import document
    from overlaytool.workflow import image as images

    request = Request(atoms=tuple(atoms), into=into)
    with workspace(context, gentoo=gentoo, sources=source, boards=board) as space:
        found = images.forecast(space, request, packages, image)
    if format is Format.JSON:
        console.write(document.to_json(document.forecast(found)))
    else:
        view.show(found)
    if found.refusals or (found.left is not None and found.left < 0):
        raise typer.Exit(EXIT_WRONG)


def _check_output(output: Path | None) -> None:
    if output and output.suffix.lower() != ".html":
        raise typer.BadParameter(
            "-o takes a name that ends in .html; --format json writes to standard output"
        )


def _write(output: Path, page: str) -> None:
    from overlaytool.report import output as outputs

    outputs.write(page.encode(), output)
    console.say(f"{output}: written")
