"""The command line's frame: global options, errors to exit statuses, commands by name.

Commands live in modules of their own. What they work with is imported when they are called, so that
``--help`` costs no import of pkgcore, git or networkx; and only the command that is called is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from overlaytool.cli import everywhere
from overlaytool.cli.options import Globals
from overlaytool.errors import CheckoutError

COMMANDS = {
    "plan": "Show what adding packages takes, and why.",
    "add": "Add packages to the checkout, with all that they lack.",
    "update": "Replace the checkout's copies of packages by newer ones.",
    "remove": "Take packages out, with all that only they needed.",
    "undo": "Take back the last add, update or remove.",
    "fork": "Move a package into coreos-overlay as it is, to change it there.",
    "unfork": "Replace coreos-overlay's copy of a package by Gentoo's.",
    "review": "Say what a branch or a pull request changes in every view.",
    "audit": "Say what is wrong with the checkout, and put right what is certain.",
    "survey": "Say what each package of Gentoo would cost, on one machine or many.",
    "advisories": "Say which security advisories apply, as the build's own check will.",
    "search": "Find packages by name and description.",
    "info": "Show one package in all views.",
    "outdated": "Show what Gentoo has newer versions of.",
    "why": "Show the chains by which a package gets into a plan or the image.",
    "pr": "Write a series of commits as patches, with the pull request's text.",
    "verify": "Ask Portage's own resolver whether it can be built.",
    "sync": "Clone or refresh the trees to import from.",
    "graph": "Show the dependency graph: a tree, a page, a drawing, data.",
    "demo": "Show it all on two small trees, in a temporary directory.",
    "doctor": "Say what this machine and this checkout have of what a build needs.",
    "sdk": "Build packages and images in the SDK container.",
    "image": "Look into images, and compare them.",
    "sysext": "Build a system extension, look into one, check it against an image.",
    "vm": "Boot an image in QEMU, run something in it, shut it down.",
    "config": "Write or show the configuration.",
    "completion": "Print the script that makes a shell complete packages and more.",
    "help": "Show the help of a command.",
}
"""The commands in the order of the help, each with its line there: to list them loads none of them.

Each is in the module of its name, or in :data:`ELSEWHERE`: a function of that name, or a Typer ``app``.
"""
ELSEWHERE: dict[str, str] = {"unfork": "fork"}


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
        if hasattr(module, "app"):
            return everywhere.made(typer.main.get_command(module.app))
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return everywhere.made(typer.main.get_command(alone))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Names of commands that begin so, and options."""
        item: Any = typer.core.CompletionItem  # type: ignore[attr-defined]
        found = [item(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *super(typer.core.TyperGroup, self).shell_complete(ctx, incomplete)]


app = typer.Typer(
    name="overlaytool",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
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
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that every command understands are in :mod:`overlaytool.cli.everywhere`."""
    if context.obj is None:
        context.obj = Globals()
    try:
        Path.cwd()
    except OSError:
        raise CheckoutError(
            "the directory that you are in is no longer there", hint="cd to one that is, and try again"
        ) from None


def command() -> Any:
    """The whole command line as one command of click's."""
    return everywhere.made(typer.main.get_command(app), outermost=True)


def invoke(arguments: Sequence[str]) -> None:
    """Run one command in this process.

    :raises BaseException: whatever the command raises; click's own exceptions for wrong usage.
    """
    outermost = command()
    with outermost.make_context("overlaytool", list(arguments)) as context:
        outermost.invoke(context)
