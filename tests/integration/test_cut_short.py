"""An ``add`` that is killed amid its writing, and what the commands after it say and do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import ROOT, RunCli

KILLED = """
import os, signal, sys
left = [int(sys.argv[1])]
sys.argv[:2] = ["overlaytool"]
def hook(event, arguments):
    if event == "os.rename" and "/after/" in str(arguments[0]):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from overlaytool.__main__ import main
main()
"""


def status(checkout: Path) -> str:
    """What git sees in the work tree."""
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout


def test_next_commands_say_that_a_run_was_cut_short_and_add_puts_it_right(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path
) -> None:
    arguments: list[str | Path]
    arguments = [
        "-C",
        checkout_tree,
        "add",
        "sys-process/htop",
        "--gentoo",
        gentoo_tree,
        "--yes",
    ]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "4", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    half = status(checkout_tree)
    assert half

    looked = run_cli("-C", checkout_tree, "plan", "app-misc/screen", "--gentoo", gentoo_tree)
    assert "cut short" in looked.stderr
    assert status(checkout_tree) == half

    again = run_cli(*arguments)
    assert "overlaytool add sys-process/htop, begun " in again.stderr
    assert "3 files are back as they were" in again.stderr
    whole = status(checkout_tree)
    assert whole != half and "htop-3.5.3.ebuild" in whole

    quiet = run_cli("-C", checkout_tree, "plan", "app-misc/screen", "--gentoo", gentoo_tree)
    assert "cut short" not in quiet.stderr
