"""Make the pictures of the terminal from real runs on the fixtures: ``make pictures``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from overlaytool.workflow import demo

IMAGES = Path(__file__).resolve().parent / "images"
WIDTH = 110
COMMAND = ("plan", "sys-process/htop", "app-misc/screen")


def main(target: Path) -> None:
    """Run, and draw what the terminal would show."""
    with tempfile.TemporaryDirectory() as place:
        shown = _run(Path(place))
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(f"[bold green]$[/] overlaytool {' '.join(COMMAND)}", highlight=False)
    console.print(Text.from_ansi(shown))
    target.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="overlaytool", unique_id="terminal")
    picture = re.sub(
        r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL
    )  # it would be fetched from elsewhere
    (target / "terminal.svg").write_text(picture, encoding="utf-8")


def _run(place: Path) -> str:
    """What the command shows in a copy of the trees, with its colours."""
    checkout = demo.prepare(place).checkout
    own = {"XDG_CACHE_HOME": str(place / "cache"), "COLUMNS": str(WIDTH), "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-m", "overlaytool", "--color", "always", "-q", *COMMAND],
        cwd=checkout,
        env={**os.environ, **own},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
