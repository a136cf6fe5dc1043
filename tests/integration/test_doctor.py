"""``overlaytool doctor --fix``: a known fault, repaired in a commit of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sdk_scripts import OEM_FUNCTION
from support import ROOT, RunCli

from overlaytool.model.build import Readiness
from overlaytool.sdk import programs
from overlaytool.sdk.programs import DAY

FILE = "build_library/vm_image_util.sh"


def git(checkout: Path, *arguments: str) -> str:
    """Run git."""
    done = subprocess.run(["git", "-C", checkout, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def faulty(checkout: Path) -> None:
    """Give a checkout the fault of alpha-3665.0.0."""
    (checkout / FILE).write_text(OEM_FUNCTION)
    (checkout / "build_sysext").write_text("DEFINE_boolean ignore_version_mismatch false\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "Older scripts")


def test_fault_is_named_and_left_alone_until_it_is_to_be_fixed(checkout_tree: Path, run_cli: RunCli) -> None:
    faulty(checkout_tree)
    done = run_cli("-C", checkout_tree, "doctor", "--engine", "podman", check=False)
    assert "fault oem-sysext-version" in done.stdout
    assert "doctor --fix" in done.stdout
    assert git(checkout_tree, "status", "--porcelain") == ""


def test_repair_is_a_signed_off_commit_of_that_file_alone(checkout_tree: Path, run_cli: RunCli) -> None:
    faulty(checkout_tree)
    (checkout_tree / "build_sysext").write_text("changed\nDEFINE_boolean ignore_version_mismatch\n")
    git(checkout_tree, "add", "build_sysext")
    done = run_cli("-C", checkout_tree, "doctor", "--fix", "--yes", "--engine", "podman", check=False)
    assert "repaired oem-sysext-version" in done.stderr
    assert git(checkout_tree, "show", "--name-only", "--format=%s%n%(trailers)", "HEAD").split("\n") == [
        "vm_image_util: Ignore version mismatch in OEM sysexts",
        "Signed-off-by: Ada Example <ada@example.org>",
        "",
        "",
        FILE,
        "",
    ]
    assert git(checkout_tree, "status", "--porcelain") == "M  build_sysext\n"
    assert "--ignore_version_mismatch" in (checkout_tree / FILE).read_text()


def test_file_with_changes_of_its_own_is_not_touched(checkout_tree: Path, run_cli: RunCli) -> None:
    faulty(checkout_tree)
    mine = OEM_FUNCTION + "# mine\n"
    (checkout_tree / FILE).write_text(mine)
    done = run_cli("-C", checkout_tree, "doctor", "--fix", "--yes", check=False)
    assert done.returncode == 19
    assert "has changes that are not committed" in done.stderr
    assert (checkout_tree / FILE).read_text() == mine


def test_commit_that_a_hook_refuses_leaves_the_file_as_it_was(checkout_tree: Path, run_cli: RunCli) -> None:
    faulty(checkout_tree)
    hook = checkout_tree / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    done = run_cli("-C", checkout_tree, "doctor", "--fix", "--yes", check=False)
    assert done.returncode == 19
    assert "not today" in done.stderr
    assert git(checkout_tree, "status", "--porcelain") == ""


@pytest.mark.parametrize(("answer", "repaired"), [("n\n", False), ("y\n", True)])
def test_a_repair_is_committed_only_after_a_yes(
    checkout_tree: Path, home: Path, answer: str, repaired: bool
) -> None:
    faulty(checkout_tree)
    before = git(checkout_tree, "rev-parse", "HEAD")
    done = subprocess.run(
        [sys.executable, "-m", "overlaytool", "-C", str(checkout_tree), "doctor", "--fix"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "[Y/n]" in done.stderr
    assert (git(checkout_tree, "rev-parse", "HEAD") != before) == repaired


def test_an_old_tree_and_a_missing_identity_are_named(
    tmp_path: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = int(git(gentoo_tree, "log", "-1", "--format=%ct"))
    looked_at = {
        days: {
            check.name: check for check in programs.examine(tmp_path, gentoo_tree, now=committed + days * DAY)
        }
        for days in (2, 40)
    }
    assert looked_at[2]["Gentoo tree"].readiness is Readiness.OK
    assert looked_at[40]["Gentoo tree"].readiness is Readiness.WARNING
    assert "40 days old" in looked_at[40]["Gentoo tree"].found
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    found = {check.name: check for check in programs.examine(tmp_path, tmp_path / "none")}
    assert found["git identity"].readiness is Readiness.WARNING
    assert "overlaytool sync" in (found["Gentoo tree"].hint or "")
    assert {"Portage", "Graphviz", "GitHub client"} <= found.keys()
