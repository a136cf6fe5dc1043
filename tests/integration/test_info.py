"""info, search and outdated: what the trees say of packages without a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support import RunCli


def asked(run_cli: RunCli, checkout: Path, gentoo: Path, *words: str, status: int = 0) -> dict[str, Any]:
    result = run_cli("-C", checkout, *words, "--gentoo", gentoo, "--format", "json", check=False)
    assert result.returncode == status, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_package_of_the_checkout_names_who_has_it(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    found = asked(run_cli, checkout_tree, gentoo_tree, "info", "app-misc/jq")
    assert found["description"] == "Take JSON apart"
    assert found["license"] == "MIT" and found["use"] == ["+onig", "static-libs"]
    (version,) = [one for one in found["versions"] if one["repository"] == "portage-stable"]
    assert (version["version"], version["slot"], version["keywords"]) == ("1.8.1", "0", ["~amd64", "~arm64"])
    assert version["hidden"] == {}, "package.accept_keywords accepts it"
    assert "base" in found["targets"] and found["selected"]["arm64-usr"] == "1.8.1"


def test_what_hides_a_version_is_named_by_view(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    found = asked(run_cli, checkout_tree, gentoo_tree, "info", "app-misc/keyword-one")
    (version,) = [one for one in found["versions"] if one["version"] == "2.0"]
    assert version["hidden"] == {"arm64-usr": "keyword ~arm64"}
    assert found["targets"] == [] and found["selected"] == {}


def test_a_broken_ebuild_is_shown_without_metadata(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    broken = gentoo_tree / "app-misc/broken/broken-1.ebuild"
    broken.parent.mkdir()
    broken.write_text("EAPI=8\ndie now\n")
    (version,) = asked(run_cli, checkout_tree, gentoo_tree, "info", "app-misc/broken")["versions"]
    assert version["keywords"] == [] and "now" in version["hidden"]["host"]


def test_a_search_puts_names_before_descriptions(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    other = gentoo_tree / "app-misc/other/other-1.ebuild"
    other.parent.mkdir()
    other.write_text('EAPI=8\nDESCRIPTION="Like jq,\n\tbut other"\nSLOT=0\n')
    found = asked(run_cli, checkout_tree, gentoo_tree, "search", "JQ")["packages"]
    assert [(hit["package"], hit["here"]) for hit in found] == [
        ("app-misc/jq", True),
        ("app-misc/other", False),
    ]
    assert found[1]["description"] == "Like jq, but other"


def test_a_search_without_a_hit_has_status_1(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> None:
    found = asked(run_cli, checkout_tree, gentoo_tree, "search", "no-such-word", status=1)
    assert found["packages"] == []


def test_outdated_tells_stable_from_newest(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> None:
    (ours,) = (checkout_tree / "sdk_container/src/third_party/portage-stable/net-misc/curl").glob("*.ebuild")
    home = gentoo_tree / "net-misc/curl"
    home.mkdir(parents=True, exist_ok=True)
    for version, keywords in (("98", "amd64 arm64"), ("99", "~amd64 ~arm64"), ("9999", "")):
        text = ours.read_text().splitlines()
        lines = [f'KEYWORDS="{keywords}"' if line.startswith("KEYWORDS") else line for line in text]
        (home / f"curl-{version}.ebuild").write_text("\n".join(lines) + "\n")
    found = asked(run_cli, checkout_tree, gentoo_tree, "outdated")["packages"]
    (curl,) = [one for one in found if one["package"] == "net-misc/curl"]
    assert (curl["ours"], curl["stable"], curl["newest"]) == ("8.16.0-r1", "98", "99")
    assert curl["repository"] == "portage-stable"
