"""``overlaytool sdk``: build packages and an image in the SDK container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.groups import Group, grouped
from overlaytool.cli.options import BoardOption, BuiltIntoOption, Format, FormatOption, Globals
from overlaytool.model.build import StageName
from overlaytool.model.resolution import Into
from overlaytool.model.target import encode_target

if TYPE_CHECKING:
    from overlaytool.model.build import BuildResult
    from overlaytool.sdk.opening import Choice
    from overlaytool.sdk.stages import Selection

app = typer.Typer(name="sdk", no_args_is_help=True, add_completion=False, help="Build in the SDK container.")

EngineOption = Annotated[
    str, typer.Option("--engine", metavar="auto|docker|podman", help="The container engine.")
]
ImageOption = Annotated[
    str | None, typer.Option("--image", metavar="REFERENCE", help="Default: Flatcar's SDK of version.txt.")
]
ImageFileOption = Annotated[
    Path | None,
    typer.Option("--image-file", metavar="FILE", help="Load the SDK image from a tarball."),
]
ContainerOption = Annotated[
    str | None, typer.Option("--container", metavar="NAME", help="Default: one for this checkout and image.")
]
FromOption = Annotated[
    StageName | None, typer.Option("--from", help="Go on with the last run, at this stage.")
]
OnlyOption = Annotated[StageName | None, typer.Option("--only", help="Do this stage alone.")]
BuildAtoms = Annotated[
    list[str] | None, typer.Argument(metavar="ATOM...", help="Default: the metapackage alone.")
]


def as_json(name: str, records: object) -> str:
    """A list of records as one JSON document, under a name."""
    import json

    from msgspec import to_builtins

    return json.dumps({"schema": 1, name: to_builtins(records, enc_hook=encode_target)}, indent=2) + "\n"


class Sdk(Group, frozen=True, kw_only=True):
    """Which engine runs which image."""

    engine: EngineOption = "auto"
    image: ImageOption = None
    image_file: ImageFileOption = None

    def choice(self, name: str | None = None) -> Choice:
        """The options as one record.

        :param name: of the container.
        :raises BadParameter: for an engine that is none, or options that exclude each other.
        """
        from overlaytool.sdk.engine import EngineKind
        from overlaytool.sdk.opening import Choice

        if self.engine not in list(EngineKind):
            kinds = ", ".join(EngineKind)
            raise typer.BadParameter(f"{self.engine!r} is none of {kinds}", param_hint="--engine")
        if self.image and self.image_file:
            raise typer.BadParameter("--image and --image-file exclude each other")
        kind = EngineKind(self.engine)
        return Choice(engine=kind, image=self.image, image_file=self.image_file, name=name)


class Container(Sdk, frozen=True, kw_only=True):
    """The container in which something is built."""

    container: ContainerOption = None

    def choice(self, name: str | None = None) -> Choice:
        """The options as one record; see :meth:`Sdk.choice`."""
        return super().choice(name or self.container)


def check_engine(chosen: Choice) -> None:
    """See that a container engine answers, before anything is written for a build.

    :raises ToolMissingError: where none does.
    """
    from overlaytool.workflow import build as build_workflow

    build_workflow.check_engine(chosen)


@app.command()
@grouped
def emerge(
    context: typer.Context,
    atoms: BuildAtoms = None,
    board: BoardOption = None,
    into: BuiltIntoOption = Into.IMAGE,
    from_: FromOption = None,
    only: OnlyOption = None,
    *,
    container: Container,
    format: FormatOption = Format.TEXT,
) -> None:
    """Build packages into the board root, then the metapackage."""
    from overlaytool.sdk.stages import PACKAGES, Selection

    selection = Selection(stages=PACKAGES, start=from_, only=only)
    chosen = container.choice()
    results = run(context, tuple(atoms or ()), into, board, selection, chosen, show=_shown(format))
    if format is Format.JSON:
        console.write(as_json("builds", results))


@app.command("image")
@grouped
def build_image(
    context: typer.Context,
    board: BoardOption = None,
    from_: FromOption = None,
    only: OnlyOption = None,
    *,
    container: Container,
    format: FormatOption = Format.TEXT,
) -> None:
    """Build the disk image, then one for QEMU; say what the image gained."""
    from overlaytool.sdk.stages import IMAGES, Selection

    selection = Selection(stages=IMAGES, start=from_, only=only)
    chosen = container.choice()
    results = run(context, (), Into.IMAGE, board, selection, chosen, show=_shown(format))
    if format is Format.JSON:
        console.write(as_json("builds", results))


def build_added(
    context: typer.Context,
    atoms: tuple[str, ...],
    into: Into,
    boards: list[str] | None,
    chosen: Choice,
    format: Format,
    *,
    boot: bool = False,
) -> None:
    """What `add --build` does after the import: everything up to the image, where one takes the packages.

    Under ``--format json`` standard output has the plan alone, so the result goes to standard error.

    :param boot: then boot the image, and try the programs that are new in it.
    """
    from overlaytool.sdk.stages import EVERYTHING, PACKAGES, Selection

    stages = EVERYTHING if into is Into.IMAGE else PACKAGES
    show = console.write if format is Format.TEXT else console.say
    results = run(context, atoms, into, boards, Selection(stages=stages), chosen, show=show)
    if boot:
        _boot(context, atoms, boards, results, show)


def _boot(
    context: typer.Context,
    atoms: tuple[str, ...],
    boards: list[str] | None,
    results: list[BuildResult],
    show: Callable[[str], None],
) -> None:
    """Boot what was built; what does not work makes the exit status 1."""
    from overlaytool.cli.views import terminal as terminal_view
    from overlaytool.cli.views import vm as vm_view
    from overlaytool.model.vm import VmOptions
    from overlaytool.workflow import boot_check
    from overlaytool.workflow import build as build_workflow

    options: Globals = context.obj
    places = build_workflow.build_places(options.checkout, options.config, boards or ())
    passed = True
    for place, built in zip(places, results, strict=True):
        checked = boot_check.prove(place, built, atoms, VmOptions(), console.say)
        show(vm_view.check_text(checked))
        if checked.session:
            picture = boot_check.keep_picture(place, checked, terminal_view.svg(checked.session))
            console.say(f"a picture of the terminal, for the pull request: {picture}")
        passed = passed and checked.passed
    if not passed:
        raise typer.Exit(1)


def run(
    context: typer.Context,
    atoms: tuple[str, ...],
    into: Into,
    boards: list[str] | None,
    selection: Selection,
    chosen: Choice,
    *,
    show: Callable[[str], None],
) -> list[BuildResult]:
    """Build, watched, for one board after the other, and show what each has made."""
    from overlaytool.cli.views import sdk as sdk_view
    from overlaytool.workflow import build as build_workflow

    options: Globals = context.obj
    results = []
    for place in build_workflow.build_places(options.checkout, options.config, boards or ()):
        with sdk_view.watch() as reporter:
            results.append(build_workflow.build(place, atoms, into, selection, chosen, reporter))
        show(sdk_view.result_text(results[-1]))
    return results


def _shown(format: Format) -> Callable[[str], None]:
    """Where a result's words go: nowhere, when there is going to be a JSON document."""
    return console.write if format is Format.TEXT else lambda text: None
