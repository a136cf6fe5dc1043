"""``overlaytool graph``: the dependency graph, in the terminal or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import Format, FormatOption, IntoOption, Trees
from overlaytool.model.resolution import DepClass, Into, Root

if TYPE_CHECKING:
    from overlaytool.report.records import Graph


@grouped
def graph(
    context: typer.Context,
    atoms: Annotated[
        list[str] | None, typer.Argument(metavar="[ATOM...]", help="The plan to look at.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="FILE.{html,svg,png,dot,graphml,json,mmd}, or - for Graphviz on standard output.",
        ),
    ] = None,
    image: Annotated[bool, typer.Option("--image", help="The whole image as it is today.")] = False,
    reverse: Annotated[
        str | None,
        typer.Option(metavar="PACKAGE", help="Who pulls PACKAGE in; without ATOM, into the image."),
    ] = None,
    imports: Annotated[bool, typer.Option("--imports", help="Only what is new, and the way to it.")] = False,
    depth: Annotated[int | None, typer.Option(min=0, metavar="N", help="Levels of the tree.")] = None,
    classes: Annotated[
        list[DepClass] | None,
        typer.Option("--class", case_sensitive=False, help="Only such dependencies; repeatable."),
    ] = None,
    root: Annotated[Root | None, typer.Option(help="Only packages for this root.")] = None,
    packages: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A binary host's `Packages` file, for sizes; repeatable."),
    ] = None,
    *,
    trees: Trees,
    into: IntoOption = Into.IMAGE,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the dependency graph of a plan or of the image: a tree here, a page or a drawing with -o."""
    from overlaytool.report import graph as graphs
    from overlaytool.report import output as outputs
    from overlaytool.report.records import Selection
    from overlaytool.workflow.graph import graph as make_graph

    if image and atoms:
        raise typer.BadParameter("--image shows the image as it is today: leave the packages out")
    _check_usage(atoms, image or into is not Into.IMAGE, reverse, depth, output)
    if output:
        outputs.check(output)
        if outputs.is_standard_output(output) and format is Format.JSON:
            raise typer.BadParameter("-o - and --format json both write to standard output: say one of them")
    selection = Selection(
        classes=frozenset(classes or DepClass),
        roots=frozenset((root,) if root else Root),
        imports_only=imports,
    )
    with trees.open(context, needed=bool(atoms)) as space:
        made = make_graph(
            space, tuple(atoms or ()), into, selection=selection, packages=tuple(packages or ())
        )
    targets = graphs.find(made, reverse) if reverse else ()
    if reverse:
        made = graphs.reverse(made, reverse)
    _show(made, targets, output, depth, format)


def _check_usage(
    atoms: list[str] | None, whole: bool, reverse: str | None, depth: int | None, output: Path | None
) -> None:
    """:param whole: whether a whole target is named, which is shown where no atom is."""
    if not (atoms or whole or reverse):
        raise typer.BadParameter(
            "name a package; or say --image for the whole image, --into TARGET for another target"
        )
    if output and depth is not None:
        raise typer.BadParameter("--depth is for the tree in the terminal; a file shows all levels")


def _show(
    made: Graph, targets: tuple[str, ...], output: Path | None, depth: int | None, form: Format
) -> None:
    from overlaytool.cli.views import graph as graph_view
    from overlaytool.report import document
    from overlaytool.report import output as outputs

    if output:
        content = outputs.render(made, output)
        if outputs.is_standard_output(output):
            console.write_bytes(content)
            return
        outputs.write(content, output)
        console.say(graph_view.written(made, output))
    if form is Format.JSON:
        console.write(document.to_json(made))
    elif not output:
        graph_view.show(made, targets, depth=depth)
