"""The command line's frame: global options, errors to exit statuses, commands by name.

Commands live in modules of their own and are imported when they are called, so that ``--help`` costs
no import of pkgcore, git or networkx.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console, sdk
from overlaytool.cli.add import add, update
from overlaytool.cli.demo import demo
from overlaytool.cli.doctor import doctor
from overlaytool.cli.graph import graph
from overlaytool.cli.options import ColorChoice, Globals
from overlaytool.cli.plan import plan
from overlaytool.cli.pr import pr
from overlaytool.cli.sync import sync
from overlaytool.cli.verify import verify
from overlaytool.cli.why import why
from overlaytool.errors import OverlaytoolError

EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="overlaytool",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Add Gentoo packages to a Flatcar Container Linux image.",
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(f"overlaytool {version('overlaytool')}")
        raise typer.Exit


@app.callback()
def frame(
    context: typer.Context,
    checkout: Annotated[
        Path | None,
        typer.Option("-C", metavar="CHECKOUT", help="A clone of flatcar/scripts; default: around here."),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: overlaytool.toml.")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
    color: Annotated[ColorChoice, typer.Option(help="Colours on a terminal.")] = ColorChoice.AUTO,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that every command understands."""
    if quiet and verbose:
        raise typer.BadParameter("-q and -v exclude each other")
    console.configure(color=color, quiet=quiet, verbose=verbose)
    context.obj = Globals(checkout=checkout, config=config, quiet=quiet, verbose=verbose, color=color)


app.command()(plan)
app.command()(add)
app.command()(update)
app.command()(why)
app.command()(pr)
app.command()(verify)
app.command()(sync)
app.command()(graph)
app.command()(demo)
app.command()(doctor)
app.add_typer(sdk.app, name="sdk")


def main() -> None:
    """Entry point: run a command, turn what goes wrong into a message and an exit status."""
    gc.disable()  # a command is over before its garbage would matter; collecting costs a tenth of its time
    try:
        app(standalone_mode=True)
    except OverlaytoolError as error:
        console.show_error(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        console.show_interrupted()
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stdout = None
        sys.exit(0)
