"""A virtual machine: how it is started, what it has come to, what its console says."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Acceleration(StrEnum):
    """Who runs the guest's instructions."""

    AUTO = "auto"
    """KVM where it works on this machine, else emulation."""
    KVM = "kvm"
    EMULATION = "emulation"
    """QEMU's own translation: works everywhere, ten times slower."""


class VmOptions(Struct, frozen=True, kw_only=True):
    """What the user said about a machine."""

    name: str | None = None
    """None: the first free one of vm1, vm2, ..."""
    port: int | None = None
    """The port on 127.0.0.1 that leads to the machine's sshd; None: one that is free."""
    acceleration: Acceleration = Acceleration.AUTO
    memory: int | None = None
    """MiB; None: what the start script says."""
    timeout: float | None = None
    """Seconds until it has to be ready; None: 180 with KVM, 600 without."""
    keep: bool = False
    """It outlives the command that started it."""
    qemu: tuple[str, ...] = ()
    """More options for QEMU."""


class Machine(Struct, frozen=True, kw_only=True):
    """A machine that was started, as its record says."""

    name: str
    board: str
    script: str
    """The start script, absolute."""
    port: int
    acceleration: Acceleration
    reason: str
    """Why it is accelerated, or why not."""
    console: str
    """The file that gets all of its serial console."""
    started: str
    """UTC, ISO 8601."""
    keep: bool
    directory: str
    """Its run directory: SSH key, Ignition file, record."""


class FindingKind(StrEnum):
    """What kola looks for on a console, and dm-verity."""

    PANIC = "kernel panic"
    EMERGENCY = "emergency shell"
    VERITY = "verity corruption"
    IGNITION = "Ignition failed"
    NO_SYSTEM = "nothing to boot"
    DISK = "disk errors"
    OOPS = "kernel oops"
    OUT_OF_MEMORY = "out of memory"
    KERNEL_WARNING = "kernel warning"
    ORDERING = "ordering cycle of units"
    UNIT = "failed unit"


FATAL = frozenset(
    {
        FindingKind.PANIC,
        FindingKind.EMERGENCY,
        FindingKind.VERITY,
        FindingKind.IGNITION,
        FindingKind.NO_SYSTEM,
    }
)
"""After these nobody needs to wait for sshd."""


class Finding(Struct, frozen=True, kw_only=True):
    """Something on the console that is not as it should be."""

    kind: FindingKind
    line: int
    """Counted from 1."""
    text: str


class Health(Struct, frozen=True, kw_only=True):
    """What the system says of itself once it has started, and what the console says of it."""

    state: str
    """Of ``systemctl is-system-running``: ``running``, ``degraded``, ..."""
    os_id: str
    """ID of os-release."""
    version: str
    """VERSION_ID of os-release."""
    failed_units: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float
    """From the start of the script until the machine was ready."""

    @property
    def well(self) -> bool:
        """Whether kola would be content."""
        return self.state == "running" and self.os_id == "flatcar" and not self.findings


class CommandResult(Struct, frozen=True, kw_only=True):
    """A command that was run in the machine. The output is empty where it went to the terminal."""

    command: str
    status: int
    output: str = ""


class VmRun(Struct, frozen=True, kw_only=True):
    """What came of ``vm run``."""

    machine: Machine
    health: Health
    merged: tuple[str, ...] = ()
    """The system extensions that were put in and merged."""
    result: CommandResult | None = None


class ProgramState(StrEnum):
    """What a program did in the machine."""

    SPEAKS = "speaks"
    """It told its version, or its usage, and ended well."""
    STARTS = "starts"
    """It ran; it knows none of the options, or did not end by itself."""
    BROKEN = "broken"
    """It cannot be executed, lacks a library, or was ended by a signal."""
    ABSENT = "absent"
    """The image lacks it, although its package was put in."""


class ProgramCheck(Struct, frozen=True, kw_only=True):
    """One program of a new package, tried in the machine."""

    package: str
    """CPV."""
    path: str
    state: ProgramState
    command: str
    """As it was run last."""
    output: str
    """Its first line."""

    @property
    def works(self) -> bool:
        """Whether it is there and runs."""
        return self.state in (ProgramState.SPEAKS, ProgramState.STARTS)


class BootCheck(Struct, frozen=True, kw_only=True):
    """What the boot of a new image came to."""

    run: VmRun
    programs: tuple[ProgramCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether the system is well and every program runs."""
        return self.run.health.well and all(program.works for program in self.programs)
