"""``overlaytool config``: write overlaytool.toml, or show what is in force."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, Globals

if TYPE_CHECKING:
    from overlaytool.workflow.config import Settings

app = typer.Typer(
    name="config", no_args_is_help=True, add_completion=False, help="Write or show the configuration."
)

UserOption = Annotated[bool, typer.Option("--user", help="For every checkout: in ~/.config/overlaytool.")]


@app.command()
def init(context: typer.Context, user: UserOption = False) -> None:
    """Write an overlaytool.toml that says what the defaults are; it is kept out of git's sight."""
    from overlaytool.workflow import config

    options: Globals = context.obj
    written = config.init(options.checkout, user=user)
    console.show(str(written))
    console.say("every line in it is a comment: take the # away from what you want to be different")


@app.command()
def show(context: typer.Context, format: FormatOption = Format.TEXT) -> None:
    """Show the configuration in force, and where it comes from."""
    from overlaytool.workflow import config

    options: Globals = context.obj
    settings = config.show(options.checkout, options.config)
    if format is Format.JSON:
        console.write(json.dumps(settings.to_data(), indent=2, ensure_ascii=False) + "\n")
    else:
        _show(settings)


def _show(settings: Settings) -> None:
    known = settings.config
    console.show(f"from      {settings.file or 'defaults alone: there is no overlaytool.toml'}")
    console.show(f"boards    {', '.join(known.boards) or 'every board of the checkout'}")
    for tree in (known.gentoo, *known.sources):
        there = (
            ""
            if tree.path.is_dir()
            else "  not there: overlaytool sync clones it"
            if tree.url
            else "  not there"
        )
        console.show(f"{tree.name:9} {tree.path}{f'  of {tree.url}' if tree.url else ''}", (there, "yellow"))
    console.show(f"cache     {known.cache}")
    console.show(f"state     {known.state}")
    for name, value in settings.variables:
        console.show(f"variable  {name}={value}")
