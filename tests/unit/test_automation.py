"""The automation list is what Flatcar's own sorting makes of it; the changelog entry is found again."""

from __future__ import annotations

from datetime import date

import pytest
from trees import MemoryTree

from overlaytool.flatcar.automation import changelog_entry, list_entries, with_packages

LIST = """\
# Please keep it sorted!

acct-group/adm
acct-group/tty

app-arch/xz-utils
app-arch/zstd

dev-libs/glib
# Left out for now, because of reasons:
#
# the details are elsewhere.
# dev-libs/nettle
dev-libs/openssl

eclass/alternatives.eclass

licenses

sys-apps/less
"""


def test_packages_and_eclasses_stand_in_order_in_their_category() -> None:
    after = with_packages(LIST, ["app-arch/zip", "eclass/toolchain.eclass", "dev-libs/Zed", "app-misc/mc"])
    assert after == LIST.replace("app-arch/zstd\n", "app-arch/zip\napp-arch/zstd\n\napp-misc/mc\n").replace(
        "alternatives.eclass\n", "alternatives.eclass\neclass/toolchain.eclass\n"
    ).replace("dev-libs/glib", "dev-libs/Zed\ndev-libs/glib")


def test_list_that_has_them_is_kept_to_the_byte_even_unsorted() -> None:
    text = "# Header\n\nb/b\n\na/a\n"
    assert with_packages(text, ["a/a", "b/b"]) == text


def test_unsorted_list_is_sorted_when_it_changes() -> None:
    assert with_packages("# Header\n\nb/b\na/c\na/b\na/b\n", ["a/a"]) == "# Header\n\na/a\na/b\na/c\n\nb/b\n"


def test_package_that_was_left_out_is_put_back() -> None:
    after = with_packages(LIST, ["dev-libs/nettle"])
    assert "\ndev-libs/nettle\n" in after and "# dev-libs/nettle" not in after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b\n", "a/a\na/b\n"),
        ("# one\n# two\n", "# one\n# two\n\na/a\n"),
        ("", "a/a\n"),
        ("#h\n\n# why b\n# a/b\n# why c\n# a/c\na/d\n", "#h\n\na/a\n# why b\n# a/b\n# why c\n# a/c\na/d\n"),
        ("#h\n\n# about d\n\na/d\n", "#h\n\na/a\n# about d\na/d\n"),
        ("#h\n\n# a/b\na/b\n", "#h\n\na/a\na/b\n"),
    ],
)
def test_free_comments_stay_with_their_packages(text: str, expected: str) -> None:
    assert with_packages(text, ["a/a"]) == expected


def test_entries_say_what_is_left_out() -> None:
    left_out = [entry.name for entry in list_entries(LIST) if entry.commented_out]
    assert left_out == ["dev-libs/nettle"]
    assert len(list_entries(LIST)) == 10


DAY = date(2026, 8, 22)


def test_changelog_entry_is_named_by_day_and_packages() -> None:
    path, text = changelog_entry(MemoryTree({}), ["sys-process/htop", "dev-libs/Lib_X+"], "Added them.", DAY)
    assert path == "changelog/changes/2026-08-22-htop-lib-x+.md"
    assert text == "- Added them.\n"


def test_changelog_name_of_many_packages_stays_short() -> None:
    path, _ = changelog_entry(MemoryTree({}), [f"a/p{number}" for number in range(9)], "Added.", DAY)
    assert path == "changelog/changes/2026-08-22-p0-p1-p2-p3-and-more.md"


def test_entry_with_the_same_bullet_is_found_whatever_its_day() -> None:
    tree = MemoryTree({"changelog/changes/2026-01-02-htop.md": "- Added htop.\n"})
    assert changelog_entry(tree, ["sys-process/htop"], "Added htop.", DAY) == (
        "changelog/changes/2026-01-02-htop.md",
        "- Added htop.\n",
    )


def test_entry_of_the_same_name_that_says_something_else_is_not_overwritten() -> None:
    tree = MemoryTree({"changelog/changes/2026-08-22-htop.md": "- Removed htop.\n"})
    path, _ = changelog_entry(tree, ["sys-process/htop"], "Added htop.", DAY)
    assert path == "changelog/changes/2026-08-22-htop-2.md"
    tree = MemoryTree({path: "- Added htop.\n", "changelog/changes/2026-08-22-htop.md": "- Removed htop.\n"})
    assert changelog_entry(tree, ["sys-process/htop"], "Added htop.", DAY)[0] == path
