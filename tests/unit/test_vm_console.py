"""What is seen on a console, and what is not taken for trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlaytool.model.vm import FindingKind
from overlaytool.vm import console

TROUBLE = {
    "[    4.1] Kernel panic - not syncing: VFS: Unable to mount root fs": FindingKind.PANIC,
    "[    1.2] Oops: 0002 [#1] PREEMPT SMP": FindingKind.OOPS,
    "[    1.2] BUG: kernel NULL pointer dereference, address: 0000": FindingKind.OOPS,
    "Press Enter for emergency shell or wait 5 minutes for reboot.": FindingKind.EMERGENCY,
    "You are in emergency mode. After logging in, type journalctl": FindingKind.EMERGENCY,
    "(initramfs) ": FindingKind.EMERGENCY,
    "dracut: Refusing to continue": FindingKind.EMERGENCY,
    "[ 3.5] device-mapper: verity: 254:3: data block 7 is corrupted": FindingKind.VERITY,
    "[ 3.5] device-mapper: verity: 254:3: metadata block 7 is corrupted": FindingKind.VERITY,
    "ignition[612]: CRITICAL : failed to fetch config": FindingKind.IGNITION,
    "Ignition has failed. Please ensure your config is valid.": FindingKind.IGNITION,
    "BdsDxe: No bootable option or device was found.": FindingKind.NO_SYSTEM,
    "grub rescue> ": FindingKind.NO_SYSTEM,
    "[ 9.0] I/O error, dev vda, sector 2048 op 0x1": FindingKind.DISK,
    "[ 9.0] sshd invoked oom-killer: gfp_mask=0x100": FindingKind.OUT_OF_MEMORY,
    "[ 9.0] WARNING: CPU: 1 PID: 12 at kernel/x.c:10": FindingKind.KERNEL_WARNING,
    "systemd[1]: sysinit.target: Found ordering cycle on x.service": FindingKind.ORDERING,
    "[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mupdate-engine.service": FindingKind.UNIT,
}
NO_TROUBLE = (
    "[    0.0] Command line: panic=-1 oops=panic emergency",
    "         Starting Emergency updates of the database...",
    "[  OK  ] Reached target Rescue Services.",
    "[    2.0] device-mapper: verity: sha256 using implementation sha256-ni",
    "[  OK  ] Stopped target Ignition Boot Disk Setup.",
    "ignition[612]: parsing config with SHA512: 0",
)


@pytest.mark.parametrize("text", TROUBLE)
def test_trouble_is_found_with_its_line(text: str, tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_bytes(f"[    0.0] Linux version 6.12\r\n{text}\r\nafter\r\n".encode())
    (finding,) = console.search(log)
    assert (finding.kind, finding.line) == (TROUBLE[text], 2)


@pytest.mark.parametrize("text", NO_TROUBLE)
def test_harmless_words_are_not_taken_for_trouble(text: str, tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_text(text)
    assert console.search(log) == ()


def test_what_is_said_twice_is_found_once(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_text("[ 1.0] Kernel panic - not syncing: x\n[ 2.5] Kernel panic - not syncing: x\n")
    assert [finding.text for finding in console.search(log)] == ["Kernel panic - not syncing: x"]


def test_failed_unit_does_not_end_the_wait(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_text("systemd[1]: Failed to start a.service\n")
    assert console.fatal(log) is None
    log.write_text("systemd[1]: Failed to start a.service\nKernel panic - not syncing\n")
    found = console.fatal(log)
    assert found
    assert found.kind is FindingKind.PANIC


def test_console_that_does_not_exist_yet_has_nothing(tmp_path: Path) -> None:
    assert console.search(tmp_path / "none") == ()
    assert console.last(tmp_path / "none") == ()
