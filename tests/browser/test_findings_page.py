"""An audit's page in a real Chromium: filters, search, and names that want to be markup."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from opened import Opened

from overlaytool.audit.document import to_data
from overlaytool.audit.eclasses import DeadEclass
from overlaytool.audit.masks import EntryNotReadable, MaskForNothing
from overlaytool.report.audit import page

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror="alert(1)">'
FINDINGS = (
    EntryNotReadable(subject=EVIL, file=f"profiles/{EVIL}", line=3),
    DeadEclass(subject="a.eclass", file="eclass/a.eclass", stable=True, dead_users=()),
    DeadEclass(subject="b.eclass", file="eclass/b.eclass", stable=True, dead_users=()),
    MaskForNothing(
        subject="dev-lang/ruby", file="profiles/package.mask", line=8, entry="dev-lang/ruby", there=()
    ),
)


@pytest.fixture
def opened(open_report: Callable[..., Opened]) -> Opened:
    """The page of four findings."""
    document = {
        **to_data(FINDINGS),
        "checkout": {"commit": "ab" * 20, "version": "4799.0.0"},
        "boards": ["amd64-usr", "arm64-usr"],
        "known": 2,
    }
    return open_report(page(document))


def shown(opened: Opened) -> list[str]:
    """The references of the sections that can be seen."""
    return [text.split()[0] for text in opened.page.locator("#findings section:visible h2").all_inner_texts()]


def test_names_are_text_and_places_can_be_read_whole(opened: Opened) -> None:
    text = opened.page.locator("#findings").inner_text()
    assert f"{EVIL} is no atom" in text
    assert opened.page.locator("#findings img").count() == 0
    cell = opened.page.locator("td.place").first
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    assert "2 known findings are left out" in opened.page.locator("#origin").inner_text()


def test_filters_and_search_leave_what_is_asked_for(opened: Opened) -> None:
    assert shown(opened) == ["entry-not-readable", "dead-eclass", "mask-for-nothing"]
    opened.filter("warnings", False)
    assert shown(opened) == ["entry-not-readable", "mask-for-nothing"]
    opened.filter("warnings", True)
    opened.filter("what --fix puts right", True)
    assert shown(opened) == ["dead-eclass"]
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("b.eclass")
    assert opened.page.locator("#status").inner_text() == "1 of 4 findings"
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("#status").inner_text() == "2 of 4 findings"


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_by_everybody(dark: bool, open_report: Callable[..., Opened]) -> None:
    document = {
        **to_data(FINDINGS),
        "checkout": {"commit": None, "version": "4799.0.0"},
        "boards": ["amd64-usr"],
        "known": 0,
    }
    results = Axe().run(open_report(page(document), dark=dark, width=600).page)
    assert results.violations_count == 0, results.generate_report()
