"""Bad input: a clear message, an exit status of its own, and nothing changed on disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import RunCli

STABLE = Path("sdk_container/src/third_party/portage-stable")
OVERLAY = Path("sdk_container/src/third_party/coreos-overlay")
ROOT = Path(__file__).resolve().parents[2]


def snapshot(tree: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time and contents of everything in a tree; git's own directory left out."""
    found = {}
    for directory, names, files in os.walk(tree):
        names[:] = sorted(name for name in names if name != ".git")
        for name in [*names, *files]:
            path = Path(directory) / name
            status = path.lstat()
            content = str(path.readlink()) if path.is_symlink() else _digest(path)
            found[str(path.relative_to(tree))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def add(run_cli: RunCli, checkout: Path, gentoo: Path, *request: str) -> subprocess.CompletedProcess[str]:
    """``overlaytool add`` on two trees, and that it changed neither."""
    before = snapshot(checkout), snapshot(gentoo)
    result = run_cli(
        "-C", checkout, "add", "--yes", "--gentoo", gentoo, "--format", "json", "--", *request, check=False
    )
    assert (snapshot(checkout), snapshot(gentoo)) == before
    assert result.stdout == ""
    return result


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ("sys-process/htpo", 6, ["no package sys-process/htpo", "sys-process/htop"]),
        ("twin", 7, ["app-misc/twin", "net-misc/twin"]),
        ("sys-process/htop[", 8, ["sys-process/htop["]),
        (">=sys-process/htop", 8, [">=sys-process/htop"]),
        ("app-misc/masked", 9, ["Eats the configuration of its users", "Removal on 2026-06-03"]),
        ("app-misc/keyword-none", 10, ["app-misc/keyword-none"]),
        ("app-misc/dies", 11, ["app-misc/dies never sources"]),
        ("app-misc/impossible", 12, [">=dev-libs/nowhere-3"]),
        ("app-misc/conflict-hopeless", 13, ["dev-libs/shared-1.5", "dev-libs/shared-2.0"]),
        ("app-misc/manifest-short", 14, ["manifest-short-1.0.tar.gz"]),
        ("app-misc/manifest-none", 14, ["manifest-none-1.0.tar.gz"]),
    ],
)
def test_a_request_that_cannot_be_had(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path, request_: str, status: int, says: list[str]
) -> None:
    result = add(run_cli, checkout_tree, gentoo_tree, "app-misc/screen", request_)
    assert result.returncode == status, result.stderr
    error = json.loads(result.stderr)["error"]
    assert error["status"] == status
    text = "\n".join((error["message"], *error["details"], error["hint"] or ""))
    for words in says:
        assert words in text


def test_moves_that_go_round_in_a_circle_are_no_endless_loop(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path
) -> None:
    (gentoo_tree / "profiles/updates/4Q-2026").write_text(
        "move app-misc/ring-a app-misc/ring-b\nmove app-misc/ring-b app-misc/ring-a\n"
    )
    result = add(run_cli, checkout_tree, gentoo_tree, "app-misc/ring-a")
    assert result.returncode == 6, result.stderr
    assert "app-misc/ring-a" in result.stderr


def test_updates_that_undo_each_other_are_given_up_and_named(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path
) -> None:
    """Each of two new versions wants the other package's old one."""
    stable = checkout_tree / STABLE
    for name, other in (("tick", "tock"), ("tock", "tick")):
        _ebuild(stable, f"dev-libs/{name}-1.0", f"=dev-libs/{other}-1*")
        _ebuild(gentoo_tree, f"dev-libs/{name}-1.0", f"=dev-libs/{other}-1*")
        _ebuild(gentoo_tree, f"dev-libs/{name}-2.0", f"=dev-libs/{other}-1*")
    _ebuild(gentoo_tree, "app-misc/both", ">=dev-libs/tick-2 >=dev-libs/tock-2", "-1.0")
    result = add(run_cli, checkout_tree, gentoo_tree, "app-misc/both")
    assert result.returncode == 13, result.stderr
    assert "dev-libs/tick" in result.stderr
    assert "dev-libs/tock" in result.stderr


def _ebuild(tree: Path, cpv: str, rdepend: str, version: str = "") -> None:
    category, _, full = f"{cpv}{version}".partition("/")
    directory = tree / category / full.rpartition("-")[0]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{full}.ebuild").write_text(
        'EAPI=8\nDESCRIPTION="d"\nHOMEPAGE="https://example.org"\nLICENSE="BSD"\nSLOT="0"\n'
        f'KEYWORDS="amd64 arm64"\nRDEPEND="{rdepend}"\n'
    )


# --- places ------------------------------------------------------------------------------------------


def test_no_checkout_around(run_cli: Any, tmp_path: Path, gentoo_tree: Path) -> None:
    result = run_cli("plan", "--gentoo", gentoo_tree, "sys-process/htop", cwd=tmp_path, check=False)
    assert result.returncode == 4
    assert "no checkout of flatcar/scripts around" in result.stderr
    assert "-C" in result.stderr


def test_a_checkout_is_found_upwards_from_a_directory_in_it(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path
) -> None:
    inside = checkout_tree / OVERLAY / "coreos-base"
    result = run_cli("plan", "--gentoo", gentoo_tree, "sys-process/htop", cwd=inside)
    assert "sys-process/htop-3.5.3" in result.stdout


def test_a_checkout_without_profiles(run_cli: Any, checkout_tree: Path, gentoo_tree: Path) -> None:
    shutil.rmtree(checkout_tree / OVERLAY / "profiles/coreos")
    result = add(run_cli, checkout_tree, gentoo_tree, "sys-process/htop")
    assert result.returncode == 4
    assert "no board profiles" in result.stderr


