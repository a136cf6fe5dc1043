"""``audit``: each kind of finding on a planted fault, and nothing that was not planted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from series_steps import git
from support import FIXTURES, THIRD_PARTY, RunCli

from overlaytool.audit.run import KINDS
from overlaytool.model.finding import Finding
from overlaytool.workflow import open_workspace
from overlaytool.workflow.audit import audit

TODAY = date(2026, 8, 22)
STABLE = THIRD_PARTY / "portage-stable"
OVERLAY = THIRD_PARTY / "coreos-overlay"
BASE = OVERLAY / "profiles/coreos/base"
LIST = Path(".github/workflows/portage-stable-packages-list")

EBUILD = 'EAPI=8\nDESCRIPTION="A test"\nSLOT="0"\nKEYWORDS="{keywords}"\nLICENSE="MIT"\nIUSE="{iuse}"\n{more}'


def ebuild(path: Path, *, keywords: str = "amd64 arm64", iuse: str = "", more: str = "") -> None:
    """Write an ebuild, and metadata.xml beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EBUILD.format(keywords=keywords, iuse=iuse, more=more))
    (path.parent / "metadata.xml").write_text("<pkgmetadata/>\n")


def append(path: Path, text: str) -> None:
    """Add lines to a file, which need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    path.write_text(before + text)


def plant(top: Path) -> None:
    """One fault of every kind that needs no closure."""
    stable, overlay, base = top / STABLE, top / OVERLAY, top / BASE
    for version in ("1.0", "1.1"):
        ebuild(stable / f"app-misc/planted/planted-{version}.ebuild", iuse="here" if version == "1.0" else "")
    ebuild(stable / "app-misc/half/half-2.ebuild", keywords="amd64 ~arm64")
    (stable / "app-misc/stray-1.ebuild").write_text(EBUILD.format(keywords="amd64", iuse="", more=""))
    append(stable / "app-misc/empty/metadata.xml", "<pkgmetadata/>\n")
    ebuild(stable / "app-misc/named/other-1.ebuild")
    ebuild(stable / "app-misc/named/named-1.ebuild")
    ebuild(stable / "app-unheard/of/of-1.ebuild")
    ebuild(stable / "app-misc/fetching/fetching-1.ebuild", more='SRC_URI="https://example.org/a.tar.gz"\n')
    ebuild(stable / "app-misc/bare/bare-1.ebuild")
    (stable / "app-misc/bare/metadata.xml").unlink()
    ebuild(overlay / "app-misc/planted/planted-1.0.ebuild")
    append(stable / "profiles/updates/1Q-2026", "move app-misc/bare app-misc/dressed\n")
    append(stable / "profiles/updates/2Q-2026", "move app-misc/bare app-misc/dressed\n")
    append(top / LIST, "\napp-misc/gone\napp-misc/half\napp-misc/half\n")
    append(
        base / "package.accept_keywords",
        "\n# Gone.\n=app-misc/planted-0.9\n\n# Stable.\n=app-misc/planted-1.0\n"
        "\n# One arch.\n=app-misc/half-2\n\n# Again.\n=app-misc/half-2\n\nnot-an-atom\n",
    )
    append(
        base / "package.use", "\napp-misc/nowhere flag\napp-misc/half nothing\n=app-misc/planted-1* here\n"
    )
    append(base / "package.mask", "\n=app-misc/planted-0.9\n>=app-misc/planted-7\n")
    append(base / "package.unmask", "=app-misc/planted-0.8*\n")
    append(base / "package.provided", "app-misc/planted-0.7\napp-misc/half\napp-misc/planted-1.0\n")
    append(overlay / "coreos/config/env/app-misc/gone", "true\n")
    append(overlay / "coreos/config/env/app-misc/planted-0.5", "true\n")
    append(overlay / "coreos/config/env/app-misc/planted-1.0", "true\n")
    append(overlay / "coreos/user-patches/app-misc/planted-0.9/a.patch", "--- a\n+++ b\n")
    append(overlay / "coreos/user-patches/app-misc/shared-patches/a.patch", "--- a\n+++ b\n")
    (overlay / "coreos/user-patches/app-misc/planted").mkdir()
    (overlay / "coreos/user-patches/app-misc/planted/a.patch").symlink_to("../shared-patches/a.patch")
    append(stable / "eclass/unheard.eclass", "inherit unheard-too\n")
    append(stable / "eclass/unheard-too.eclass", "true\n")
    append(stable / "licenses/Unheard", "text\n")
    for name in (
        "2026-13-01-month.md",
        "2026-02-4-digit.md",
        "2026-02-05-suffix",
        "words.md",
        "3035-01-01-far.md",
    ):
        append(top / "changelog/changes" / name, "- text\n")


PLANTED = [
    ("stray-in-category", "stray-1.ebuild"),
    ("no-ebuild", "app-misc/empty"),
    ("wrong-ebuild-name", "other-1.ebuild"),
    ("unknown-category", "app-unheard"),
    ("no-manifest", "app-misc/fetching"),
    ("no-metadata", "app-misc/bare"),
    ("in-two-repositories", "app-misc/planted"),
    ("former-name", "app-misc/bare"),
    ("listed-without-package", "app-misc/gone"),
    ("not-listed", "app-misc/planted"),
    ("not-listed", "eclass/unheard.eclass"),
    ("listed-twice", "app-misc/half"),
    ("keyword-for-nothing", "app-misc/planted"),
    ("keyword-not-needed", "app-misc/planted"),
    ("keyword-for-one-arch", "app-misc/half"),
    ("keyword-twice", "app-misc/half"),
    ("use-for-nothing", "app-misc/nowhere"),
    ("flag-not-there", "app-misc/half"),
    ("flag-of-other-version", "app-misc/planted"),
    ("mask-for-nothing", "app-misc/planted"),
    ("unmask-for-nothing", "app-misc/planted"),
    ("entry-not-readable", "not-an-atom"),
    ("provided-other-version", "app-misc/planted"),
    ("provided-beside-newer", "app-misc/planted"),
    ("provided-not-readable", "app-misc/half"),
    ("hook-for-nothing", "app-misc/gone"),
    ("hook-for-nothing", "app-misc/planted-0.5"),
    ("patches-for-nothing", "app-misc/planted-0.9"),
    ("dead-eclass", "unheard.eclass"),
    ("dead-eclass", "unheard-too.eclass"),
    ("dead-license", "Unheard"),
    ("changelog-name", "2026-13-01-month.md"),
    ("changelog-name", "2026-02-4-digit.md"),
    ("changelog-name", "2026-02-05-suffix"),
    ("changelog-name", "words.md"),
    ("changelog-name", "3035-01-01-far.md"),
]
"""Reference and subject of every finding that the planted faults make."""


def findings(top: Path, cache: Path) -> tuple[Finding, ...]:
    """What an audit of a checkout finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("HOME", str(cache))
        with open_workspace(checkout=top, with_sources=False) as space:
            return audit(space, today=TODAY).findings


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Finding, ...]]:
    """What the planted faults add to the findings of the fixture."""
    base = tmp_path_factory.mktemp("audit")
    top = base / "scripts"
    shutil.copytree(FIXTURES / "flatcar-mini", top, symlinks=True)
    before = {finding.identity for finding in findings(top, base)}
    plant(top)
    yield tuple(finding for finding in findings(top, base) if finding.identity not in before)


