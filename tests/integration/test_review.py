"""What a branch does: what each view selects before and after, and where the repository names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from series_steps import git
from support import THIRD_PARTY

if TYPE_CHECKING:
    from support import RunCli

STABLE = THIRD_PARTY / "portage-stable"
KEYWORDS = THIRD_PARTY / "coreos-overlay/profiles/coreos/base/package.accept_keywords"


@pytest.fixture
def branch(checkout_tree: Path) -> Path:
    """A checkout with a branch `weekly`, checked out."""
    git(checkout_tree, "checkout", "-q", "-b", "weekly")
    return checkout_tree


def edit(file: Path, old: str, new: str, name: str | None = None) -> None:
    text = file.read_text()
    assert old in text
    (file.with_name(name) if name else file).write_text(text.replace(old, new))


def commit(checkout: Path, subject: str) -> None:
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", subject)


def reviewed(run_cli: RunCli, checkout: Path, text: str = "main..weekly") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_cli("-C", checkout, "review", text, "--format", "json").stdout)
    return found


def one(review: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [entry for entry in review["packages"] if entry["package"] == name]
    return dict(found)


def test_a_bump_shows_versions_views_and_what_differs(run_cli: RunCli, branch: Path) -> None:
    directory = branch / STABLE / "app-misc/jq"
    edit(directory / "jq-1.8.1.ebuild", "dev-libs/oniguruma:=", ">=dev-libs/oniguruma-6:=", "jq-1.8.2.ebuild")
    edit(directory / "jq-1.8.2.ebuild", 'KEYWORDS="~amd64 ~arm64"', 'KEYWORDS="amd64 arm64"')
    git(branch, "rm", "-q", str(directory / "jq-1.8.1.ebuild"))
    commit(branch, "app-misc/jq: Sync with Gentoo")
    found = reviewed(run_cli, branch)
    jq = one(found, "app-misc/jq")
    assert jq["change"] == "updated"
    (version,) = jq["versions"]
    assert (version["old"], version["new"]) == ("1.8.1", "1.8.2")
    assert version["views"] == ["amd64-usr", "arm64-usr", "host"]
    assert "base" in version["targets"]
    assert {field["field"] for field in version["fields"]} == {"KEYWORDS", "DEPEND", "RDEPEND"}
    assert (jq["ebuilds_added"], jq["ebuilds_removed"]) == (["1.8.2"], ["1.8.1"])
    assert any(place["file"] == str(KEYWORDS) and "jq-1.8.1" in place["text"] for place in jq["occurrences"])
    assert found["subjects"] == ["app-misc/jq: Sync with Gentoo"]
    assert found["changes"][0]["views"]["amd64-usr"] == ["1.8.1", "1.8.2"]


def test_a_version_that_only_one_arch_selects_is_a_skew(run_cli: RunCli, branch: Path) -> None:
    directory = branch / STABLE / "app-misc/jq"
    edit(directory / "jq-1.8.1.ebuild", '"~amd64 ~arm64"', '"amd64 ~arm64"', "jq-1.8.2.ebuild")
    commit(branch, "app-misc/jq: Sync with Gentoo")
    (skew,) = reviewed(run_cli, branch)["skews"]
    assert skew["package"] == "app-misc/jq"
    assert dict(skew["versions"]) == {"amd64-usr": "1.8.2", "arm64-usr": "1.8.1", "host": "1.8.2"}


def test_a_downgrade_comes_first(run_cli: RunCli, branch: Path) -> None:
    jq, bash = branch / STABLE / "app-misc/jq", branch / STABLE / "app-shells/bash"
    git(branch, "mv", str(jq / "jq-1.8.1.ebuild"), str(jq / "jq-1.7.ebuild"))
    edit(branch / KEYWORDS, "jq-1.8.1", "jq-1.7")
    (old,) = bash.glob("*.ebuild")
    git(branch, "mv", str(old), str(bash / "bash-99.ebuild"))
    commit(branch, "Back and forth")
    found = reviewed(run_cli, branch)
    assert [(entry["package"], entry["change"]) for entry in found["packages"]] == [
        ("app-misc/jq", "downgraded"),
        ("app-shells/bash", "updated"),
    ]


def test_what_a_keyword_entry_changes_is_seen_without_changed_files(run_cli: RunCli, branch: Path) -> None:
    directory = branch / STABLE / "app-misc/jq"
    edit(directory / "jq-1.8.1.ebuild", "amd64", "amd64", "jq-1.9.ebuild")
    commit(branch, "A newer jq")
    git(branch, "checkout", "-q", "-b", "keyword")
    edit(branch / KEYWORDS, "=app-misc/jq-1.8.1", "=app-misc/jq-1.9")
    commit(branch, "Accept it")
    jq = one(reviewed(run_cli, branch, "weekly..keyword"), "app-misc/jq")
    assert [(change["old"], change["new"]) for change in jq["versions"]] == [("1.8.1", "1.9")]
    assert jq["ebuilds_added"] == []


def test_what_nothing_satisfies_any_more_is_named(run_cli: RunCli, branch: Path) -> None:
    git(branch, "rm", "-q", "-r", str(branch / STABLE / "dev-libs/oniguruma"))
    commit(branch, "dev-libs/oniguruma: Remove")
    found = reviewed(run_cli, branch)
    assert one(found, "dev-libs/oniguruma")["change"] == "removed"
    assert any("dev-libs/oniguruma" in line for line in found["unsatisfied"])
    lost = {(entry["target"], entry["view"]): entry["lost"] for entry in found["targets"]}
    assert lost[("image", "amd64-usr")] == ["dev-libs/oniguruma-6.9.10_p20260502"]


def test_an_eclass_names_who_inherits_it(run_cli: RunCli, branch: Path) -> None:
    eclass = branch / STABLE / "eclass/toolchain-funcs.eclass"
    eclass.write_text(eclass.read_text() + "# changed\n")
    commit(branch, "eclass/toolchain-funcs: Sync with Gentoo")
    (found,) = reviewed(run_cli, branch)["eclasses"]
    assert (found["name"], found["change"]) == ("toolchain-funcs", "changed")
    assert "+# changed" in found["diff"]


def test_a_branch_alone_is_compared_with_where_it_left(run_cli: RunCli, branch: Path) -> None:
    edit(branch / KEYWORDS, "The old one", "The older one")
    commit(branch, "A comment")
    git(branch, "checkout", "-q", "main")
    edit(branch / KEYWORDS, "To address", "To mend")
    commit(branch, "Meanwhile on main")
    found = reviewed(run_cli, branch, "weekly")
    assert found["subjects"] == ["A comment"]
    assert [entry["kind"] for entry in found["profiles"]] == ["profiles"]


def test_a_commit_that_is_not_there_is_said(run_cli: RunCli, branch: Path) -> None:
    result = run_cli("-C", branch, "review", "main..nowhere", check=False)
    assert result.returncode == 19
    assert "has no commit nowhere" in result.stderr and "git fetch" in result.stderr


def test_reports_are_written_in_the_form_that_the_name_asks_for(
    run_cli: RunCli, branch: Path, tmp_path: Path
) -> None:
    edit(branch / STABLE / "app-misc/jq/metadata.xml", "<pkgmetadata>", "<pkgmetadata><!-- @ada `x` -->")
    commit(branch, "app-misc/jq: <b>Sync</b> with @gentoo")
    files = [tmp_path / name for name in ("r.html", "r.md", "r.json")]
    run_cli("-C", branch, "review", "main..weekly", *(word for file in files for word in ("--report", file)))
    page, text, data = (file.read_text() for file in files)
    assert "<b>Sync" not in page and json.loads(data)["schema"] == 1
    assert "`app-misc/jq`" in text and "@gentoo" not in text


def test_a_report_of_no_known_form_is_refused_before_any_work(run_cli: RunCli, branch: Path) -> None:
    result = run_cli("-C", branch, "review", "main..weekly", "--report", "r.doc", check=False)
    assert result.returncode == 23
    assert ".html .md .json" in result.stderr


ADVISORY = """<?xml version="1.0"?>
<glsa id="{id}"><title>jq: Overflow</title>
<affected><package name="app-misc/jq" auto="yes" arch="*">
<unaffected range="ge">{fixed}</unaffected><vulnerable range="lt">{fixed}</vulnerable></package></affected>
<references><uri>CVE-2026-7</uri></references></glsa>
"""


def advise(checkout: Path, name: str, fixed: str) -> None:
    place = checkout / STABLE / "metadata/glsa"
    place.mkdir(exist_ok=True)
    (place / f"glsa-{name}.xml").write_text(ADVISORY.format(id=name, fixed=fixed))


def test_advisories_that_a_new_version_closes_and_a_new_advisory_opens_are_told(
    run_cli: RunCli, branch: Path
) -> None:
    advise(branch, "202601-01", "1.8.2")
    advise(branch, "202601-02", "1.9")
    commit(branch, "Advisories")
    git(branch, "branch", "-q", "-f", "main")
    directory = branch / STABLE / "app-misc/jq"
    git(branch, "mv", str(directory / "jq-1.8.1.ebuild"), str(directory / "jq-1.8.2.ebuild"))
    edit(branch / KEYWORDS, "jq-1.8.1", "jq-1.8.2")
    advise(branch, "202601-03", "2")
    commit(branch, "app-misc/jq: Sync with Gentoo")
    found = reviewed(run_cli, branch)["advisories"]
    assert [(entry["advisory"], entry["opened"], entry["packages"]) for entry in found] == [
        ("202601-03", True, ["app-misc/jq-1.8.2"]),
        ("202601-01", False, ["app-misc/jq-1.8.1"]),
    ]
    assert found[0]["targets"] == ["SDK", "base"] and found[0]["references"] == ["CVE-2026-7"]


def test_what_is_only_built_with_is_not_what_a_target_gains(run_cli: RunCli, branch: Path) -> None:
    directory = branch / STABLE / "app-misc/jq"
    old, new = directory / "jq-1.8.1.ebuild", directory / "jq-1.8.2.ebuild"
    lines = [line for line in old.read_text().splitlines() if not line.startswith(("DEPEND", "RDEPEND"))]
    lines += ['RDEPEND="dev-libs/oniguruma:= dev-libs/libnl"', 'DEPEND="${RDEPEND} dev-libs/too-old"']
    new.write_text("\n".join(lines) + "\n")
    edit(branch / KEYWORDS, "jq-1.8.1", "jq-1.8.2")
    commit(branch, "app-misc/jq: Sync with Gentoo")
    gained = {name for entry in reviewed(run_cli, branch)["targets"] for name in entry["gained"]}
    assert [name.partition("-")[2].partition("-")[0] for name in gained] == ["libs/libnl"]


def test_what_the_image_gains_is_not_told_again_for_what_is_built_on_it(
    run_cli: RunCli, branch: Path
) -> None:
    directory = branch / STABLE / "app-misc/jq"
    edit(directory / "jq-1.8.1.ebuild", 'RDEPEND="', 'RDEPEND="dev-libs/libnl ', "jq-1.8.2.ebuild")
    edit(branch / KEYWORDS, "jq-1.8.1", "jq-1.8.2")
    commit(branch, "app-misc/jq: Sync with Gentoo")
    found = reviewed(run_cli, branch)["targets"]
    assert {entry["target"] for entry in found} == {"image", "sdk"}
    printed = run_cli("-C", branch, "review", "main..weekly").stdout
    assert "image on amd64-usr and arm64-usr; sdk on host" in printed


def test_a_target_that_cannot_be_had_any_more_is_named_and_not_emptied(run_cli: RunCli, branch: Path) -> None:
    for name in ("pair-user", "refuser", "holds-back", "channel"):
        git(branch, "rm", "-q", "-r", str(branch / STABLE / "app-misc" / name))
    commit(branch, "Take an extension's packages away")
    found = reviewed(run_cli, branch)
    assert "app-misc/channel on amd64-usr: sysext:updates asks for it" in found["unsatisfied"]
    assert not [entry for entry in found["targets"] if entry["target"] == "sysext:updates"]
