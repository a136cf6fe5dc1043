"""A real Chromium that opens reports from disk and tells of everything that should not happen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opened import Opened
from playwright.sync_api import Browser, sync_playwright

from overlaytool.report.html import page as html_page
from overlaytool.report.records import Graph

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: .ci/run must install it")
        pytest.skip("needs Chromium (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Writes a page and opens it, by default in a window of 1500 by 940 with light colours.

    When the test is over, nothing may have been logged, asked for or thrown.
    """
    contexts = []
    everything: list[Opened] = []

    def open_(graph: Graph | str, *, dark: bool = False, width: int = 1500, height: int = 940) -> Opened:
        file = tmp_path / "report.html"
        file.write_text(graph if isinstance(graph, str) else html_page(graph), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        everything.append(opened)
        page, faults = opened.page, opened.faults
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda it: it.url == file.as_uri() or faults.append(f"request: {it.url}"))
        page.goto(file.as_uri())
        return opened

    yield open_
    for context in contexts:
        context.close()
    assert [fault for opened in everything for fault in opened.faults] == []
