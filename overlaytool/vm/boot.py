"""Waits until a machine is ready, as kola does, or says why it never will be."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from overlaytool.errors import BootError, HungError, OverlaytoolError, PortTakenError, WriteError
from overlaytool.model.vm import Acceleration, Health, VmOptions
from overlaytool.vm import acceleration, console, directory, ssh, start
from overlaytool.vm.acceleration import Chosen
from overlaytool.vm.end import end
from overlaytool.vm.script import StartScript
from overlaytool.vm.start import Running

TIMEOUTS = {Acceleration.KVM: 180.0, Acceleration.EMULATION: 600.0}
"""Seconds from the start until the system has left ``starting``."""
QUIET = 0.4
"""The part of that time for which the console may say nothing while no sshd answers."""
ASK = 15.0
"""Seconds of one question about the system's state; in between the console is looked at."""
LOOK_EVERY = 0.5
SPARE = 16 * 2**20
"""Bytes; with less, QEMU halts the machine as soon as it writes."""
KVM_FAILS = ("KVM internal error", "error: kvm run failed")
"""QEMU says so, and then stands still for ever."""
TRIES = 3
"""How often it is started, where a free port was taken in between or QEMU crashed."""
CRASHES = (signal.SIGSEGV, signal.SIGABRT)
"""What ends QEMU by a fault of its own. Emulation of several processors has such faults, at random."""

Tell = Callable[[str], None]


class StuckError(BootError):
    """The machine stands still. With KVM that may be KVM's fault, so it is worth a try without."""


class CrashedError(BootError):
    """QEMU crashed. The image is not the reason, so it is worth another try."""


def boot(script: StartScript, options: VmOptions, state: Path, tell: Tell) -> tuple[Running, Health]:
    """Start a machine and wait until it is ready. Where KVM fails on the way, it is started again without.

    :raises VmError: when it cannot be started.
    :raises ToolMissingError: when there is no QEMU for the board.
    :raises BootError: when it never gets ready.
    """
    start.check_qemu(script)
    chosen = acceleration.choose(script, options.acceleration, state)
    try:
        return _attempt(script, options, chosen, state, tell)
    except StuckError as error:
        if chosen.acceleration is not Acceleration.KVM or options.acceleration is Acceleration.KVM:
            raise
        reason = f"KVM failed while booting: {error.message}"
        acceleration.remember(script, reason, state)
        without = Chosen(acceleration=Acceleration.EMULATION, reason=reason)
        return _attempt(script, options, without, state, tell)


def _attempt(
    script: StartScript, options: VmOptions, chosen: Chosen, state: Path, tell: Tell
) -> tuple[Running, Health]:
    how = "with KVM" if chosen.acceleration is Acceleration.KVM else "under software emulation"
    tell(f"booting {script.path.name} {how}: {chosen.reason}")
    patience = options.timeout or TIMEOUTS[chosen.acceleration]
    for remaining in reversed(range(TRIES)):
        running = start.start(script, options, chosen, state)
        tell(f"{running.machine.name}: its console goes to {running.console}")
        try:
            return running, wait(running, patience)
        except PortTakenError:
            end(running)
            if options.port or not remaining:
                raise
        except CrashedError as error:
            end(running)
            if not remaining:
                raise
            tell(f"{error.message}; starting it again")
        except BaseException:
            end(running)
            raise
    raise AssertionError("unreachable")


def wait(running: Running, patience: float) -> Health:
    """Wait until the machine is ready.

    :param patience: seconds.
    :raises BootError: when it ends, panics, stands still, or is not ready in time.
    :raises WriteError: when the disk is full.
    """
    began = time.monotonic()
    said, last_word = 0, began
    while (remaining := began + patience - time.monotonic()) > 0:
        check(running)
        if ssh.answers(running.machine.port, patience=min(5.0, remaining)):
            last_word = time.monotonic()
            found = _ask(running, min(ASK, remaining))
            if found:
                return _health(running, found, time.monotonic() - began)
        if console.size(running.console) != said:
            said, last_word = console.size(running.console), time.monotonic()
        if time.monotonic() - last_word > QUIET * patience:
            raise _never_ready(running, time.monotonic() - began, quiet=time.monotonic() - last_word)
        time.sleep(LOOK_EVERY)
    raise _never_ready(running, patience)


