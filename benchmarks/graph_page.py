"""How long a report takes from opening to the first frame that can be used, in a headless Chromium.

    python benchmarks/graph_page.py               a made-up image of 400 packages, and a plan of 20
    python benchmarks/graph_page.py FILE.html...  reports that were written before

Each is opened afresh ``--opens`` times; milliseconds since the navigation began: median, least, most.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from overlaytool.report.graph import build
from overlaytool.report.html import page as html_page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "unit"))

from scale import image_like

READY = "performance.getEntriesByName('interactive')[0]?.startTime"
BUDGET = 1500
"""Milliseconds that the project allows at 400 packages."""


def opened(browser: Browser, file: Path) -> float:
    """Milliseconds until the page can be used."""
    context = browser.new_context(viewport={"width": 1500, "height": 940})
    page = context.new_page()
    page.goto(file.as_uri())
    taken = float(page.wait_for_function(READY).json_value())
    context.close()
    return taken


def made_up(folder: Path) -> list[Path]:
    """Two reports with what it took to make them."""
    files = []
    for count, imports in ((20, 3), (400, 0)):
        start = time.perf_counter()
        content = html_page(build(image_like(count, imports=imports)))
        file = folder / f"{count}-packages.html"
        file.write_text(content, encoding="utf-8")
        print(f"{file.name}: {len(content) // 1024} KiB, made in {time.perf_counter() - start:.2f} s")
        files.append(file)
    return files


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("files", nargs="*", type=Path)
    arguments.add_argument("--opens", type=int, default=9)
    options = arguments.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("needs Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for file in [path.resolve() for path in options.files] or made_up(Path(folder)):
            times = [opened(browser, file) for _ in range(options.opens)]
            median = statistics.median(times)
            verdict = "within" if median <= BUDGET else "over"
            print(
                f"{file.name}: {median:.0f} ms ({min(times):.0f} to {max(times):.0f}), {verdict} {BUDGET} ms"
            )
        browser.close()


if __name__ == "__main__":
    main()
