"""``overlaytool demo``: the whole flow on the trees in fixtures/, in a temporary directory."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Globals

if TYPE_CHECKING:
    from overlaytool.workflow.demo import Demo

REQUEST = ("sys-process/htop", "app-misc/screen")
METAPACKAGE = "sdk_container/src/third_party/coreos-overlay/coreos-base/coreos"
NEXT = """\
The copies stay where they are; `rm -r {place}` takes them away. Try there:

    cd {checkout}{path}
    overlaytool why sys-libs/ncurses                what the image has it for
    overlaytool plan app-misc/needs-python          a warning about the production image
    overlaytool add app-misc/impossible-parent      an error that explains itself

{readme} lists what else the trees show. On a clone of
flatcar/scripts it is the same, after `overlaytool sync` has fetched Gentoo once.
"""


def demo(context: typer.Context) -> None:
    """Show the main job on copies of the trees in fixtures/, in a temporary directory."""
    from overlaytool.support.scratch import staying

    with staying("demo") as place:
        _show(context, place)


def _show(context: typer.Context, place: Path) -> None:
    from overlaytool.workflow import demo as trees

    console.say("copying the trees")
    for variable in ("CACHE", "STATE", "CONFIG"):
        os.environ[f"XDG_{variable}_HOME"] = str(place / variable.lower())
    made = trees.prepare(place)
    os.chdir(made.checkout)
    _say("A checkout of flatcar/scripts and a Gentoo tree, both in miniature", f"cd {made.checkout}")
    _run(context, "Add two packages: what it takes, and why; then write it", "add", "--yes", *REQUEST)
    _git(made, "What was copied and edited", "status", "--short", "--untracked-files=all")
    _git(made, "The metapackage", "diff", "HEAD", "--", f"{METAPACKAGE}/coreos-0.0.1.ebuild")
    _say("Where to go next")
    readme = made.gentoo / "README.md"
    console.write(NEXT.format(place=place, checkout=made.checkout, path=_path(), readme=readme))


def _path() -> str:
    """A line that makes the program known by its name, where it is not."""
    beside = Path(sys.executable).with_name("overlaytool")
    return "" if shutil.which("overlaytool") or not beside.exists() else f"\n    PATH={beside.parent}:$PATH"


def _say(title: str, command: str | None = None) -> None:
    console.show((f"\n== {title}", "bold cyan"))
    if command:
        console.show((f"$ {command}", "bold"))


def _run(context: typer.Context, title: str, *arguments: str) -> None:
    """One of our own commands, as typed, with the colours that were asked for."""
    from overlaytool.cli.app import invoke

    options: Globals = context.obj
    _say(title, f"overlaytool {shlex.join(arguments)}")
    invoke(["--color", options.color, *arguments])


def _git(made: Demo, title: str, *arguments: str) -> None:
    _say(title, f"git {shlex.join(arguments)}")
    console.write(made.git(*arguments))
