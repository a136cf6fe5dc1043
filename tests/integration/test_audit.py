"""``audit``: each kind of finding on a planted fault, and nothing that was not planted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from series_steps import git
from support import THIRD_PARTY, RunCli

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

    plant_dependencies(top)
    plant_advisories(top)


def plant_dependencies(top: Path) -> None:
    """What only shows when all that is built is resolved."""
    stable = top / STABLE / "app-misc"
    ebuild(stable / "asked/asked-1.ebuild", more='RDEPEND=">=app-misc/planted-99"\n')
    ebuild(stable / "twofold/twofold-1.ebuild")
    ebuild(stable / "twofold/twofold-2.ebuild", keywords="amd64")
    for version in ("1", "2"):
        ebuild(stable / f"hosted/hosted-{version}.ebuild")
        ebuild(stable / f"sharp/sharp-{version}.ebuild")
        dependency = f'RDEPEND="=app-misc/sharp-{version}"\n'
        ebuild(stable / f"clash{version}/clash{version}-1.ebuild", more=dependency)
    image = top / OVERLAY / "coreos-base/coreos/coreos-0.0.1.ebuild"
    names = ("asked", "twofold", "hosted", "clash1", "clash2")
    append(image, f'\nRDEPEND+=" {" ".join(f"app-misc/{name}" for name in names)}"\n')
    sdk = next((top / OVERLAY / "coreos-devel/sdk-depends").glob("*-0.0.1.ebuild"))
    append(sdk, '\nDEPEND+=" <app-misc/hosted-2"\n')


GLSA = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE glsa SYSTEM "http://www.gentoo.org/dtd/glsa.dtd">
<glsa id="{id}"><title>{title}</title><affected>
<package name="{package}" auto="yes" arch="*">{ranges}</package>
</affected><references><uri link="https://example.org">CVE-2026-1</uri></references></glsa>
"""


def plant_advisories(top: Path) -> None:
    """One for the image, one for the SDK, one that cannot be read, and an exception for nothing."""
    place = top / STABLE / "metadata/glsa"
    below = '<unaffected range="ge">{0}</unaffected><vulnerable range="lt">{0}</vulnerable>'
    for name, package, version in (
        ("202601-01", "app-misc/twofold", "3"),
        ("202601-02", "app-misc/hosted", "2"),
    ):
        text = GLSA.format(id=name, title="Flaws", package=package, ranges=below.format(version))
        append(place / f"glsa-{name}.xml", text)
    entity = GLSA.replace('glsa.dtd">', 'glsa.dtd" [<!ENTITY a "b">]>')
    text = entity.format(id="202601-04", title="&a;", package="app-misc/twofold", ranges="")
    append(place / "glsa-202601-04.xml", text)
    append(
        top / "build_library/test_image_content.sh",
        "\nGLSA_ALLOWLIST=(\n\t202601-03 # long ago\n\t202601-09 202601-10\n)\n",
    )


def plant_history(top: Path, gentoo: Path) -> None:
    """A copy that was changed after it was made, and one that was made wrong."""
    for name in ("edited", "cited", "true"):
        ebuild(gentoo / f"app-misc/{name}/{name}-1.ebuild")
    ebuild(gentoo / "app-misc/planted/planted-2.0.ebuild")
    git(gentoo, "add", "--all")
    git(gentoo, "commit", "--quiet", "-m", "More")
    source = git(gentoo, "rev-parse", "HEAD")
    for name in ("edited", "cited", "true"):
        shutil.copytree(gentoo / "app-misc" / name, top / STABLE / "app-misc" / name)
        if name == "cited":
            append(top / STABLE / "app-misc/cited/cited-1.ebuild", "# ours\n")
        git(top, "add", "--all")
        cited = f"It's from Gentoo commit {source}."
        git(top, "commit", "--quiet", "-m", f"app-misc/{name}: Add from Gentoo", "-m", cited)
    append(top / STABLE / "app-misc/edited/edited-1.ebuild", "# ours\n")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "app-misc/edited: Adapt to us")


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
    ("unsatisfied-dependency", "app-misc/asked-1"),
    ("slot-clash", "app-misc/clash2-1"),
    ("versions-of-boards", "app-misc/twofold"),
    ("versions-of-sdk", "app-misc/hosted"),
    ("advisory-applies", "GLSA 202601-01"),
    ("advisory-applies", "GLSA 202601-01"),
    ("advisory-outside-image", "GLSA 202601-02"),
    ("unreadable-advisory", "glsa-202601-04.xml"),
    ("stale-advisory-exception", "202601-03"),
    ("stale-advisory-exception", "202601-09"),
    ("stale-advisory-exception", "202601-10"),
    ("provided-unused", "app-misc/planted"),
    ("provided-unused", "app-misc/planted"),
    ("edited-copy", "app-misc/edited"),
    ("not-as-cited", "app-misc/cited"),
    ("behind-gentoo", "app-misc/planted"),
]
"""Reference and subject of every finding that the planted faults make."""


LOOSE = {"not-listed", "gone-from-gentoo", "unreachable-package"}
"""Kinds that every planted package is of as well, since it is of no tree and no target."""


def findings(top: Path, cache: Path, gentoo: Path | None = None) -> tuple[Finding, ...]:
    """What an audit of a checkout finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("HOME", str(cache))
        with open_workspace(checkout=top, gentoo=gentoo, with_sources=gentoo is not None) as space:
            return audit(space, today=TODAY).findings


@pytest.fixture(scope="module")
def planted(
    tmp_path_factory: pytest.TempPathFactory, repository_templates: Callable[[str], Path]
) -> tuple[Finding, ...]:
    """What the planted faults add to the findings of the fixture."""
    base = tmp_path_factory.mktemp("audit")
    top = Path(shutil.copytree(repository_templates("flatcar-mini"), base / "scripts", symlinks=True))
    gentoo = Path(shutil.copytree(repository_templates("gentoo-mini"), base / "gentoo", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ada")
            patch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
        before = {finding.identity for finding in findings(top, base, gentoo)}
        plant_history(top, gentoo)
        plant(top)
        return tuple(each for each in findings(top, base, gentoo) if each.identity not in before)


def test_each_planted_fault_is_found_and_nothing_else(planted: tuple[Finding, ...]) -> None:
    found = sorted((each.reference, each.subject) for each in planted if each.reference not in LOOSE)
    assert found == sorted(pair for pair in PLANTED if pair[0] not in LOOSE)
    loose = {(each.reference, each.subject) for each in planted if each.reference in LOOSE}
    assert {pair for pair in PLANTED if pair[0] in LOOSE} <= loose
    assert ("gone-from-gentoo", "app-misc/half") in loose
    assert ("unreachable-package", "app-misc/half") in loose
    assert ("not-listed", "app-misc/half") not in loose
    assert ("unreachable-package", "app-misc/twofold") not in loose


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