def test_each_planted_fault_is_found_and_nothing_else(planted: tuple[Finding, ...]) -> None:
    # an import's own copies are unlisted too: every planted package of portage-stable is
    found = sorted((each.reference, each.subject) for each in planted if each.reference != "not-listed")
    assert found == sorted(pair for pair in PLANTED if pair[0] != "not-listed")
    unlisted = {each.subject for each in planted if each.reference == "not-listed"}
    assert {"app-misc/planted", "eclass/unheard.eclass"} <= unlisted
    assert "app-misc/half" not in unlisted


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.reference)
def test_a_finding_says_where_why_and_what_to_do(kind: type[Finding], planted: tuple[Finding, ...]) -> None:
    mine = [finding for finding in planted if type(finding) is kind]
    assert mine, f"no fault of the kind {kind.reference} is planted"
    for finding in mine:
        assert finding.message and "None" not in finding.message
        assert not finding.message.endswith(".")
        assert finding.why.endswith(".") and not finding.hint.endswith(".")
        assert finding.file


def test_a_finding_about_a_line_names_it(checkout_tree: Path, tmp_path: Path) -> None:
    plant(checkout_tree)
    checked = 0
    for finding in findings(checkout_tree, tmp_path):
        if finding.line is None or finding.reference in ("listed-twice", "listed-without-package"):
            continue
        line = (checkout_tree / str(finding.file)).read_text().split("\n")[finding.line - 1]
        assert finding.subject.split("/")[-1] in line
        checked += 1
    assert checked > 10


