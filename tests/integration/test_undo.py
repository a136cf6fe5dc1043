"""``overlaytool undo`` takes back what was done last, as long as nobody touched it since."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support import THIRD_PARTY, RunCli

from overlaytool.apply import done, journal, work_tree
from overlaytool.flatcar.tree import read_file
from overlaytool.model.change import ChangeSet, FileChange, FileState, Step, StepKind
from overlaytool.model.plan import Action

HTOP = "sdk_container/src/third_party/portage-stable/sys-process/htop"
LATER = "sdk_container/src/third_party/coreos-overlay/profiles/coreos/base/package.accept_keywords"


def git(checkout: Path, *arguments: str) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def contents(checkout: Path) -> dict[str, bytes | str]:
    """Every file of the work tree, and where links lead."""
    paths = [path for path in checkout.rglob("*") if ".git" not in path.parts]
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in paths
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def checkout(checkout_tree: Path, gentoo_tree: Path) -> Path:
    """A checkout that knows its Gentoo tree, and whose git does not show overlaytool.toml."""
    (checkout_tree / "overlaytool.toml").write_text(f'gentoo = "{gentoo_tree}"\n')
    (checkout_tree / ".git/info/exclude").write_text("/overlaytool.toml\n")
    return checkout_tree


@pytest.mark.parametrize(
    "command",
    [
        ("add", "app-misc/keyword-one", "sys-process/htop"),
        ("update", "dev-libs/too-old"),
        ("remove", "app-misc/jq"),
    ],
    ids=lambda command: command[0],
)
def test_files_are_what_they_were(
    run_cli: RunCli, checkout: Path, gentoo_tree: Path, command: tuple[str, ...]
) -> None:
    ebuild = next((gentoo_tree / "dev-libs/too-old").glob("*.ebuild"))
    ebuild.with_name("too-old-9.ebuild").write_text(ebuild.read_text())
    before = contents(checkout)
    run_cli("-C", checkout, *command, "--yes")
    assert contents(checkout) != before
    done = run_cli("-C", checkout, "undo", "--yes")
    assert f"overlaytool {' '.join(command)}" in done.stdout
    assert contents(checkout) == before
    assert git(checkout, "status", "--porcelain") == ""


def test_one_after_the_other_until_nothing_is_left(run_cli: RunCli, checkout: Path) -> None:
    states = [contents(checkout)]
    for package in ("sys-process/htop", "app-misc/screen"):
        run_cli("-C", checkout, "add", package, "--yes")
        states.append(contents(checkout))
    for package in ("app-misc/screen", "sys-process/htop"):
        states.pop()
        assert f"add {package}" in run_cli("-C", checkout, "undo", "--yes").stdout
        assert contents(checkout) == states[-1]
    nothing = run_cli("-C", checkout, "undo", "--yes", check=False)
    assert nothing.returncode == 43
    assert "could be taken back" in nothing.stderr


def test_what_came_back_is_still_overlaytools_own(run_cli: RunCli, checkout: Path) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--yes")
    run_cli("-C", checkout, "add", "app-misc/screen", "--yes")
    run_cli("-C", checkout, "undo", "--yes")
    run_cli("-C", checkout, "add", "app-misc/screen", "--yes")


@pytest.mark.parametrize("how", ["edited", "deleted", "executable"])
def test_files_that_were_touched_since_are_named_and_nothing_changes(
    run_cli: RunCli, checkout: Path, how: str
) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--yes")
    ebuild = checkout / HTOP / "htop-3.5.3.ebuild"
    if how == "edited":
        ebuild.write_text(ebuild.read_text() + "# mine\n")
    elif how == "deleted":
        ebuild.unlink()
    else:
        ebuild.chmod(0o755)
    before = contents(checkout)
    refused = run_cli("-C", checkout, "undo", "--yes", check=False)
    assert refused.returncode == 18
    assert f"{HTOP}/htop-3.5.3.ebuild" in refused.stderr
    assert "Manifest" not in refused.stderr
    assert contents(checkout) == before


def test_a_file_beside_them_stays_with_its_directory(run_cli: RunCli, checkout: Path) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--yes")
    (checkout / HTOP / "notes.txt").write_text("mine")
    run_cli("-C", checkout, "undo", "--yes")
    assert [path.name for path in (checkout / HTOP).iterdir()] == ["notes.txt"]


def test_without_a_yes_nothing_is_taken_back(run_cli: RunCli, checkout: Path) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--yes")
    assert run_cli("-C", checkout, "undo", check=False).returncode == 2
    looked = run_cli("-C", checkout, "undo", "--dry-run", "--format", "json")
    document = json.loads(looked.stdout)
    assert document["request"] == ["add", "sys-process/htop"]
    assert f"{HTOP}/Manifest" in document["removed"]
    assert (checkout / HTOP).is_dir()


@pytest.mark.parametrize("checked_out", [False, True])
def test_a_branch_is_taken_away(run_cli: RunCli, checkout: Path, checked_out: bool) -> None:
    before = contents(checkout)
    run_cli("-C", checkout, "add", "sys-process/htop", "--commit", *(["--checkout"] if checked_out else []))
    tip = git(checkout, "rev-parse", "add-htop")
    undone = run_cli("-C", checkout, "undo", "--yes")
    assert f"git branch add-htop {tip[:12]}" in undone.stderr
    assert git(checkout, "branch", "--format=%(refname:short)") == "main"
    assert git(checkout, "branch", "--show-current") == "main"
    assert contents(checkout) == before
    assert run_cli("-C", checkout, "pr", check=False).returncode == 19


def test_a_branch_with_a_commit_of_somebody_stays(run_cli: RunCli, checkout: Path) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--commit", "--checkout")
    git(checkout, "commit", "--allow-empty", "-m", "Of my own")
    tip = git(checkout, "rev-parse", "HEAD")
    refused = run_cli("-C", checkout, "undo", "--yes", check=False)
    assert refused.returncode == 18
    assert "Of my own" in refused.stderr
    assert git(checkout, "rev-parse", "add-htop") == tip


def test_a_remote_that_has_the_branch_is_named(run_cli: RunCli, checkout: Path) -> None:
    run_cli("-C", checkout, "add", "sys-process/htop", "--commit")
    git(checkout, "update-ref", "refs/remotes/fork/add-htop", "add-htop")
    undone = run_cli("-C", checkout, "undo", "--yes")
    assert "git push fork --delete add-htop" in undone.stderr


def test_cut_short_it_is_completed_by_the_next(
    home: Path, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = checkout / LATER
    old, new = read_file(edited), FileState(mode=0o100644, content=b"new")
    changes = tuple(
        FileChange(path=path, before=before, after=new)
        for path, before in ((str(THIRD_PARTY / "made/a"), None), (LATER, old))
    )
    step = Step(kind=StepKind.FIX, action=Action.UPDATE, subject="x", source=None, changes=changes)
    work_tree.apply(ChangeSet(steps=(step,), about=("add", "x")), checkout, tmp_path)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, "move", stopped)
        with pytest.raises(KeyboardInterrupt):
            done.take_back(checkout, tmp_path, done.last(checkout, tmp_path))
    assert read_file(edited) == new
    assert not (checkout / THIRD_PARTY / "made").exists()
    assert work_tree.recover(checkout, tmp_path) is not None
    assert read_file(edited) == old
