"""``remove``: what goes with a package, what is refused, and that it takes back what ``add`` did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from series_steps import git
from support import THIRD_PARTY, RunCli
from test_audit import append, ebuild

STABLE = THIRD_PARTY / "portage-stable"
OVERLAY = THIRD_PARTY / "coreos-overlay"
BASE = OVERLAY / "profiles/coreos/base"
LIST = Path(".github/workflows/portage-stable-packages-list")
METAPACKAGE = OVERLAY / "coreos-base/coreos"
MAY_DIFFER = (
    f"{METAPACKAGE}/coreos-0.0.1-r",
    f"{OVERLAY}/coreos-devel/board-packages/board-packages-0.0.1-r",
    "changelog/",
)


@pytest.mark.parametrize(
    ("atoms", "options"),
    [
        ("sys-process/htop", ()),
        ("app-misc/screen", ()),
        ("app-misc/keyword-one", ()),
        ("app-misc/only-amd64 app-misc/license-missing", ()),
        ("sys-process/htop app-misc/screen", ()),
        ("sys-process/htop", ("--into", "board")),
        ("sys-process/htop", ("--into", "sysext:tools")),
    ],
)
def test_remove_after_add_gives_the_tree_back(
    atoms: str, options: tuple[str, ...], checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    before = git(checkout_tree, "rev-parse", "HEAD")
    names = atoms.split()
    run_cli("-C", checkout_tree, "add", *names, "--gentoo", gentoo_tree, *options, "--yes")
    git(checkout_tree, "add", "--all")
    git(checkout_tree, "commit", "--quiet", "-m", "Add")
    added = git(checkout_tree, "diff", "--name-only", before, "HEAD")
    assert f"{STABLE}/{names[0]}/" in added
    run_cli("-C", checkout_tree, "remove", *names, "--yes")
    git(checkout_tree, "add", "--all")
    left = git(checkout_tree, "diff", "--name-only", "--no-renames", "--cached", before).splitlines()
    assert [path for path in left if not path.startswith(MAY_DIFFER)] == []


def planted(top: Path) -> Path:
    """An image with a package of ours, what it needs, and all that can be about it."""
    stable = top / STABLE
    append(stable / "eclass/only-ours.eclass", "true\n")
    append(stable / "licenses/Only-Ours", "text\n")
    needs = 'RDEPEND="dev-libs/lowerlib dev-libs/pretended net-misc/curl"'
    more = f'inherit only-ours\n{needs}\nLICENSE="|| ( Only-Ours MIT )"\n'
    ebuild(stable / "app-misc/upperlib/upperlib-1.ebuild", more=more)
    ebuild(stable / "dev-libs/lowerlib/lowerlib-1.ebuild")
    append(top / METAPACKAGE / "coreos-0.0.1.ebuild", '\nRDEPEND+="\n\tapp-misc/upperlib\n"\n')
    append(top / BASE / "package.provided", "\n# For above.\ndev-libs/pretended-1\n")
    append(top / BASE / "package.use", "\n# Small.\napp-misc/upperlib -doc\ndev-libs/lowerlib -doc\n")
    append(top / BASE / "package.accept_keywords", "\n# New.\n=dev-libs/lowerlib-1\n")
    append(top / BASE / "package.mask", "\n# Not yet.\n>=app-misc/upperlib-2\n")
    append(top / OVERLAY / "coreos/config/env/app-misc/upperlib", "true\n")
    append(top / OVERLAY / "coreos/user-patches/dev-libs/lowerlib-1/a.patch", "--- a\n+++ b\n")
    append(top / "build_library/vm_image_util.sh", "\nupperlib --version || die\n")
    names = ["app-misc/upperlib", "dev-libs/lowerlib", "eclass/only-ours.eclass"]
    append(top / LIST, "\n" + "".join(f"{name}\n" for name in names))
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "Plant")
    return top


def test_all_that_only_it_needed_goes_with_the_proof(checkout_tree: Path, run_cli: RunCli) -> None:
    top = planted(checkout_tree)
    done = run_cli("-C", top, "remove", "upperlib", "--dry-run", "--format", "json")
    removal = json.loads(done.stdout)
    assert removal["schema"] == 1
    assert [package["package"] for package in removal["packages"]] == [
        "app-misc/upperlib",
        "dev-libs/lowerlib",
    ]
    assert removal["packages"][1]["because"].startswith("only app-misc/upperlib needed it")
    (line,) = removal["lines"]
    assert (line["target"], line["revision"]) == ("image", [320, 321])
    texts = [entry["text"] for entry in removal["entries"]]
    assert texts == [
        "=dev-libs/lowerlib-1",
        ">=app-misc/upperlib-2",
        "dev-libs/pretended-1",
        "app-misc/upperlib -doc",
        "dev-libs/lowerlib -doc",
    ]
    assert [hook["name"] for hook in removal["hooks"]] == ["app-misc/upperlib", "dev-libs/lowerlib-1"]
    assert [each["name"] for each in removal["eclasses"]] == ["eclass/only-ours.eclass"]
    assert [each["name"] for each in removal["licenses"]] == ["licenses/Only-Ours"]
    assert removal["listed"] == ["app-misc/upperlib", "dev-libs/lowerlib", "eclass/only-ours.eclass"]
    assert removal["leaves_image"] == ["app-misc/upperlib-1", "dev-libs/lowerlib-1"]
    mentions = {(mention["file"], mention["text"]) for mention in removal["mentions"]}
    assert ("build_library/vm_image_util.sh", "upperlib --version || die") in mentions
    assert git(top, "status", "--porcelain") == ""


def test_commits_hold_one_subject_each_and_leave_nothing_behind(checkout_tree: Path, run_cli: RunCli) -> None:
    top = planted(checkout_tree)
    base = git(top, "rev-parse", "HEAD")
    run_cli("-C", top, "remove", "upperlib", "--commit", "--reason", "Nobody uses it", "--checkout")
    assert git(top, "branch", "--show-current") == "remove-upperlib"
    assert git(top, "log", "--reverse", "--format=%s", f"{base}..").splitlines() == [
        "overlay coreos-base/coreos: Drop app-misc/upperlib",
        "app-misc/upperlib: Drop the package",
        "dev-libs/lowerlib: Drop the package",
        "overlay profiles: Drop entries for dev-libs/lowerlib and 2 more",
        "overlay coreos: Drop hooks and patches for app-misc/upperlib and 1 more",
        "eclass/only-ours.eclass: Drop, nothing inherits it",
        "licenses/Only-Ours: Drop, no ebuild names it",
        ".github: Remove app-misc/upperlib and 2 more from automation",
        "changelog: Add entry",
    ]
    assert "Nobody uses it." in git(top, "log", "-1", "--format=%b", "HEAD~3")
    listed = git(top, "grep", "-l", "-e", "upperlib", "-e", "lowerlib", "-e", "only-ours", "-e", "Only-Ours")
    left = [path for path in listed.splitlines() if not path.startswith("changelog/")]
    assert left == ["build_library/vm_image_util.sh"]
    assert (top / METAPACKAGE / "coreos-0.0.1-r321.ebuild").is_symlink()
    assert not (top / METAPACKAGE / "coreos-0.0.1-r320.ebuild").exists()
    audit = json.loads(run_cli("-C", top, "audit", "--format", "json", check=False).stdout)
    assert "unsatisfied-dependency" not in {finding["reference"] for finding in audit["findings"]}


def test_what_is_still_needed_is_refused_with_the_chain(checkout_tree: Path, run_cli: RunCli) -> None:
    top = planted(checkout_tree)
    done = run_cli("-C", top, "remove", "dev-libs/lowerlib", "--dry-run", check=False)
    assert done.returncode == 40
    assert "dev-libs/lowerlib, for the image:" in done.stderr
    assert "app-misc/upperlib-1 RDEPENDs on dev-libs/lowerlib (amd64-usr)" in done.stderr
    assert "coreos-base/coreos-0.0.1-r320 RDEPENDs on app-misc/upperlib" in done.stderr


def test_a_provided_package_may_go_although_something_names_it(checkout_tree: Path, run_cli: RunCli) -> None:
    top = planted(checkout_tree)
    args = ("-C", top, "remove", "dev-libs/lowerlib", "--provide", "dev-libs/lowerlib-9999", "--yes")
    run_cli(*args, "--reason", "Only docs")
    provided = (top / BASE / "package.provided").read_text()
    assert provided.endswith("\n# Only docs\ndev-libs/lowerlib-9999\n")
    assert not (top / STABLE / "dev-libs/lowerlib").exists()
    assert (top / STABLE / "app-misc/upperlib").exists()


def test_a_sysext_loses_the_package_and_goes_where_it_had_no_other(
    checkout_tree: Path, run_cli: RunCli
) -> None:
    stable = checkout_tree / STABLE
    for name in ("one", "two", "three"):
        ebuild(stable / f"app-misc/{name}/{name}-1.ebuild")
    script = checkout_tree / "build_library/extra_sysexts.sh"
    script.write_text(
        'EXTRA_SYSEXTS=(\n  "both|app-misc/one,app-misc/two|-doc|amd64"\n  "alone|app-misc/three"\n)\n'
    )
    git(checkout_tree, "add", "--all")
    git(checkout_tree, "commit", "--quiet", "-m", "Plant")
    run_cli("-C", checkout_tree, "remove", "one", "three", "--yes")
    assert script.read_text() == 'EXTRA_SYSEXTS=(\n  "both|app-misc/two|-doc|amd64"\n)\n'
    assert not (stable / "app-misc/one").exists()
    assert (stable / "app-misc/two").exists()


def test_an_oem_and_an_extension_of_the_image_lose_the_package(checkout_tree: Path, run_cli: RunCli) -> None:
    stable = checkout_tree / STABLE
    for name in ("one", "two", "three"):
        ebuild(stable / f"app-misc/{name}/{name}-1.ebuild")
    flags = (
        'DEFINE_string base_sysexts "a-flatcar|app-misc/one&app-misc/two,b-flatcar|app-misc/three" "What."\n'
    )
    append(checkout_tree / "build_image", flags)
    oem = checkout_tree / OVERLAY / "coreos-base/oem-cloud"
    ebuild(oem / "oem-cloud-1-r4.ebuild", more='RDEPEND="\n\tapp-misc/one\n\tapp-misc/two\n"\n')
    git(checkout_tree, "add", "--all")
    git(checkout_tree, "commit", "--quiet", "-m", "Plant")
    run_cli("-C", checkout_tree, "remove", "one", "three", "--yes")
    assert 'base_sysexts "a-flatcar|app-misc/two" "What."' in (checkout_tree / "build_image").read_text()
    (left,) = oem.glob("*.ebuild")
    assert left.name == "oem-cloud-1-r5.ebuild"
    assert "app-misc/one" not in left.read_text() and "app-misc/two" in left.read_text()
    assert not (stable / "app-misc/one").exists() and not (stable / "app-misc/three").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no-such-package", "no package no-such-package"),
        ("=dev-libs/lowerlib-1", "a package is removed as a whole"),
        ("dev-libs/lowerlib:0", "a package is removed as a whole"),
    ],
)
def test_what_is_no_whole_package_is_refused(
    name: str, says: str, checkout_tree: Path, run_cli: RunCli
) -> None:
    done = run_cli("-C", planted(checkout_tree), "remove", name, check=False)
    assert done.returncode > 2
    assert says in done.stderr
