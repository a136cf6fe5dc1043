"""Machines that do not come up, and ends that nobody planned."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import ROOT, RunCli
from vm_support import machines

PATIENCE = 180
"""Seconds after which something is wrong, on a machine ten times slower than ours, too."""


def words(*options: str) -> tuple[str, ...]:
    """``--qemu`` before each word."""
    return tuple(word for option in options for word in ("--qemu", option))


def test_kernel_panic_ends_the_wait(empty_image: Path, kernel: Path, run_cli: RunCli, home: Path) -> None:
    qemu = words("-kernel", str(kernel / "vmlinuz"), "-append", "console=ttyS0 panic=0")
    done = run_cli("vm", "run", "--from", empty_image, *qemu, "--", "true", check=False, timeout=PATIENCE)
    assert done.returncode == 33
    assert "error: vm1 does not come up: kernel panic" in done.stderr
    assert "VFS: Unable to mount root fs" in done.stderr
    assert machines(home) == []


def test_emergency_shell_ends_the_wait(empty_image: Path, kernel: Path, run_cli: RunCli) -> None:
    qemu = words(
        *("-kernel", str(kernel / "vmlinuz"), "-initrd", str(kernel / "initrd")),
        *("-append", "console=ttyS0 break=top"),
    )
    done = run_cli("vm", "run", "--from", empty_image, *qemu, "--", "true", check=False, timeout=PATIENCE)
    assert done.returncode == 33
    assert "does not come up: emergency shell" in done.stderr
    assert "(initramfs)" in done.stderr


def test_system_without_sshd_runs_out_of_time(empty_image: Path, kernel: Path, run_cli: RunCli) -> None:
    qemu = words(
        *("-kernel", str(kernel / "vmlinuz"), "-initrd", str(kernel / "initrd")),
        *("-append", "console=ttyS0 rdinit=/usr/bin/cat"),
    )
    command: list[str | Path] = ["vm", "run", "--from", empty_image, *qemu, "--timeout", "40", "--", "true"]
    done = run_cli(*command, check=False, timeout=PATIENCE)
    assert done.returncode == 33
    assert re.search("vm1 (has no sshd that answers after|stands still: no sshd answers)", done.stderr)
    assert "Run /usr/bin/cat as init process" in done.stderr


def test_disk_with_nothing_on_it_says_nothing(empty_image: Path, run_cli: RunCli) -> None:
    done = run_cli("vm", "run", "--from", empty_image, "--timeout", "4", "--", "true", check=False)
    assert done.returncode == 33
    assert re.search(r"vm1 has said nothing in \d s", done.stderr)


def test_option_that_qemu_refuses_is_shown(empty_image: Path, run_cli: RunCli) -> None:
    done = run_cli("vm", "run", "--from", empty_image, *words("-nonsense"), "--", "true", check=False)
    assert done.returncode == 33
    assert "-nonsense: invalid option" in done.stderr


def test_machine_without_qemu_says_what_to_install(
    empty_image: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("bash", "sh", "ssh", "ssh-keygen"):
        found = shutil.which(name)
        assert found
        (place / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(place))
    done = run_cli("vm", "run", "--from", empty_image, "--", "true", check=False)
    assert done.returncode == 21
    assert "no qemu-system-x86_64 on this machine" in done.stderr
    assert "install qemu-system-x86" in done.stderr


def test_disk_that_is_gone_is_named(empty_image: Path, run_cli: RunCli) -> None:
    disk = empty_image / "flatcar_production_qemu_uefi_image.img"
    disk.unlink()
    done = run_cli("vm", "run", "--from", empty_image, "--", "true", check=False)
    assert done.returncode == 32
    assert f"the disk {disk} is missing" in done.stderr


def test_host_without_room_is_refused_before_the_start(
    empty_image: Path, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", place], check=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    try:
        done = run_cli("vm", "run", "--from", empty_image, "--", "true", check=False)
        left = [path.name for path in (place / "overlaytool/vm").iterdir()]
    finally:
        subprocess.run(["umount", place], check=True)
    assert done.returncode == 16
    assert "the disk is full" in done.stderr
    assert left == []


Begin = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def begin(empty_image: Path, tmp_path: Path, home: Path) -> Iterator[Begin]:
    """Starts a machine that never gets ready, and waits until QEMU runs."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "overlaytool", "vm", "run", "--from", empty_image, "--", "true"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        wait(lambda: bool(machines(home)), "QEMU never started")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


def wait(condition: Callable[[], bool], message: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_overlaytool_takes_the_machine_with_it(begin: Begin, home: Path, number: int) -> None:
    process = begin()
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, output
    assert machines(home) == []
    assert [path.name for path in (home / ".local/state/overlaytool/vm").iterdir()] == ["logs"]


def test_killed_overlaytool_takes_the_machine_with_it_and_the_next_one_cleans_up(
    begin: Begin, home: Path, run_cli: RunCli
) -> None:
    process = begin()
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait(lambda: not machines(home), "QEMU outlived overlaytool")
    place = home / ".local/state/overlaytool/vm"
    assert (place / "vm1/key").exists()
    assert run_cli("vm", "list").stdout == "No machine is running.\n"
    assert [path.name for path in place.iterdir()] == ["logs"]
