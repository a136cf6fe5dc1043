"""``overlaytool add`` on bad input: a clear message, an exit status of its own, and nothing changed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, THIRD_PARTY, RunCli

HTOP = "sys-process/htop"
METAPACKAGE = THIRD_PARTY / "coreos-overlay/coreos-base/coreos/coreos-0.0.1.ebuild"

INTERRUPTED = """
import os, signal, sys
left = [int(sys.argv[1])]
sys.argv[:2] = ["overlaytool"]
def hook(event, arguments):
    if event == "os.rename" and "/after/" in str(arguments[0]):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(hook)
from overlaytool.__main__ import main
main()
"""


def status(checkout: Path) -> str:
    """What git sees in the work tree."""
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout


def remove_manifest(gentoo: Path, _: Path) -> None:
    """No Manifest at all."""
    (gentoo / HTOP / "Manifest").unlink()


def empty_manifest(gentoo: Path, _: Path) -> None:
    """A Manifest of something else."""
    (gentoo / HTOP / "Manifest").write_text("DIST other.tar.xz 1 SHA512 aa\n")


def link_out(gentoo: Path, _: Path) -> None:
    """A symlink to somebody's secrets."""
    (gentoo / HTOP / "files").mkdir(exist_ok=True)
    (gentoo / HTOP / "files/key").symlink_to("/etc/shadow")


def fifo(gentoo: Path, _: Path) -> None:
    """A file that one can wait at for ever."""
    os.mkfifo(gentoo / HTOP / "pipe")


def newline_in_a_name(gentoo: Path, _: Path) -> None:
    """A name that git would have to quote."""
    (gentoo / HTOP / "a\nb").write_text("")


def odd_metapackage(_: Path, checkout: Path) -> None:
    """A dependency that bash would have to work out."""
    path = checkout / METAPACKAGE
    path.write_text(path.read_text() + 'RDEPEND+=" $(cat more)"\n')
    subprocess.run(["git", "commit", "-qam", "Be odd"], cwd=checkout, check=True)


def no_revision_link(_: Path, checkout: Path) -> None:
    """A metapackage without a revision."""
    next((checkout / METAPACKAGE).parent.glob("*-r*.ebuild")).unlink()
    subprocess.run(["git", "commit", "-qam", "Be odd"], cwd=checkout, check=True)


@pytest.mark.parametrize(
    ("spoil", "exit_status", "said"),
    [
        (remove_manifest, 14, "sys-process/htop has no Manifest, and sys-process/htop-3.4.1-r2 fetches"),
        (empty_manifest, 14, "sys-process/htop/Manifest has no DIST line for htop-3.5.3.tar"),
        (link_out, 15, "sys-process/htop/files/key is a symlink that leaves the package directory"),
        (fifo, 15, "sys-process/htop/pipe is a fifo"),
        (newline_in_a_name, 15, "sys-process/htop/a\\nb has a name with control characters"),
        (odd_metapackage, 4, "has a shape that is not understood"),
        (no_revision_link, 4, "coreos-base/coreos has no revision symlink"),
    ],
)
def test_bad_input_has_its_own_exit_status_and_changes_nothing(
    run_cli: RunCli,
    gentoo_tree: Path,
    checkout_tree: Path,
    spoil: Callable[[Path, Path], None],
    exit_status: int,
    said: str,
) -> None:
    spoil(gentoo_tree, checkout_tree)
    for command in (("add", "--yes"), ("plan",), ("plan", "--format", "json")):
        done = run_cli("-C", checkout_tree, *command, HTOP, "--gentoo", gentoo_tree, check=False)
        assert done.returncode == exit_status, done.stderr
        if "json" in command:
            assert done.stdout == ""
        else:
            assert said in " ".join(done.stderr.split())
    assert status(checkout_tree) == ""


