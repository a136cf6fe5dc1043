"""The command line's frame: global options, errors to exit statuses, commands by name.

Commands live in modules of their own. What they work with is imported when they are called, so that
``--help`` costs no import of pkgcore, git or networkx; and only the command that is called is made.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from overlaytool.cli import console
from overlaytool.cli.options import ColorChoice, Globals
from overlaytool.errors import OverlaytoolError

EXIT_INTERRUPTED = 130
EXIT_BUG = 70
"""An exception that nobody expected; sysexits.h calls it an internal software error."""

COMMANDS = (
    "plan",
    "add",
    "update",
    "review",
    "audit",
    "why",
    "pr",
    "verify",
    "sync",
    "graph",
    "demo",
    "doctor",
    "sdk",
)
"""In the order of the help. Each is in the module of its name, or in :data:`ELSEWHERE`."""

ELSEWHERE = {"update": "add"}


class Commands(typer.core.TyperGroup):
    """The commands, each made when it is asked for: all together take longer than most of a plan's stages."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)  # for their names: see below

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of them, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"overlaytool.cli.commands.{ELSEWHERE.get(cmd_name, cmd_name)}")
        if cmd_name == "sdk":
            return typer.main.get_command(module.app)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(
    name="overlaytool",
    cls=Commands,
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


def main() -> NoReturn:
    """Entry point: run a command, turn what goes wrong into a message and an exit status.

    Garbage is neither collected nor taken apart at the end: a command is over before it would matter, and
    each costs a tenth of the time of a plan.
    """
    gc.disable()
    status = _run()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(status)


def _run() -> int:
    """The exit status of the command that was typed."""
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except OverlaytoolError as error:
        console.show_error(error)
        return error.exit_status
    except KeyboardInterrupt:
        console.show_interrupted()
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception:
        import traceback

        traceback.print_exc()
        return EXIT_BUG
    return 0
