"""The pages about images, in a real Chromium: a treemap, a table, and names that want to be markup."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from opened import Opened

from overlaytool.image import document
from overlaytool.image.diff import diff
from overlaytool.model.image import (
    Budget,
    Component,
    FileEntry,
    FileKind,
    ImageContents,
    InstalledPackage,
)
from overlaytool.report import image as report

pytestmark = pytest.mark.browser

EVIL = 'usr/share/<img src=x onerror="alert(1)">'


def contents(version: str, files: dict[str, int], owned: dict[str, tuple[str, ...]]) -> ImageContents:
    entries = tuple(
        FileEntry(path=path, kind=FileKind.FILE, size=size, mode=0o644)
        for path, size in sorted(files.items())
    )
    packages = tuple(
        InstalledPackage(
            name=cpv.rpartition("-")[0],
            version=cpv.rpartition("-")[2],
            licenses=("GPL-2",),
            files=paths,
            size=sum(files[path] for path in paths),
        )
        for cpv, paths in owned.items()
    )
    return ImageContents(
        subject=f"build-{version}",
        release=(("VERSION", version),),
        components=(
            Component(name="base", source="image", files=entries, packages=packages),
            Component(name="docker", source="docker.raw", files=entries[:1]),
        ),
        budgets=(Budget(name="/usr", used=900_000_000, limit=1_065_345_024),),
        untold=("the kernel's configuration",),
    )


FILES = {
    "boot/flatcar/vmlinuz-a": 40_000_000,
    "usr/bin/docker": 60_000_000,
    "usr/bin/htop": 400_000,
    "usr/lib64/systemd/systemd": 30_000_000,
    EVIL: 20_000_000,
}
OLD = contents("1", {**FILES}, {"app-containers/docker-1": ("usr/bin/docker",)})
NEW = contents(
    "2",
    {**FILES, "usr/bin/htop": 20_400_000, "usr/bin/docker": 50_000_000},
    {"app-containers/docker-2": ("usr/bin/docker",), "sys-process/htop-3": ("usr/bin/htop",)},
)


def labels(opened: Opened) -> list[str]:
    texts: list[str] = opened.page.locator("#drawing text").all_text_contents()
    return texts


def test_the_treemap_opens_at_usr_and_goes_into_directories_and_back(
    open_report: Callable[..., Opened],
) -> None:
    opened = open_report(report.page(document.show(NEW)))
    page = opened.page
    assert page.locator("h1").inner_text() == "2"
    assert {"bin", "docker", "htop", "lib64", "share"} <= set(labels(opened))
    assert "vmlinuz-a" not in labels(opened)
    page.get_by_role("button", name="bin, directory").press("Enter")
    assert set(labels(opened)) == {"docker", "htop"}
    page.keyboard.press("Escape")
    page.get_by_role("button", name="/ (").click()
    assert {"usr", "boot"} <= set(labels(opened))
    page.get_by_label("Part").select_option("docker")
    assert "vmlinuz-a" in labels(opened)


def test_the_areas_are_as_large_as_the_files(open_report: Callable[..., Opened]) -> None:
    opened = open_report(report.page(document.show(NEW)))
    opened.page.get_by_role("button", name="bin, directory").press("Enter")
    areas = opened.page.locator("#drawing g.file rect").evaluate_all(
        "all => all.map(it => it.width.baseVal.value * it.height.baseVal.value)"
    )
    assert areas[0] / areas[1] == pytest.approx(50 / 20.4, rel=0.02)


def test_packages_are_searched_and_marked(open_report: Callable[..., Opened]) -> None:
    opened = open_report(report.page(document.show(NEW)))
    assert opened.rows() == ["app-containers/docker-2", "sys-process/htop-3"]
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("htop")
    assert opened.rows() == ["sys-process/htop-3"]
    opened.page.get_by_role("button", name="sys-process/htop-3").click()
    assert opened.page.locator("#drawing.marked g.mark text").all_text_contents() == ["htop"]


def test_a_name_that_is_markup_stays_text(open_report: Callable[..., Opened]) -> None:
    opened = open_report(report.page(document.show(NEW)))
    assert any(label.startswith("<img") for label in labels(opened))
    assert opened.page.locator("img").count() == 0


def test_a_comparison_shows_what_grew_and_what_shrank(open_report: Callable[..., Opened]) -> None:
    opened = open_report(report.diff_page(document.diff(diff(OLD, NEW))))
    assert opened.page.locator("h1").inner_text() == "1 → 2"
    assert opened.page.locator("#drawing g.more text").all_text_contents() == ["htop"]
    assert opened.page.locator("#drawing g.less text").all_text_contents() == ["docker"]
    assert "sys-process/htop" in opened.rows()
    assert "New: sys-process/htop" in opened.page.locator("#summary").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_anybody_can_use_it(dark: bool, open_report: Callable[..., Opened]) -> None:
    opened = open_report(report.page(document.show(NEW)), dark=dark)
    found = Axe().run(opened.page)
    assert [each["id"] for each in found.response["violations"]] == []