def check(running: Running) -> None:
    """Refuse to wait for a machine that can no longer become ready.

    :raises BootError: when the machine has ended or cannot come up any more.
    :raises WriteError: when the disk is full.
    """
    if running.ended():
        raise _ended(running)
    broken = next((line for line in running.output() if line.startswith(KVM_FAILS)), None)
    if broken:
        raise StuckError(f"QEMU cannot go on with KVM: {broken}", details=running.output()[:4])
    found = console.fatal(running.console)
    if found:
        raise BootError(
            f"{running.machine.name} does not come up: {found.kind}",
            details=(*console.around(running.console, found), *running.output()[-3:]),
            hint=f"the whole console: {running.console}",
        )
    if directory.free_bytes(running.directory) < SPARE:
        raise full(running)


def full(running: Running) -> WriteError:
    """The host's disk is full, and the machine stands still."""
    return WriteError(
        f"the disk is full, and {running.machine.name} with it",
        details=(f"what the machine writes is kept in {running.directory}",),
        hint="make room there; XDG_STATE_HOME names another place",
    )


def _ask(running: Running, patience: float) -> dict[str, list[str]] | None:
    """What the system says of itself; None while it is starting."""
    try:
        return ssh.state(running.machine, patience=max(1.0, patience))
    except HungError:
        return None


def _health(running: Running, found: dict[str, list[str]], seconds: float) -> Health:
    return Health(
        state="".join(found["state"][:1]),
        os_id="".join(found["id"][:1]),
        version="".join(found["version"][:1]),
        failed_units=tuple(sorted(found["failed"])),
        findings=console.search(running.console),
        seconds=round(seconds, 1),
    )


def health_now(running: Running, before: Health) -> Health:
    """The health with what the console has said since."""
    return replace(before, findings=console.search(running.console))


def _ended(running: Running) -> OverlaytoolError:
    """Why QEMU, or the script, ended by itself."""
    said, name = running.output(), Path(running.machine.script).name
    status = running.process.returncode
    taken = next((line for line in said if "forwarding rule" in line), None)
    if taken:
        return PortTakenError(
            f"port {running.machine.port} was taken by somebody else", details=(taken,), hint="try again"
        )
    if any("No space left" in line for line in said):
        return full(running)
    ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    crashed = any(status in (-number, 128 + number) for number in CRASHES)  # 128: a shell says so
    return (CrashedError if crashed else BootError)(
        f"{running.machine.name} is gone: {name} {ended}",
        details=said[-6:] or console.last(running.console),
        hint=f"the console: {running.console}" if console.last(running.console) else None,
    )


def _never_ready(running: Running, seconds: float, *, quiet: float = 0.0) -> BootError:
    """The error at the end of the wait.

    :param seconds: since the start.
    :param quiet: seconds since the console's last word, where that is the reason.
    """
    name, last = running.machine.name, console.last(running.console)
    if not last:
        return StuckError(
            f"{name} has said nothing in {seconds:.0f} s",
            details=running.output()[-6:],
            hint="its console is the first serial port: does the image's boot loader know of it?",
        )
    details = ("the console's last lines:", *last)
    hint = f"the whole console: {running.console}; --timeout SECONDS waits longer"
    if quiet:
        return StuckError(
            f"{name} stands still: no sshd answers, and its console has said nothing for {quiet:.0f} s",
            details=details,
            hint=hint,
        )
    if not ssh.answers(running.machine.port):
        return BootError(f"{name} has no sshd that answers after {seconds:.0f} s", details=details, hint=hint)
    jobs = ssh.jobs(running.machine)
    if jobs:
        details = ("systemd is waiting for:", *jobs[: console.LAST])
    return BootError(f"{name} is not done starting after {seconds:.0f} s", details=details, hint=hint)
