"""What every command understands: options that stand before or after its name, and variables for options.

They are put on a command when it is made, so that a new command has them by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from overlaytool.cli import completion, console
from overlaytool.cli.options import ColorChoice, Globals

VARIABLES = frozenset(
    {
        *("board", "config", "color", "container", "engine", "format", "gentoo", "image", "image-file"),
        *("into", "packages", "quiet", "reason", "source", "time-limit", "trust-sources", "verbose", "yes"),
        "accept-keywords",
    }
)
"""Options that ``OVERLAYTOOL_NAME`` stands for, NAME in capitals and with underscores; so does
``OVERLAYTOOL_CHECKOUT`` for -C. Not among them: what makes a command another one, as --dry-run does."""

EPILOG = "Before or after the command's name: -C, --config, -q, -v, --color; see overlaytool --help."


def _remember(context: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    """Take one of the options below; one that stands after the command's name wins."""
    if value in (None, False):
        return value
    known: Globals = context.obj or Globals()
    name = str(param.name).removeprefix("every_")
    settings = replace(known, **{name: ColorChoice(value) if name == "color" else value})
    if settings.quiet and settings.verbose and not context.resilient_parsing:
        raise typer.BadParameter("-q and -v exclude each other")
    context.obj = settings
    console.configure(color=settings.color, quiet=settings.quiet, verbose=settings.verbose)
    return value


def options(
    every_checkout: Annotated[
        Path | None,
        typer.Option(
            "-C",
            metavar="CHECKOUT",
            help="A clone of flatcar/scripts; default: around here.",
            envvar="OVERLAYTOOL_CHECKOUT",
            show_envvar=False,
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    every_config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Default: overlaytool.toml.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    every_quiet: Annotated[
        bool,
        typer.Option(
            "-q", "--quiet", help="Only results and errors.", callback=_remember, expose_value=False
        ),
    ] = False,
    every_verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say more.", callback=_remember, expose_value=False)
    ] = False,
    every_color: Annotated[
        ColorChoice | None,
        typer.Option(
            "--color", help="Colours: by default on a terminal.", callback=_remember, expose_value=False
        ),
    ] = None,
) -> None:
    """The options themselves; never called. Their names keep clear of those of any command's parameters."""


def made(command: Any, *, outermost: bool = False) -> Any:
    """A command of click's, with all that every command has.

    :param outermost: whether it is ``overlaytool`` itself; the others take the same options unseen.
    """
    command.rich_markup_mode = None  # its tables cut names short, and take a tenth of a second to load
    for parameter in command.params:
        _take_variable(parameter)
        if parameter._custom_shell_complete is None:
            parameter._custom_shell_complete = completion.for_parameter(parameter)
        if parameter.param_type_name == "argument" and parameter.metavar:
            parameter.make_metavar = partial(_as_written, parameter.metavar)
    command.format_help = partial(_with_whole_names, command.format_help)
    for option in _every():
        if outermost:
            _take_variable(option)
        else:
            option.hidden, option.envvar = True, None
        command.params.append(option)
    if not outermost:
        command.epilog = EPILOG
        command.short_help = (
            (command.help or "").split("\n\n")[0].split(". ")[0].rstrip(".")
        )  # whole, not cut
    for inner in getattr(command, "commands", {}).values():
        if inner is not None:
            made(inner)
    return command


def _as_written(metavar: str, ctx: object, usage: bool = False) -> str:
    """An argument's name in usage lines, without the braces that Typer puts around it."""
    return metavar


def _with_whole_names(format_help: Callable[[Any, Any], None], context: Any, formatter: Any) -> None:
    """Write a command's help without breaking a line at a hyphen, as in ``--into base-sysext:NAME``."""
    from typer._click._textwrap import TextWrapper

    TextWrapper.wordsep_re = TextWrapper.wordsep_simple_re
    format_help(context, formatter)


def _every() -> Iterator[Any]:
    """The options, a copy each, since they differ in whether they are shown."""
    return map(copy, _made_once())


@cache
def _made_once() -> tuple[Any, ...]:
    alone = typer.Typer(add_completion=False)
    alone.command()(options)
    return tuple(option for option in typer.main.get_command(alone).params if option.name != "help")


def _take_variable(option: Any) -> None:
    """Let a variable stand for an option that was not given."""
    name = next((word[2:] for word in option.opts if word.startswith("--")), "")
    another = name == "image" and option.metavar != "REFERENCE"  # a disk, where the variable names the SDK's
    if name in VARIABLES and option.param_type_name == "option" and not option.envvar and not another:
        option.show_envvar = False  # docs/configuration.md has the list
        option.envvar = f"OVERLAYTOOL_{name.upper().replace('-', '_')}"