def test_a_profile_whose_parent_is_missing(run_cli: Any, checkout_tree: Path, gentoo_tree: Path) -> None:
    shutil.rmtree(checkout_tree / STABLE / "profiles/default/linux/arm64")
    result = add(run_cli, checkout_tree, gentoo_tree, "sys-process/htop")
    assert result.returncode == 4, result.stderr
    assert "portage-stable:default/linux/arm64/23.0/hardened" in result.stderr


@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_a_gentoo_path_that_is_no_repository(
    run_cli: Any, checkout_tree: Path, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "place"
    if kind == "empty":
        place.mkdir()
    elif kind == "file":
        place.write_text("not a directory")
    result = run_cli("-C", checkout_tree, "plan", "--gentoo", place, "sys-process/htop", check=False)
    assert result.returncode == 5, result.stderr
    assert str(place) in result.stderr


def test_another_tree_given_as_gentoo_is_refused_by_the_name_that_it_has(
    run_cli: Any, checkout_tree: Path, guru_tree: Path
) -> None:
    result = add(run_cli, checkout_tree, guru_tree, "app-misc/screen")
    assert result.returncode == 5
    assert "calls itself guru" in result.stderr and f"--source {guru_tree}" in result.stderr


def test_an_unknown_board(run_cli: Any, checkout_tree: Path, gentoo_tree: Path) -> None:
    result = run_cli(
        "-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "--board", "riscv-usr", "htop", check=False
    )
    assert result.returncode == 4
    assert "amd64-usr, arm64-usr" in result.stderr


# --- sources that must not be copied -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "named"),
    [("link-up", "outside"), ("link-absolute", "outside"), ("fifo", "pipe"), ("newline", "two")],
)
def test_a_package_directory_with_what_must_not_be_copied(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path, kind: str, named: str
) -> None:
    files = gentoo_tree / "app-misc/screen/files"
    match kind:
        case "link-up":
            (files / "outside").symlink_to("../../../profiles/repo_name")
        case "link-absolute":
            (files / "outside").symlink_to("/etc/passwd")
        case "fifo":
            os.mkfifo(files / "pipe")
        case "newline":
            (files / "two\nlines").write_text("x")
    result = add(run_cli, checkout_tree, gentoo_tree, "app-misc/screen")
    assert result.returncode == 15, result.stderr
    assert named in result.stderr


def test_a_package_directory_that_is_itself_a_link_out_of_the_tree(
    run_cli: Any, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    package = gentoo_tree / "app-misc/screen"
    package.rename(tmp_path / "elsewhere")
    package.symlink_to(tmp_path / "elsewhere")
    result = add(run_cli, checkout_tree, gentoo_tree, "app-misc/screen")
    assert result.returncode == 15, result.stderr


# --- a checkout that cannot be written ---------------------------------------------------------------


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root writes anywhere")
def test_a_read_only_tree(checkout_tree: Path, gentoo_tree: Path, read_only: Callable[[Path], None]) -> None:
    """Root gives its right to write anywhere up for this."""
    read_only(checkout_tree)
    before = snapshot(checkout_tree)
    unprivileged = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    result = subprocess.run(
        [
            *(*unprivileged, sys.executable, "-m", "overlaytool", "-C", str(checkout_tree), "add"),
            *("--yes", "--gentoo", str(gentoo_tree), "--format", "json", "app-misc/screen"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 16, result.stderr
    assert str(checkout_tree) in result.stderr
    assert snapshot(checkout_tree) == before


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Takes the right to write away from every directory and file of a tree; the test's end gives it back."""
    trees: list[Path] = []

    def protect(tree: Path) -> None:
        trees.append(tree)
        _change_modes(tree, lambda mode: mode & ~0o222)

    yield protect
    for tree in trees:
        _change_modes(tree, lambda mode: mode | 0o200)


def _change_modes(tree: Path, change: Callable[[int], int]) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(change(stat.S_IMODE(path.stat().st_mode)))


# --- interruptions -----------------------------------------------------------------------------------


@pytest.fixture
def finished(checkout_tree: Path, gentoo_tree: Path, run_cli: Any, tmp_path: Path) -> dict[str, str]:
    """What the tree holds after an addition that nobody interrupts."""
    other = tmp_path / "other"
    shutil.copytree(checkout_tree, other, symlinks=True)
    run_cli("-C", other, "add", "--yes", "--gentoo", gentoo_tree, "sys-process/htop", "app-misc/screen")
    return contents(other)


def contents(tree: Path) -> dict[str, str]:
    """What a snapshot says about contents alone."""
    return {path: content for path, (_mode, _time, content) in snapshot(tree).items()}


@pytest.mark.parametrize("delay", [0.15, 0.3, 0.5, 0.7, 0.9])
def test_ctrl_c_leaves_the_tree_as_before_or_as_after(
    checkout_tree: Path, gentoo_tree: Path, run_cli: Any, finished: dict[str, str], delay: float
) -> None:
    """Whenever it comes; and the next command finds it so and completes the work."""
    before, request = contents(checkout_tree), ("sys-process/htop", "app-misc/screen")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "overlaytool", "-C", checkout_tree, "add"),
            *("--yes", "--gentoo", gentoo_tree, *request),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode in (130, 0), stdout + stderr
    assert "Traceback" not in stderr
    assert contents(checkout_tree) in ((before, finished) if process.returncode else (finished,))
    run_cli("-C", checkout_tree, "add", "--yes", "--gentoo", gentoo_tree, *request)
    assert contents(checkout_tree) == finished
