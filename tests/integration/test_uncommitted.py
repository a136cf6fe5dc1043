"""Work that is not committed survives: it is named, and nothing is written over it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import THIRD_PARTY, RunCli

STABLE = THIRD_PARTY / "portage-stable"
OVERLAY = THIRD_PARTY / "coreos-overlay"


def git(checkout: Path, *arguments: str) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True, text=True)
    return done.stdout


def contents(checkout: Path) -> dict[str, bytes]:
    """Every file below third_party."""
    files = (path for path in (checkout / THIRD_PARTY).rglob("*") if path.is_file())
    return {str(path.relative_to(checkout)): path.read_bytes() for path in files}


def updated(gentoo: Path) -> str:
    """A package that an update replaces: one that both trees have, with a file more in Gentoo's."""
    ebuild = next((gentoo / "dev-libs/too-old").glob("*.ebuild"))
    ebuild.with_name("too-old-9.ebuild").write_text(ebuild.read_text())
    return "dev-libs/too-old"


WORK = {
    "untracked file": "files/mine.patch",
    "edited ebuild": "EBUILD",
    "ignored file": "files/notes.orig",
    "staged file": "files/staged.patch",
}


@pytest.mark.parametrize("kind", WORK)
def test_update_names_uncommitted_work_and_leaves_it(
    kind: str, checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    package = updated(gentoo_tree)
    directory = checkout_tree / STABLE / package
    place = next(directory.glob("*.ebuild")) if WORK[kind] == "EBUILD" else directory / WORK[kind]
    place.parent.mkdir(exist_ok=True)
    place.write_text((place.read_text() if place.exists() else "") + "# mine\n")
    (checkout_tree / ".git/info/exclude").write_text("*.orig\n")
    if kind == "staged file":
        git(checkout_tree, "add", str(place))
    before = contents(checkout_tree)
    done = run_cli("-C", checkout_tree, "update", package, "--gentoo", gentoo_tree, "--yes", check=False)
    assert done.returncode == 27, done.stdout + done.stderr
    assert str(place.relative_to(checkout_tree)) in done.stderr
    assert contents(checkout_tree) == before


@pytest.mark.parametrize(
    "file",
    [
        OVERLAY / "coreos-base/coreos/coreos-0.0.1.ebuild",
        ".github/workflows/portage-stable-packages-list",
        OVERLAY / "profiles/coreos/base/package.accept_keywords",
    ],
)
def test_add_names_edited_files_that_it_would_edit(
    file: str | Path, checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    with (checkout_tree / file).open("a") as text:
        text.write("# mine\n")
    before = contents(checkout_tree)
    done = run_cli(
        "-C", checkout_tree, "add", "app-misc/keyword-one", "--gentoo", gentoo_tree, "--yes", check=False
    )
    assert done.returncode == 27, done.stdout + done.stderr
    assert str(file) in done.stderr
    assert contents(checkout_tree) == before


def test_two_uncommitted_adds_bump_the_metapackage_once(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    for package in ("sys-process/htop", "app-misc/keyword-one"):
        run_cli("-C", checkout_tree, "add", package, "--gentoo", gentoo_tree, "--yes")
    directory = checkout_tree / OVERLAY / "coreos-base/coreos"
    assert [path.name for path in directory.glob("coreos-0.0.1-r*")] == ["coreos-0.0.1-r321.ebuild"]
    text = (directory / "coreos-0.0.1.ebuild").read_text()
    assert "sys-process/htop" in text and "app-misc/keyword-one" in text


def test_a_third_add_after_a_commit_bumps_it_again(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    run_cli("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes")
    git(checkout_tree, "add", "--all")
    git(checkout_tree, "commit", "--quiet", "-m", "htop")
    run_cli("-C", checkout_tree, "add", "app-misc/keyword-one", "--gentoo", gentoo_tree, "--yes")
    directory = checkout_tree / OVERLAY / "coreos-base/coreos"
    assert [path.name for path in directory.glob("coreos-0.0.1-r*")] == ["coreos-0.0.1-r322.ebuild"]


def test_edit_on_top_of_what_was_written_is_somebodys_work(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    run_cli("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes")
    ebuild = checkout_tree / OVERLAY / "coreos-base/coreos/coreos-0.0.1.ebuild"
    ebuild.write_text(ebuild.read_text() + "# mine\n")
    done = run_cli(
        "-C", checkout_tree, "add", "app-misc/keyword-one", "--gentoo", gentoo_tree, "--yes", check=False
    )
    assert done.returncode == 27
    assert ebuild.read_text().endswith("# mine\n")


def test_files_that_add_wrote_are_no_obstacle_to_its_series(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    words = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes")
    run_cli(*words)
    written = contents(checkout_tree)
    run_cli(*words, "--commit", "--checkout")
    assert git(checkout_tree, "branch", "--show-current").strip() == "add-htop"
    assert git(checkout_tree, "status", "--porcelain") == ""
    assert contents(checkout_tree) == written


@pytest.mark.parametrize("ignored", [False, True])
def test_switching_to_the_series_names_a_file_that_would_be_lost(
    ignored: bool, checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    if ignored:
        (checkout_tree / ".git/info/exclude").write_text("Manifest\n")
    place = checkout_tree / STABLE / "sys-process/htop/Manifest"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("mine\n")
    words = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes")
    done = run_cli(*words, "--commit", "--checkout", check=False)
    assert done.returncode == 27, done.stderr
    assert "sys-process/htop/Manifest" in done.stderr
    assert place.read_text() == "mine\n"
    assert git(checkout_tree, "branch", "--show-current").strip() == "main"
    assert git(checkout_tree, "diff", "--cached", "--name-only") == ""
