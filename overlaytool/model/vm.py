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


class Run(Struct, frozen=True, kw_only=True):
    """Characters of a terminal that follow each other and look the same."""

    text: str
    foreground: str = "default"
    """``default``, a colour's name as ``red`` or ``brightred``, or six hexadecimal digits."""
    background: str = "default"
    bold: bool = False
    underline: bool = False
    reverse: bool = False


class TerminalSession(Struct, frozen=True, kw_only=True):
    """A program at work on a terminal of the machine, as it looked after some seconds."""

    command: str
    """What was typed."""
    rows: tuple[tuple[Run, ...], ...]
    """From the top, without the empty ones at the end."""
    columns: int
    status: int | None
    """Its exit status where it had ended by then; None where it was still at work."""

    @property
    def text(self) -> str:
        """What can be read."""
        return "\n".join("".join(run.text for run in row).rstrip() for row in self.rows)

    @property
    def works(self) -> bool:
        """Whether it could be executed, and did not die of a signal."""
        return self.status is None or 0 <= self.status < 126


class BootCheck(Struct, frozen=True, kw_only=True):
    """What the boot of a new image came to."""

    run: VmRun
    programs: tuple[ProgramCheck, ...]
    session: TerminalSession | None = None
    """One of the programs at work; None where there is none to show, or nothing to take a picture with."""

    @property
    def passed(self) -> bool:
        """Whether the system is well and every program runs."""
        works = self.session is None or self.session.works
        return self.run.health.well and works and all(program.works for program in self.programs)
