"""What a change forgets that Portage cannot see is said."""

from __future__ import annotations

from trees import MemoryTree, link

from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.verify import oversights

IMAGE = f"{OVERLAY}/coreos-base/coreos/coreos-0.0.1"
EBUILD = f"{PORTAGE_STABLE}/app-misc/new/new-1.ebuild"


def image(text: str, revision: int) -> MemoryTree:
    return MemoryTree({f"{IMAGE}.ebuild": text, f"{IMAGE}-r{revision}.ebuild": link("coreos-0.0.1.ebuild")})


def said(before: MemoryTree, after: MemoryTree, *paths: str) -> list[str]:
    return [notice.reference for notice in oversights.find(paths, before, after)]


def test_a_metapackage_that_changes_needs_a_new_revision() -> None:
    before = image('RDEPEND="a/b"\n', 1)
    assert said(before, image('RDEPEND="a/b c/d"\n', 1), f"{IMAGE}.ebuild") == ["revision-not-bumped"]
    assert said(before, image('RDEPEND="a/b c/d"\n', 2), f"{IMAGE}.ebuild") == []
    assert said(before, image('# Why.\nRDEPEND="a/b"\n', 1), f"{IMAGE}.ebuild") == []


def test_an_ebuild_without_a_symlink_has_its_revision_in_its_own_name() -> None:
    path = f"{OVERLAY}/app-misc/own/own-1-r2.ebuild"
    assert said(MemoryTree({path: "a\n"}), MemoryTree({path: "b\n"}), path) == []


def test_a_new_package_has_to_be_in_the_automation_list() -> None:
    before = MemoryTree({PACKAGES_LIST: "app-misc/old\n"})
    assert said(before, MemoryTree({PACKAGES_LIST: "app-misc/old\n", EBUILD: ""}), EBUILD) == [
        "not-in-automation"
    ]
    assert said(before, MemoryTree({PACKAGES_LIST: "app-misc/new\n", EBUILD: ""}), EBUILD) == []
    assert said(before, MemoryTree({EBUILD: ""}), EBUILD) == []


def test_a_package_that_goes_has_to_leave_the_automation_list() -> None:
    before = MemoryTree({PACKAGES_LIST: "app-misc/new\n", EBUILD: ""})
    assert said(before, MemoryTree({PACKAGES_LIST: "app-misc/new\n"}), EBUILD) == ["left-in-automation"]
    assert said(before, MemoryTree({PACKAGES_LIST: "\n"}), EBUILD) == []
