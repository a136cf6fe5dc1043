"""The page of a survey with as many packages as Gentoo has."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from opened import Opened

from overlaytool.report.survey import page
from overlaytool.survey.line import Line, Outcome, Refusal
from overlaytool.survey.summary import summary

pytestmark = pytest.mark.browser
PACKAGES = 19_000


def _line(number: int) -> Line:
    package = f"cat-{number % 160:03}/package-{number:05}"
    if number % 3 == 0:
        refusal = Refusal(
            kind="masked",
            about=f"dev-lang/perl-{number % 50}",
            message=f"no way to satisfy dev-lang/perl-{number % 50} on amd64-usr",
            chain=(f"required because {package}-1::gentoo RDEPENDs on it", "perl-5  passed over: masked"),
            hint="--unmask lifts it",
        )
        return Line(package=package, source="gentoo", outcome=Outcome.REFUSED, refusal=refusal)
    return Line(
        package=package,
        source="gentoo",
        outcome=Outcome.POSSIBLE if number % 5 else Outcome.FREE,
        boards=("amd64-usr", "arm64-usr"),
        versions=(f"{package}-1.{number}",),
        description=f"Tool {number} that does <b>things</b> & more",
        licenses="GPL-2",
        adds=tuple(f"dev-libs/lib{each}" for each in range(number % 7)),
        keywords=("=a/b-1 ~arm64",) * (number % 2),
        download=number * 1000,
        image=(f"{package}-1.{number}",),
    )


@pytest.fixture(scope="module")
def written() -> str:
    lines = [_line(number) for number in range(PACKAGES)]
    about = {
        "checkout": {"commit": "a" * 40, "version": "9999.0.0"},
        "sources": [{"name": "gentoo", "commit": "b" * 40}],
        "into": "image",
        "boards": ["amd64-usr", "arm64-usr"],
        "reasons": [
            {"words": reason.words, "hint": reason.hint, "packages": list(reason.packages)}
            for reason in summary(lines).reasons
        ],
    }
    return page(lines, about)


def test_nineteen_thousand_packages_open_in_two_seconds(
    written: str, open_report: Callable[..., Opened]
) -> None:
    opened = open_report(written)
    assert opened.page.locator("#table caption").inner_text() == "19,000 of 19,000 packages"
    spent = opened.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert spent < 2000


def test_it_is_searched_filtered_and_sorted(written: str, open_report: Callable[..., Opened]) -> None:
    page = open_report(written).page
    caption = page.locator("#table caption")
    page.locator("#query").fill("package-00010")
    assert caption.inner_text() == "1 of 19,000 packages"
    page.locator("#query").fill("")
    page.locator("#category").select_option("cat-007/")
    assert caption.inner_text() == "119 of 19,000 packages"
    page.locator("#outcome").select_option("refused")
    assert caption.inner_text() == "39 of 19,000 packages"
    page.locator("#outcome").select_option("")
    page.locator("#category").select_option("")
    page.locator("#reason").select_option("0")
    assert int(caption.inner_text().split()[0].replace(",", "")) == 127
    page.locator("#reason").select_option("")
    page.get_by_role("button", name="Imports").click()
    page.get_by_role("button", name="Imports").click()
    first = page.locator("#table tbody tr").first.locator("td")
    assert first.nth(2).inner_text() == "6"
    assert page.locator("#table thead th").nth(2).get_attribute("aria-sort") == "descending"


def test_a_package_says_what_it_takes_or_why_not(written: str, open_report: Callable[..., Opened]) -> None:
    page = open_report(written).page
    page.locator("#query").fill("package-00006")
    page.get_by_role("button", name="cat-006/package-00006").click()
    details = page.locator("tr.details")
    assert "required because cat-006/package-00006-1::gentoo" in details.inner_text()
    assert "--unmask lifts it" in details.inner_text()
    page.get_by_role("button", name="cat-006/package-00006").click()
    assert details.count() == 0
    page.locator("#query").fill("package-00008")
    assert "<b>things</b> & more" in page.locator("#table tbody").inner_text()


def test_more_rows_come_as_one_scrolls(written: str, open_report: Callable[..., Opened]) -> None:
    page = open_report(written).page
    rows = page.locator("#table tbody tr")
    before = rows.count()
    page.locator("#packages").evaluate("it => it.scrollTop = it.scrollHeight")
    deadline = time.monotonic() + 5
    while rows.count() == before and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert before < rows.count() < 1000
