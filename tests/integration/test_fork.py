"""``fork`` and ``unfork``: files that move, and what the fork had changed."""

from __future__ import annotations

import json
from pathlib import Path

from series_steps import git
from support import THIRD_PARTY, RunCli

STABLE = THIRD_PARTY / "portage-stable"
OVERLAY = THIRD_PARTY / "coreos-overlay"
LIST = Path(".github/workflows/portage-stable-packages-list")
PACKAGE = "sys-process/lsof"


def files(directory: Path) -> dict[str, bytes]:
    """Name and content of the files below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_a_fork_is_the_copy_as_it_is_in_one_commit(checkout_tree: Path, run_cli: RunCli) -> None:
    before = files(checkout_tree / STABLE / PACKAGE)
    assert PACKAGE in (checkout_tree / LIST).read_text()
    run_cli("-C", checkout_tree, "fork", PACKAGE, "--commit")
    git(checkout_tree, "switch", "--quiet", "fork-lsof")
    assert git(checkout_tree, "log", "--format=%s", "main..").splitlines() == [
        f"overlay {PACKAGE}: Fork from portage-stable"
    ]
    assert files(checkout_tree / OVERLAY / PACKAGE) == before
    assert not (checkout_tree / STABLE / PACKAGE).exists()
    assert PACKAGE not in (checkout_tree / LIST).read_text()


def test_what_is_there_already_or_not_at_all_is_no_fork(checkout_tree: Path, run_cli: RunCli) -> None:
    done = run_cli("-C", checkout_tree, "fork", "coreos-base/coreos-init", "--yes", check=False)
    assert "coreos-overlay has it already" in done.stderr
    assert done.returncode == 38


def test_unfork_takes_gentoos_copy_and_says_what_the_fork_changed(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    top, name = checkout_tree, "app-misc/screen"
    run_cli("-C", top, "add", name, "--gentoo", gentoo_tree, "--yes")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "Add")
    copied = files(top / STABLE / name)
    listed = (top / LIST).read_text()
    run_cli("-C", top, "fork", name, "--yes")
    ebuild = sorted((top / OVERLAY / name).glob("*.ebuild"))[0]
    ebuild.write_text(
        ebuild.read_text() + '\nsrc_prepare() {\n\tsed -i -e s/a/b/ file\n}\nKEYWORDS="arm64"\n'
    )
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "Fork and change")
    args = ("-C", top, "unfork", name, "--gentoo", gentoo_tree)
    said = json.loads(run_cli(*args, "--dry-run", "--format", "json").stdout)
    (change,) = [notice for notice in said["work"] if notice["reference"] == "fork-change"]
    assert change["message"].startswith(f"{ebuild.name} differs from Gentoo's")
    assert "sed -i -e s/a/b/ file" in change["message"]
    assert "a hook in coreos/config/env" in change["hint"]
    assert "an entry of package.accept_keywords" in change["hint"]
    assert git(top, "status", "--porcelain") == ""
    run_cli(*args, "--commit")
    git(top, "switch", "--quiet", "unfork-screen")
    subjects = git(top, "log", "--reverse", "--format=%s", "main..").splitlines()
    assert subjects[0] == f"{name}: Add from Gentoo"
    assert f"overlay {name}: Move to portage-stable" in subjects
    assert files(top / STABLE / name) == copied
    assert not (top / OVERLAY / name).exists()
    assert (top / LIST).read_text() == listed


def test_unfork_keeps_use_defaults_and_patches_of_the_fork(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    top, name = checkout_tree, "app-misc/screen"
    run_cli("-C", top, "add", name, "--gentoo", gentoo_tree, "--yes")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "Add")
    run_cli("-C", top, "fork", name, "--yes")
    for ebuild in (top / OVERLAY / name).glob("*.ebuild"):
        text = ebuild.read_text()
        assert "debug nethack" in text
        ebuild.write_text(
            text.replace("debug nethack", "debug +nethack") + '\nPATCHES=( "${FILESDIR}/${PN}-ours.patch" )\n'
        )
    patches = top / OVERLAY / name / "files"
    patches.mkdir(exist_ok=True)
    for patch in ("screen-ours.patch", "screen-of-nobody.patch"):
        (patches / patch).write_text("--- a/x\n+++ b/x\n")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "Fork and change")
    run_cli("-C", top, "unfork", name, "--gentoo", gentoo_tree, "--yes")
    kept = top / OVERLAY / "coreos/user-patches" / name
    assert [path.name for path in kept.iterdir()] == ["screen-ours.patch"]
    use = (top / OVERLAY / "profiles/coreos/targets/generic/package.use").read_text()
    assert "app-misc/screen nethack\n" in use
    assert not (top / OVERLAY / name).exists()


def test_what_is_no_fork_is_refused(checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli) -> None:
    done = run_cli("-C", checkout_tree, "unfork", PACKAGE, "--gentoo", gentoo_tree, check=False)
    assert "is no fork" in done.stderr
    assert done.returncode == 38
