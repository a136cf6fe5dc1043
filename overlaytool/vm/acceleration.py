"""KVM or emulation: found out by starting a guest of a few instructions, as the start script would.

That ``/dev/kvm`` can be opened says little: in a virtual machine QEMU may still abort on a register that
the outer hypervisor does not have, or on system management mode.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import HungError, VmError
from overlaytool.model.vm import Acceleration
from overlaytool.support import process
from overlaytool.support.scratch import scratch
from overlaytool.vm.script import MACHINES, StartScript

DEVICE = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PATIENCE = 20.0
"""Seconds for a guest that ends after three instructions."""
PROCESSORS = 4
"""More virtual processors than this do not make a boot faster."""

NOWHERE = "KVM is there, but no guest gets anywhere with it"
FAILED = "kvm-failed.json"
"""What was found out slowly, in the state directory: it holds until this machine boots again."""

BOOT_SECTOR = bytes.fromhex("b010e6f4f4ebfd").ljust(510, b"\0") + b"\x55\xaa"
"""``mov al, 0x10; out 0xf4, al``, then halt: isa-debug-exit ends QEMU with twice the value plus 1."""
BOOT_SECTOR_STATUS = 0x10 * 2 + 1
PSCI_OFF = bytes.fromhex("000180520080b072020000d400000014")
"""``movz w0, #8; movk w0, #0x8400, lsl #16; hvc #0; b .``: SYSTEM_OFF of Arm's PSCI 5.9; QEMU ends with 0."""


class Chosen(Struct, frozen=True, kw_only=True):
    """How a machine will run, and why."""

    acceleration: Acceleration
    """KVM or emulation."""
    reason: str


def choose(script: StartScript, wanted: Acceleration, state: Path | None = None) -> Chosen:
    """Decide, and try KVM where it comes into question.

    :param state: where it may be written that KVM did not get anywhere on this machine.

    :raises VmError: when KVM is asked for and does not work.
    """
    if wanted is Acceleration.EMULATION:
        return Chosen(acceleration=Acceleration.EMULATION, reason="as asked for")
    obstacle = (_remembered(script, state) if wanted is Acceleration.AUTO else None) or _obstacle(script)
    if obstacle == NOWHERE:
        remember(script, obstacle, state)
    if obstacle is None:
        return Chosen(acceleration=Acceleration.KVM, reason="a guest of a few instructions ran with it")
    if wanted is Acceleration.KVM:
        raise VmError(
            "KVM does not work on this machine",
            details=(obstacle,),
            hint="--accel emulation boots without it",
        )
    return Chosen(acceleration=Acceleration.EMULATION, reason=obstacle)


def remember(script: StartScript, reason: str, state: Path | None) -> None:
    """Write down that KVM does not work here, where finding it out took long. It is only for speed."""
    if state is not None:
        with suppress(OSError):
            state.mkdir(parents=True, exist_ok=True)
            (state / FAILED).write_text(json.dumps([_here(script), reason]), encoding="utf-8")


def _remembered(script: StartScript, state: Path | None) -> str | None:
    """Why KVM has not worked since this machine booted; None where nothing is known."""
    if state is None:
        return None
    try:
        here, reason = json.loads((state / FAILED).read_text(encoding="utf-8"))
        return str(reason) if here == _here(script) else None
    except (OSError, ValueError, TypeError):
        return None


def _here(script: StartScript) -> str:
    """This boot of this machine, this QEMU, and what the script asks of KVM."""
    return f"{BOOT_ID.read_text().strip()} {shutil.which(script.qemu)} {script.kvm}"


def options(script: StartScript, chosen: Chosen) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Options for the script, and options for QEMU after ``--``.

    The script's ``-s`` turns KVM off where host and board have the same architecture, and with it goes all
    that the script would have said about the machine; on another host the script emulates by itself.
    """
    if chosen.acceleration is Acceleration.KVM or platform.machine() not in MACHINES[script.board]:
        return (), ()
    processors = ("-smp", str(min(PROCESSORS, os.cpu_count() or 1)))
    if script.board == "arm64-usr":
        return ("-s",), ("-machine", "virt", "-cpu", "cortex-a57", *processors)
    if script.secure:
        flash = ("-global", "driver=cfi.pflash01,property=secure,value=on")
        return ("-s",), ("-machine", "q35,smm=on", *flash, *processors)
    return ("-s",), processors


def _obstacle(script: StartScript) -> str | None:
    """Why KVM cannot be used; None where it can."""
    machine = platform.machine()
    if machine not in MACHINES[script.board]:
        return f"{script.board} has to be emulated on {machine}"
    if script.kvm is None:
        return f"{script.path.name} does not use KVM"
    if not DEVICE.exists():
        return f"there is no {DEVICE}"
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return f"{DEVICE} may not be opened: you are not in its group"
    return _probe(script, script.kvm)


def _probe(script: StartScript, machine: str) -> str | None:
    """Run the guest of a few instructions; why that failed, or None."""
    with scratch() as place:
        guest = Path(place, "guest")
        if script.board == "arm64-usr":
            guest.write_bytes(PSCI_OFF)
            boot: tuple[str, ...] = ("-kernel", str(guest))
        else:
            guest.write_bytes(BOOT_SECTOR)
            boot = ("-drive", f"file={guest},format=raw,if=ide,readonly=off,snapshot=on")
            boot += ("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04")
        quiet = ("-display", "none", "-serial", "none", "-monitor", "none", "-nic", "none", "-m", "64")
        words = (script.qemu, "-machine", machine, "-cpu", "host", *quiet, *boot)
        try:
            done = process.run(words, timeout=PATIENCE)
        except HungError:
            return NOWHERE
    expected = 0 if script.board == "arm64-usr" else BOOT_SECTOR_STATUS
    if done.status == expected:
        return None
    said = next((line for line in reversed(done.output) if "error" in line.lower()), None)
    said = said or next(iter(done.output[-1:]), f"QEMU ended with {done.status}")
    return f"KVM is there, but a guest does not run with it: {said.removeprefix(f'{script.qemu}: ')}"
