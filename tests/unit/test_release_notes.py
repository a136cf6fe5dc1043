"""Lines of the changelog: which packages get one, with which links."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from overlaytool.model.review import PackageChange, PackageReview, VersionChange
from overlaytool.plan.release_notes import Former, former_entries, lines, link


def review(package: str, *versions: tuple[str | None, str | None, tuple[str, ...]]) -> PackageReview:
    """A package with versions before and after, and the targets that have it."""
    return PackageReview(
        package=package,
        change=PackageChange.UPDATED,
        repository="portage-stable",
        versions=tuple(
            VersionChange(old=old, new=new, views=("amd64-usr",), targets=targets)
            for old, new, targets in versions
        ),
        ebuilds_added=(),
        ebuilds_removed=(),
        ebuilds_changed=(),
        files_added=(),
        files_removed=(),
        files_changed=(),
        occurrences=(),
    )


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (review("app-misc/jq", ("1.0", "1.1", ("base",))), "- base: jq ([1.1](TODO))"),
        (review("app-misc/jq", ("1.0-r1", "1.0-r2", ("base",))), None),
        (review("app-misc/jq", (None, "1.0", ("base",))), None),
        (review("app-misc/jq", ("1.0", None, ("base",))), None),
        (review("app-misc/jq", ("1.0", "1.1", ("SDK",))), None),
        (review("app-misc/jq", ("1.0", "1.1", ("build",))), None),
        (review("dev-lang/go", ("1.0", "1.1", ("SDK",))), "- SDK: go ([1.1](TODO))"),
        (review("app-misc/jq", ("1.0", "1.1", ("build", "base"))), "- base: jq ([1.1](TODO))"),
        (review("app-misc/jq", ("1.0", "1.1", ("SDK", "base"))), "- SDK, base: jq ([1.1](TODO))"),
        (
            review("app-misc/jq", ("2.0", "2.1", ("base",)), ("1.0", "1.1-r3", ("dev",))),
            "- base, dev: jq ([2.1](TODO) (includes [1.1](TODO)))",
        ),
    ],
)
def test_users_are_told_of_new_versions_in_what_they_get(entry: PackageReview, line: str | None) -> None:
    assert lines([entry], {}, {}) == (() if line is None else (line,))


def test_lines_are_sorted_and_have_their_links() -> None:
    former = {"jq": Former(version="1.0", url="https://jq.example/v1.0/notes")}
    upstream = {"app-misc/abc": "https://abc.example/releases"}
    entries = [review(f"app-misc/{name}", ("1.0", "1.1", ("base",))) for name in ("jq", "abc")]
    assert lines(entries, former, upstream) == (
        "- base: abc ([1.1](https://abc.example/releases))",
        "- base: jq ([1.1](https://jq.example/v1.1/notes))",
    )


@pytest.mark.parametrize(
    ("version", "url", "made"),
    [
        ("1.2.3", "https://x.example/1.2.3", "https://x.example/2.0.1"),
        ("1.2.3", "https://x.example/v1_2_3.html", "https://x.example/v2_0_1.html"),
        ("1.2.3", "https://x.example/1-2-3", "https://x.example/2-0-1"),
        ("1.2.3", "https://x.example/123", "https://x.example/201"),
        ("1.2.3", "https://x.example/news", "https://up.example"),
    ],
)
def test_a_link_is_the_former_one_with_the_version_replaced(version: str, url: str, made: str) -> None:
    assert link("2.0.1", Former(version=version, url=url), "https://up.example") == made


def test_the_newest_former_entry_counts() -> None:
    tree = MemoryTree(
        {
            "changelog/updates/2026-01-01-weekly.md": "- base: jq ([1.0](https://old.example/1.0))\n",
            "changelog/updates/2026-02-01-weekly.md": (
                "- base, dev: jq ([1.1](https://new.example/1.1) (includes [1.0](x)))\nfree text\n"
            ),
            "changelog/security/2026-03-01-weekly.md": "- jq ([1.2](https://no.example))\n",
        }
    )
    assert former_entries(tree) == {"jq": Former(version="1.1", url="https://new.example/1.1")}
