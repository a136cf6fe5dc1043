"""Make the pictures: ``make pictures`` draws the terminal from a real run on the fixtures.

``make pictures REPORT=report.html`` also takes a picture of a report (Chromium is needed), as it opens with
the details of its first package: docs/images/graph-plan.png is one of app-containers/incus.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool.workflow import demo

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

IMAGES = Path(__file__).resolve().parent / "images"
WIDTH = 110
WINDOW: ViewportSize = {"width": 1440, "height": 900}
SETTLED = 800
"""Milliseconds until the drawing stands still."""
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


def photograph(report: Path, picture: Path) -> None:
    """A report in a browser, with the details of what was asked for."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.goto(report.resolve().as_uri())
        page.locator("#table tbody tr button", has_text=page.locator("h1").inner_text()).first.click()
        page.locator("#fit").click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(SETTLED)
        page.screenshot(path=picture)
        browser.close()


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
    if len(sys.argv) > 2:
        photograph(Path(sys.argv[2]), Path(sys.argv[1]) / "graph-plan.png")