def test_fix_makes_commits_after_which_nothing_fixable_is_left(
    checkout_tree: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    plant(checkout_tree)
    git(checkout_tree, "add", "--all")
    git(checkout_tree, "commit", "--quiet", "-m", "Plant faults")
    before = git(checkout_tree, "rev-parse", "HEAD")
    run_cli("-C", checkout_tree, "audit", "--fix", "--fail-on", "never")
    assert git(checkout_tree, "rev-parse", "HEAD") == before
    assert git(checkout_tree, "status", "--porcelain") == ""
    subjects = git(checkout_tree, "log", "--format=%s", "HEAD..audit-fixes").splitlines()
    assert "overlay profiles: Drop obsolete accept keywords for app-misc/planted" in subjects
    assert all(len(subject) < 72 for subject in subjects)
    git(checkout_tree, "switch", "--quiet", "audit-fixes")
    left = [finding for finding in findings(checkout_tree, tmp_path) if finding.fixable]
    assert [finding.identity for finding in left] == []
    keywords = (checkout_tree / BASE / "package.accept_keywords").read_text()
    assert "=app-misc/half-2 ~arm64\n" in keywords
    assert "# Stable." not in keywords


def test_dry_run_of_fix_changes_nothing(checkout_tree: Path, run_cli: RunCli) -> None:
    done = run_cli("-C", checkout_tree, "audit", "--fix", "--dry-run", "--fail-on", "never")
    assert "would make" in done.stderr
    assert git(checkout_tree, "branch", "--list", "audit-fixes") == ""


def test_known_findings_of_a_baseline_fail_nothing(
    checkout_tree: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    first = run_cli("-C", checkout_tree, "audit", "--format", "json", check=False)
    assert first.returncode == 1
    document = json.loads(first.stdout)
    assert document["schema"] == 1
    baseline = tmp_path / "baseline.json"
    baseline.write_text(first.stdout)
    append(checkout_tree / BASE / "package.use", "\napp-misc/nowhere flag\n")
    args = ("-C", checkout_tree, "audit", "--format", "json", "--baseline", baseline)
    second = run_cli(*args)
    assert [entry["reference"] for entry in json.loads(second.stdout)["findings"]] == ["use-for-nothing"]
    assert run_cli(*args, "--fail-on", "use-for-nothing", check=False).returncode == 1
    assert run_cli(*args, "--fail-on", "warning", check=False).returncode == 1
    assert run_cli(*args, "--fail-on", "keyword-twice").returncode == 0


def test_what_is_no_baseline_is_refused(checkout_tree: Path, tmp_path: Path, run_cli: RunCli) -> None:
    for text in ("nonsense", "[]", '{"schema": 2, "findings": []}', '{"schema": 1, "findings": [{}]}'):
        (tmp_path / "baseline.json").write_text(text)
        done = run_cli("-C", checkout_tree, "audit", "--baseline", tmp_path / "baseline.json", check=False)
        assert done.returncode == 28
        assert "hint: overlaytool audit --format json" in done.stderr
    done = run_cli("-C", checkout_tree, "audit", "--fail-on", "dead-eclas", check=False)
    assert done.returncode == 2
    assert "dead-eclass" in done.stderr


def test_sarif_has_a_rule_for_each_kind_and_a_place_for_each_result(
    checkout_tree: Path, run_cli: RunCli
) -> None:
    plant(checkout_tree)
    done = run_cli("-C", checkout_tree, "audit", "--format", "sarif", check=False)
    document = json.loads(done.stdout)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [kind.reference for kind in KINDS]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert not place["artifactLocation"]["uri"].startswith("/")
    lines = [result["locations"][0]["physicalLocation"].get("region") for result in run["results"]]
    assert {"startLine"} == {key for line in lines if line for key in line}


def test_hostile_names_are_shown_as_text(checkout_tree: Path, tmp_path: Path, run_cli: RunCli) -> None:
    name = "\x1b[2J<script>alert(1)</script>&{{data}}"
    append(checkout_tree / "changelog/changes" / name.replace("/", "\\"), "- text\n")
    page = tmp_path / "audit.html"
    done = run_cli("-v", "-C", checkout_tree, "audit", "--report", page, check=False)
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J<script>" in done.stdout
    html = page.read_text()
    assert "<script>alert" not in html
    assert "\\u003cscript\\u003ealert(1)" in html
    assert "http://" not in html.split("<script id")[0]