def test_what_stops_a_plan_is_said_before_anybody_is_asked(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path
) -> None:
    remove_manifest(gentoo_tree, checkout_tree)
    done = run_cli("-C", checkout_tree, "add", HTOP, "--gentoo", gentoo_tree, check=False)
    assert done.returncode == 14
    assert "Write this" not in done.stderr


@pytest.mark.parametrize(
    ("answer", "exit_status", "written"), [("\n", 1, False), ("y\n", 42, True), ("n\n", 1, False)]
)
def test_what_the_image_refuses_is_written_only_after_a_yes(
    gentoo_tree: Path, checkout_tree: Path, home: Path, answer: str, exit_status: int, written: bool
) -> None:
    command = ("add", "-C", str(checkout_tree), "app-misc/needs-python", "--gentoo", str(gentoo_tree))
    done = subprocess.run(
        [sys.executable, "-m", "overlaytool", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_status, done.stderr
    assert "build_image will refuse this. Write it all the same? [y/N]" in done.stderr
    assert bool(status(checkout_tree)) == written


def test_a_plan_that_the_image_refuses_has_a_status_of_its_own(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path
) -> None:
    plan = ("-C", checkout_tree, "plan", "app-misc/needs-python", "--gentoo", gentoo_tree)
    assert run_cli(*plan, check=False).returncode == 42
    assert run_cli(*plan, "--format", "json", check=False).returncode == 42


def test_checkout_that_another_run_holds_is_left_alone(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path
) -> None:
    lock = checkout_tree / ".git/overlaytool/lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run_cli("-C", checkout_tree, "add", HTOP, "--gentoo", gentoo_tree, "--yes", check=False)
    assert done.returncode == 17
    assert "another overlaytool is at work" in done.stderr
    assert status(checkout_tree) == ""


def test_two_runs_at_once_leave_what_one_leaves(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path, tmp_path: Path
) -> None:
    arguments: list[str | Path] = ["add", HTOP, "--gentoo", gentoo_tree, "--yes"]
    alone = shutil.copytree(checkout_tree, tmp_path / "alone", symlinks=True)
    run_cli("-C", alone, *arguments)
    command: list[str | Path] = [sys.executable, "-m", "overlaytool", "-C", checkout_tree, *arguments]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate() for run in runs]
    statuses = sorted(run.returncode for run in runs)
    assert statuses[0] == 0 and statuses[1] in (0, 17, 18), said
    assert status(checkout_tree) == status(alone)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_read_only_checkout_is_refused(run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path) -> None:
    mount: list[str | Path] = ["mount", "--bind", "-o", "ro", checkout_tree, checkout_tree]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        done = run_cli("-C", checkout_tree, "add", HTOP, "--gentoo", gentoo_tree, "--yes", check=False)
    finally:
        subprocess.run(["umount", checkout_tree], check=True)
    assert done.returncode == 16
    assert "Read-only file system" in done.stderr
    assert status(checkout_tree) == ""


@pytest.mark.parametrize("file", [1, 4, 8])
def test_ctrl_c_amid_the_writing_leaves_everything_as_it_was(
    gentoo_tree: Path, checkout_tree: Path, file: int
) -> None:
    arguments: list[str | Path] = ["-C", checkout_tree, "add", HTOP, "--gentoo", gentoo_tree, "--yes"]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(file), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert status(checkout_tree) == ""
    left = sorted(path.name for path in (checkout_tree / ".git/overlaytool").iterdir())
    assert left == ["lock", "written.json"]


def test_a_build_without_an_engine_is_refused_before_anything_is_written(
    run_cli: RunCli, gentoo_tree: Path, checkout_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("git", "bash", "sh"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    add = ("-C", checkout_tree, "add", HTOP, "--gentoo", gentoo_tree, "--yes", "--build")
    done = run_cli(*add, check=False)
    assert done.returncode == 21, done.stderr
    assert "docker or podman cannot be used" in done.stderr
    assert status(checkout_tree) == ""
