"""update --all: what goes with the copies: edits of our own, profiles, licences, what is left to people."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_steps import git
from update_trees import LIST, PROFILES, STABLE, Trees

if TYPE_CHECKING:
    from support import RunCli

JQ = STABLE / "app-misc/jq/jq-1.8.1.ebuild"


@pytest.fixture
def trees(checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli) -> Trees:
    return Trees(checkout_tree, gentoo_tree, run_cli)


def edit(trees: Trees, old: str, new: str) -> None:
    """Change jq in the checkout after a commit that copied it, in a commit that did not."""
    file = trees.checkout / JQ
    copied = file.read_text()
    git(trees.checkout, "commit", "-q", "--allow-empty", "-m", "app-misc/jq: Sync with Gentoo")
    file.write_text(copied + "# copied\n")
    git(trees.checkout, "commit", "-q", "-a", "-m", "app-misc/jq: Sync with Gentoo")
    assert old in copied
    file.write_text((copied + "# copied\n").replace(old, new))
    git(trees.checkout, "commit", "-q", "-a", "-m", "app-misc/jq: Mend cross compilation")


# --- edits of our own ------------------------------------------------------------------------------


def test_an_edit_that_applies_is_put_onto_the_new_copy_in_a_commit_of_its_own(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    edit(trees, 'S="${WORKDIR}"', 'S="${WORKDIR}/ours"')
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('LICENSE="MIT"', 'LICENSE="BSD"'))
    found = trees.update("--yes", "--commit", "--branch", "weekly")
    (entry,) = found["edits"]
    assert (entry["package"], entry["outcome"]) == ("app-misc/jq", "reapplied")
    assert '+S="${WORKDIR}/ours"' in entry["diff"]
    new = git(trees.checkout, "show", f"weekly:{JQ.with_name('jq-1.8.2.ebuild')}")
    assert 'S="${WORKDIR}/ours"' in new and 'LICENSE="BSD"' in new
    subjects = git(trees.checkout, "log", "--reverse", "--format=%s", "HEAD..weekly").splitlines()
    assert subjects[:2] == ["app-misc/jq: Sync with Gentoo", "app-misc/jq: Reapply Flatcar's changes"]


def test_an_edit_that_does_not_apply_is_shown_and_its_copy_is_left_alone(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    edit(trees, 'LICENSE="MIT"', 'LICENSE="ours"')
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('LICENSE="MIT"', 'LICENSE="BSD"'))
    found = trees.update(status=1)
    assert found["copied"] == []
    (entry,) = found["edits"]
    assert (entry["outcome"], entry["conflicts"]) == ("conflict", ["jq-1.8.2.ebuild"])
    (work,) = found["manual_work"]
    assert work["reference"] == "edited-copy" and "Mend cross compilation" in work["message"]


def test_an_edit_without_a_commit_that_copied_the_package_is_never_overwritten(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    git(trees.checkout, "commit", "-q", "--amend", "-m", "Begin")
    (trees.checkout / JQ).write_text((trees.checkout / JQ).read_text() + "# ours\n")
    git(trees.checkout, "commit", "-q", "-a", "-m", "app-misc/jq: Mend cross compilation")
    found = trees.update(status=1)
    assert found["copied"] == []
    assert [entry["outcome"] for entry in found["edits"]] == ["unknown"]


def test_an_edit_that_a_synced_branch_took_away_is_put_on_again(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    edit(trees, 'S="${WORKDIR}"', 'S="${WORKDIR}/ours"')
    new = trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('"~amd64 ~arm64"', '"amd64 arm64"'))
    git(trees.checkout, "checkout", "-q", "-b", "bot")
    (trees.checkout / JQ).unlink()
    shutil.copyfile(new, trees.checkout / JQ.with_name(new.name))
    trees.commit()
    git(trees.checkout, "checkout", "-q", "main")
    found = trees.update("--onto", "bot", "--yes", "--commit", "--branch", "people")
    assert [entry["outcome"] for entry in found["edits"]] == ["reapplied"]
    text = git(trees.checkout, "show", f"people:{JQ.with_name('jq-1.8.2.ebuild')}")
    assert 'S="${WORKDIR}/ours"' in text
    assert "app-misc/jq: Reapply Flatcar's changes" in git(
        trees.checkout, "log", "--format=%s", "bot..people"
    )


# --- profiles --------------------------------------------------------------------------------------


def write(trees: Trees, name: str, line: str) -> str:
    """Put a line at the end of a profile file; its path."""
    file = trees.checkout / PROFILES / name
    file.write_text(f"{file.read_text()}\n# Why.\n{line}\n")
    return str(PROFILES / name)


def test_a_flag_that_the_new_version_does_not_have_goes_from_package_use(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ("+onig static-libs", "+onig"), ("[static-libs(-)?]", ""))
    file = write(trees, "base/package.use", "app-misc/jq -static-libs onig")
    found = trees.update("--yes")
    (line,) = found["lines"]
    assert (line["file"], line["before"], line["after"]) == (
        file,
        "app-misc/jq -static-libs onig",
        "app-misc/jq onig",
    )
    assert "app-misc/jq onig\n" in (trees.checkout / file).read_text()
    assert (trees.checkout / file).read_text().splitlines()[line["line"] - 1] == line["after"]


def test_a_flag_that_may_have_been_renamed_is_left_to_a_person_with_file_and_line(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump(
        "app-misc/jq", "1.8.1", "1.8.2", ("+onig static-libs", "+onig archive"), ("[static-libs(-)?]", "")
    )
    file = write(trees, "base/package.use", "app-misc/jq -static-libs")
    before = (trees.checkout / file).read_text()
    found = trees.update("--yes", status=1)
    assert found["lines"] == []
    (work,) = found["manual_work"]
    number = before.splitlines().index("app-misc/jq -static-libs") + 1
    assert work["reference"] == "flag-not-there" and work["message"].startswith(f"{file}:{number}: ")
    assert (trees.checkout / file).read_text() == before


@pytest.mark.parametrize(
    ("name", "line", "reference"),
    [
        ("base/package.mask", "<app-misc/jq-1.8.2", "mask-for-nothing"),
        ("base/package.use", "=app-misc/jq-1.8.1 onig", "use-for-nothing"),
        ("base/package.use.mask", "=app-misc/jq-1.8.1 static-libs", "use-for-nothing"),
    ],
)
def test_an_entry_for_a_version_that_goes_is_named(
    trees: Trees, name: str, line: str, reference: str
) -> None:
    trees.listed("app-misc/jq")
    if name.endswith(".mask") and "use" not in name:  # an older one, that the update takes away
        old = trees.checkout / JQ
        shutil.copyfile(old, old.with_name("jq-1.7.ebuild"))
        line = "=app-misc/jq-1.7"
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('"~amd64 ~arm64"', '"amd64 arm64"'))
    file = write(trees, name, line)
    found = trees.update(status=1)
    assert [(work["reference"], work["message"].partition(":")[0]) for work in found["manual_work"]] == [
        (reference, file)
    ]


def test_package_provided_follows_the_version_of_the_build_host(trees: Trees) -> None:
    (old,) = (trees.checkout / STABLE / "dev-lang/perl").glob("*.ebuild")
    old.rename(old.with_name("perl-5.42.2.ebuild"))
    trees.listed("dev-lang/perl")
    shutil.rmtree(trees.gentoo / "dev-lang/perl")
    shutil.copytree(old.parent, trees.gentoo / "dev-lang/perl")
    trees.bump("dev-lang/perl", "5.42.2", "5.44.0")
    found = trees.update("--yes")
    assert [(line["before"], line["after"]) for line in found["lines"]] == [
        ("dev-lang/perl-5.42.2", "dev-lang/perl-5.44.0")
    ]
    text = (trees.checkout / PROFILES / "targets/generic/package.provided").read_text()
    assert "dev-lang/perl-5.44.0\n" in text and "5.42.2" not in text


def test_gentoos_profiles_come_along_as_far_as_the_checkouts_own_lead_to_them(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    with (trees.checkout / LIST).open("a") as text:
        text.write("\nprofiles\n")
    shutil.rmtree(trees.gentoo / "profiles")
    shutil.copytree(trees.checkout / STABLE / "profiles", trees.gentoo / "profiles", symlinks=True)
    (trees.gentoo / "profiles/repo_name").write_text("gentoo\n")
    (trees.gentoo / "profiles/package.mask").write_text("app-misc/nothing\n")
    unused = trees.gentoo / "profiles/default/nobody"
    unused.mkdir(parents=True)
    (unused / "package.mask").write_text("app-misc/jq\n")
    found = trees.update("--yes")
    assert found["copied"] == ["profiles"]
    stable = trees.checkout / STABLE / "profiles"
    assert (stable / "package.mask").read_text() == "app-misc/nothing\n"
    assert (stable / "repo_name").read_text() != "gentoo\n"
    assert not (stable / "default/nobody").exists()


# --- licences, imports -----------------------------------------------------------------------------


def test_licences_that_a_new_ebuild_names_come_along_and_no_others(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    (trees.checkout / STABLE / "licenses/0BSD").unlink()
    for name in ("0BSD", "nobodys"):
        (trees.gentoo / "licenses" / name).write_text("Do.\n")
    trees.bump("app-misc/jq", "1.8.1", "1.8.1", ('LICENSE="MIT"', 'LICENSE="MIT 0BSD"'))
    found = trees.update("--yes")
    assert found["copied"] == ["app-misc/jq", "licenses/0BSD"]
    assert (trees.checkout / STABLE / "licenses/0BSD").is_file()
    assert not (trees.checkout / STABLE / "licenses/nobodys").exists()
    assert [step["kind"] for step in found["steps"]][:2] == ["license", "package"]


def test_an_import_that_a_flag_would_save_is_said(trees: Trees) -> None:
    trees.listed("app-misc/jq")
    trees.bump(
        "app-misc/jq",
        "1.8.1",
        "1.8.2",
        ("+onig static-libs", "+onig static-libs +light"),
        ('RDEPEND="', 'RDEPEND="light? ( dev-libs/light ) '),
    )
    found = trees.update()
    assert found["imported"] == ["dev-libs/light"]
    (notice,) = [entry for entry in found["to_look_at"] if entry["reference"] == "avoidable-import"]
    assert "app-misc/jq -light in " in notice["hint"] and "package.use" in notice["hint"]


def test_what_an_extension_asks_for_in_vain_names_the_extension_and_what_there_is(trees: Trees) -> None:
    script = trees.checkout / "build_library/extra_sysexts.sh"
    script.write_text(script.read_text().replace("app-misc/channel", "~app-misc/channel-6.0.3"))
    shutil.rmtree(trees.gentoo / "app-misc/channel")
    trees.listed("app-misc/channel")
    trees.bump("app-misc/channel", "6.0.3", "7.0")
    found = trees.update(status=1)
    (work,) = [entry for entry in found["manual_work"] if entry["reference"] == "unsatisfied"]
    assert "sysext:updates asks for it" in work["message"]
    assert "the checkout has app-misc/channel-7.0 (version)" in work["message"]


# --- the report ------------------------------------------------------------------------------------


def test_the_report_of_an_update_has_eclasses_advisories_places_and_what_is_left(
    trees: Trees, tmp_path: Path
) -> None:
    glsa = trees.checkout / STABLE / "metadata/glsa"
    glsa.mkdir()
    (glsa / "glsa-202601-01.xml").write_text(
        '<glsa id="202601-01"><title>jq: Overflow</title>'
        '<affected><package name="app-misc/jq" auto="yes" arch="*">'
        '<vulnerable range="lt">1.8.2</vulnerable></package></affected>'
        "<references><uri>CVE-2026-0007</uri></references></glsa>\n"
    )
    trees.listed("app-misc/jq", "eclass/toolchain-funcs.eclass")
    trees.bump("app-misc/jq", "1.8.1", "1.8.2", ('"~amd64 ~arm64"', '"amd64 arm64"'))
    with (trees.gentoo / "eclass/toolchain-funcs.eclass").open("a") as text:
        text.write("# newer\n")
    file = tmp_path / "r.json"
    trees.update("--yes", "--report", str(file), "--report", str(file.with_suffix(".md")))
    report = json.loads(file.read_text())
    (eclass,) = report["eclasses"]
    assert (eclass["name"], "+# newer" in eclass["diff"]) == ("toolchain-funcs", True)
    assert [(entry["advisory"], entry["opened"]) for entry in report["advisories"]] == [("202601-01", False)]
    (jq,) = [entry for entry in report["packages"] if entry["package"] == "app-misc/jq"]
    assert any(place["file"].endswith("coreos-0.0.1.ebuild") for place in jq["occurrences"])
    assert any("-=app-misc/jq-1.8.1" in entry["diff"] for entry in report["profiles"])
    assert "### Update of " in file.with_suffix(".md").read_text()
    (security,) = (trees.checkout / "changelog/security").glob("*-weekly-updates.md")
    assert security.read_text() == (
        "- jq ([CVE-2026-0007](https://www.cve.org/CVERecord?id=CVE-2026-0007))\n"
    )
