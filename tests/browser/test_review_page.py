"""A review's page in a real Chromium, with two hundred packages: search, filters, links, names as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from opened import Opened

from overlaytool.model.resolution import Notice
from overlaytool.model.review import (
    AdvisoryChange,
    FieldChange,
    Occurrence,
    PackageChange,
    PackageReview,
    Review,
    TargetChange,
    VersionChange,
)
from overlaytool.report.review import page

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror="alert(1)">'
COUNT = 200


def package(number: int) -> PackageReview:
    """One of many; the first is a downgrade."""
    field = FieldChange(field="RDEPEND", removed=(), added=(f"dev-libs/x{number}",))
    return PackageReview(
        package=f"dev-libs/it{number}",
        change=PackageChange.UPDATED if number else PackageChange.DOWNGRADED,
        repository="portage-stable",
        versions=(
            VersionChange(
                old=f"1.{number}",
                new=f"2.{number}",
                views=("amd64-usr", "host"),
                targets=("SDK",) if number % 2 else ("base",),
                fields=(field,),
            ),
        ),
        ebuilds_added=(f"2.{number}",),
        ebuilds_removed=(),
        ebuilds_changed=(),
        files_added=(EVIL,),
        files_removed=(),
        files_changed=(),
        occurrences=(Occurrence(file="profiles/package.use", line=7, text=EVIL),),
    )


REVIEW = Review(
    base="ab" * 20,
    tip="cd" * 20,
    subjects=(EVIL,),
    packages=tuple(map(package, range(COUNT))),
    eclasses=(),
    targets=tuple(
        TargetChange(target="image", view=view, gained=("dev-libs/new-1",), lost=())
        for view in ("amd64-usr", "arm64-usr")
    ),
    skews=(),
    profiles=(),
    advisories=(
        AdvisoryChange(
            advisory="202601-01", title=EVIL, opened=False, packages=("a/b-1",), references=("CVE-2026-1",)
        ),
    ),
    unsatisfied=(),
    notices=(Notice(reference="x", message=EVIL, hint="look"),),
)


@pytest.fixture
def opened(open_report: Callable[..., Opened]) -> Opened:
    return open_report(page(REVIEW))


def test_search_and_filters_leave_what_is_asked_for(opened: Opened) -> None:
    count = opened.page.locator("#count")
    assert count.inner_text() == f"{COUNT} of {COUNT} packages"
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("it19")
    assert count.inner_text() == f"11 of {COUNT} packages"
    opened.page.locator("#query").fill("")
    opened.filter("updated", False)
    assert count.inner_text() == f"1 of {COUNT} packages"


def test_each_package_has_a_link_that_opens_it(opened: Opened) -> None:
    opened.page.evaluate("location.hash = '#dev-libs/it150'")
    details = opened.page.locator("details[id='dev-libs/it150']")
    details.locator("dl.fields").wait_for()
    text = details.inner_text()
    assert "1.150 → 2.150" in text and "dev-libs/x150" in text and "profiles/package.use:7" in text


def test_names_are_text_and_targets_that_change_alike_share_a_row(opened: Opened) -> None:
    opened.page.locator("#open").click()
    assert opened.page.locator("img").count() == 0
    assert "image on amd64-usr and arm64-usr" in opened.page.locator("#targets").inner_text()
    assert "CVE-2026-1" in opened.page.locator("#advisories").inner_text()
    assert f"{EVIL}: look" in opened.page.locator("#notices").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_by_everybody(dark: bool, open_report: Callable[..., Opened]) -> None:
    results = Axe().run(open_report(page(REVIEW), dark=dark, width=600).page)
    assert results.violations_count == 0, results.generate_report()
