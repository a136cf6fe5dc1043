"""``overlaytool completion SHELL``: the script that makes a shell complete commands, packages and more."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from overlaytool.cli import console


class Shell(StrEnum):
    """Those that have a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish")]) -> None:
    """Print a script for a shell; see docs/install.md for where it belongs."""
    from overlaytool.cli.manual import completion_script

    console.write(completion_script(shell.value))
