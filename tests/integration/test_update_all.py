"""update --all: the automation list brought up to Gentoo, and what people do by hand after that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_steps import git
from update_trees import KEYWORDS, LIST, OVERLAY, STABLE, Trees

if TYPE_CHECKING:
    from support import RunCli


@pytest.fixture
def trees(checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli) -> Trees:
    return Trees(checkout_tree, gentoo_tree, run_cli)


def test_nothing_that_differs_is_nothing_to_do(trees: Trees) -> None:
    trees.listed("app-misc/jq", "net-misc/curl")
    found = trees.update()
    assert found["copied"] == found["steps"] == found["manual_work"] == []


def test_a_new_version_that_is_stable_drops_the_entry_of_the_old_one(trees: Trees) -> None:
    trees.listed("app-misc/jq", "net-misc/curl")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('"~amd64 ~arm64"', '"amd64 arm64"'))
    found = trees.update()
    assert found["copied"] == ["app-misc/jq"]
    assert [(entry["atom"], entry["because"]) for entry in found["keywords_removed"]] == [
        ("=app-misc/jq-1.8.1", "version-gone")
    ]
    assert found["keywords"] == []
    (change,) = found["changes"]
    assert change["views"]["arm64-usr"] == ["1.8.1", "1.8.2"]


def test_a_new_version_that_is_not_stable_takes_the_entry_over(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2")
    found = trees.update()
    assert [(entry["atom"], entry["keywords"]) for entry in found["keywords"]] == [("=app-misc/jq-1.8.2", [])]
    assert [entry["because"] for entry in found["keywords_removed"]] == ["follows"]


def test_an_entry_that_one_arch_needs_no_more_is_narrowed(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    text = (trees.checkout / KEYWORDS).read_text()
    (trees.checkout / KEYWORDS).write_text(
        text.replace("=app-misc/jq-1.8.1", "=app-misc/jq-1.8.1 ~amd64 ~arm64")
    )
    trees.bump("app-misc/jq", "1.8.1", "1.8.1", ('"~amd64 ~arm64"', '"amd64 ~arm64"'))
    found = trees.update()
    assert [(entry["atom"], entry["keywords"]) for entry in found["keywords"]] == [
        ("=app-misc/jq-1.8.1", ["~arm64"])
    ]
    assert [entry["because"] for entry in found["keywords_removed"]] == ["narrowed"]


def test_a_version_that_is_stable_on_one_arch_is_accepted_on_the_other(trees: Trees) -> None:
    trees.listed("sys-apps/coreutils")
    (old,) = (trees.gentoo / "sys-apps/coreutils").glob("*.ebuild")
    new = old.with_name("coreutils-99.ebuild")
    new.write_text(old.read_text().replace('KEYWORDS="amd64 arm64"', 'KEYWORDS="amd64 ~arm64"'))
    found = trees.update()
    assert [(entry["atom"], entry["keywords"], entry["comment"]) for entry in found["keywords"]] == [
        ("=sys-apps/coreutils-99", ["~arm64"], "Keep versions on both arches in sync.")
    ]


def test_what_a_new_version_needs_is_imported_and_listed(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('RDEPEND="', 'RDEPEND="dev-libs/light '))
    found = trees.update("--yes")
    assert found["imported"] == ["dev-libs/light"]
    assert (trees.checkout / STABLE / "dev-libs/light").is_dir()
    assert "dev-libs/light\n" in (trees.checkout / LIST).read_text()
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds.index("package") < kinds.index("keywords") < kinds.index("automation")


def test_gone_moved_and_absent_entries_are_left_to_a_person(trees: Trees) -> None:
    trees.listed("app-misc/jq", "net-misc/curl")
    shutil.rmtree(trees.gentoo / "net-misc/curl")
    with (trees.checkout / LIST).open("a") as text:
        text.write("net-misc/not-here\n")
    found = trees.update(status=1)
    assert {entry["name"]: entry["state"] for entry in found["entries"]} == {
        "net-misc/curl": "dropped",
        "net-misc/not-here": "not-here",
    }
    assert {notice["reference"] for notice in found["manual_work"]} == {
        "dropped-package",
        "nonexistent-package",
    }


def test_except_leaves_names_alone(trees: Trees) -> None:
    trees.listed("app-misc/jq", "net-misc/curl")
    for package in ("app-misc/jq", "net-misc/curl"):
        (trees.gentoo / package / "metadata.xml").write_text("<pkgmetadata/>\n")
    assert trees.update("--except", "net-misc/*")["copied"] == ["app-misc/jq"]


def test_an_eclass_of_the_list_is_copied(trees: Trees) -> None:
    trees.listed("eclass/toolchain-funcs.eclass")
    with (trees.gentoo / "eclass/toolchain-funcs.eclass").open("a") as text:
        text.write("# newer\n")
    found = trees.update()
    assert found["copied"] == ["eclass/toolchain-funcs.eclass"]
    assert [(step["kind"], step["subject"]) for step in found["steps"]] == [
        ("eclass", "eclass/toolchain-funcs")
    ]


def test_commits_hold_one_by_one_and_leave_the_files_alone(trees: Trees) -> None:
    trees.listed("app-misc/jq", "dev-libs/oniguruma")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ("dev-libs/oniguruma:=", ">=dev-libs/oniguruma-7:="))
    (old,) = (trees.gentoo / "dev-libs/oniguruma").glob("*.ebuild")
    old.rename(old.with_name("oniguruma-7.0_p1.ebuild"))
    before = git(trees.checkout, "rev-parse", "HEAD")
    trees.update("--yes", "--commit", "--branch", "weekly")
    subjects = git(trees.checkout, "log", "--reverse", "--format=%s", f"{before}..weekly").splitlines()
    assert subjects[:2] == ["dev-libs/oniguruma: Sync with Gentoo", "app-misc/jq: Sync with Gentoo"]
    assert "overlay profiles: Update accept keywords for app-misc/jq" in subjects
    assert git(trees.checkout, "status", "--porcelain") == ""


def test_onto_a_synced_branch_proposes_only_what_people_add(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('"~amd64 ~arm64"', '"amd64 arm64"'))
    trees.commit()
    git(trees.checkout, "checkout", "-q", "-b", "bot")
    shutil.rmtree(trees.checkout / STABLE / "app-misc/jq")
    shutil.copytree(trees.gentoo / "app-misc/jq", trees.checkout / STABLE / "app-misc/jq")
    trees.commit()
    git(trees.checkout, "checkout", "-q", "main")
    found = trees.update("--onto", "bot", "--yes", "--commit", "--branch", "people")
    assert found["copied"] == []
    assert [step["kind"] for step in found["steps"]] == ["keywords", "changelog"]
    subjects = git(trees.checkout, "log", "--format=%s", "bot..people").splitlines()
    assert subjects == ["changelog: Add entry", "overlay profiles: Drop accept keywords for app-misc/jq"]


def test_patches_and_hooks_of_what_changes_are_named(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    patches = trees.checkout / OVERLAY / "coreos/user-patches/app-misc"
    for directory in ("jq", "jq-1.8.1", "jq-tools"):
        (patches / directory).mkdir(parents=True)
        (patches / directory / "one.patch").write_text("--- a\n+++ b\n")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2")
    found = trees.update(status=1)
    assert [
        (notice["reference"], notice["message"].split(":")[0].rpartition("/")[2])
        for notice in (*found["to_look_at"], *found["manual_work"])
    ] == [
        ("check-user-patches", "jq"),
        ("patch-of-gone-version", "jq-1.8.1 is for a version that is gone"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("update",), "name a package, or say --all"),
        (("update", "--all", "app-misc/jq"), "exclude each other"),
        (("update", "app-misc/jq", "--except", "x/*"), "go with --all"),
        (("update", "--all", "--onto", "x"), "--dry-run to look only"),
    ],
)
def test_wrong_usage_is_said(trees: Trees, run_cli: RunCli, words: tuple[str, ...], message: str) -> None:
    result = run_cli("-C", trees.checkout, *words, "--gentoo", trees.gentoo, check=False)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
