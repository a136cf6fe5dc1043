"""Ends a machine and removes its files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from overlaytool.errors import VmError
from overlaytool.model.vm import Machine
from overlaytool.support import process
from overlaytool.vm import directory
from overlaytool.vm.start import Running

PATIENCE = 10.0
"""Seconds between SIGTERM, on which QEMU ends in order, and SIGKILL."""


def end(running: Running) -> None:
    """End a machine of our own, whatever state it is in. The disk is a snapshot: there is nothing to save."""
    with process.uninterrupted():
        number = directory.pid(running.directory)
        if running.process.poll() is None:
            _signal(number, signal.SIGTERM)
            _wait_for(running.directory, PATIENCE if number else 0.0)
        _kill_session(running.process.pid)
        with suppress(ChildProcessError, subprocess.TimeoutExpired):
            running.process.wait(PATIENCE)
        running.let_go()
        shutil.rmtree(running.directory, ignore_errors=True)


def stop(machine: Machine) -> None:
    """End a machine that somebody started with ``--keep``, or that another overlaytool is using.

    :raises VmError: when it does not end.
    """
    place = Path(machine.directory)
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(directory.pid(place), number)
        if _wait_for(place, PATIENCE):
            shutil.rmtree(place, ignore_errors=True)
            return
    raise VmError(
        f"{machine.name} does not end",
        details=(f"process {directory.pid(place)}",),
        hint="it belongs to another user?",
    )


def _wait_for(place: Path, patience: float) -> bool:
    """Wait until nothing of the machine lives; our own hold on the lock does not count, so look for QEMU."""
    number = directory.pid(place)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if number is None or not _lives(number):
            return True
        time.sleep(0.05)
    return False


def _lives(number: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _signal(number: int | None, which: signal.Signals) -> None:
    if number is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, which)


def _kill_session(leader: int) -> None:
    """What is left of the script's session: the script itself, swtpm, a QEMU that did not end."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
