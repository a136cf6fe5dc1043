"""The run directory of a machine: lock, SSH key, Ignition file, record. Nothing of it outlives the machine.

The lock's file descriptor is inherited by the start script and by QEMU. So the lock is held exactly as
long as something of the machine lives, whoever started it and however that ended; a directory whose lock
is free is left over, and whoever comes next removes it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from overlaytool.errors import LockedError, VmError, WriteError
from overlaytool.model.vm import Machine
from overlaytool.support import process
from overlaytool.support.lock import take

LOCK = "lock"
RECORD = "machine.json"
KEY = "key"
IGNITION = "config.ign"
PID = "qemu.pid"
TEMPORARY = "tmp"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
UNFINISHED = ".new-"
HALF_MADE = 60.0
"""Seconds after which a directory without a lock is nobody's any more."""
LOGS_KEPT = 20


def place(state: Path) -> Path:
    """Where the run directories are."""
    return state / "vm"


def make(state: Path, name: str | None) -> tuple[Path, IO[str]]:
    """A new run directory and its lock, which is to be inherited.

    :raises LockedError: when a machine of that name is running.
    :raises VmError: for a name that is none.
    :raises WriteError: when it cannot be written.
    """
    if name is not None and not NAME.fullmatch(name):
        raise VmError(
            f"{name!r} is no name for a machine", hint="letters, digits, dots and hyphens, 41 at most"
        )
    clean(state)
    try:
        place(state).mkdir(parents=True, exist_ok=True, mode=0o700)
        new = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=place(state)))
        lock = (new / LOCK).open("w")
        take(lock.fileno())
        (new / TEMPORARY).mkdir()
        return _named(new, name), lock
    except OSError as error:
        raise WriteError(f"{place(state)} cannot be written: {error.strerror}") from error


def _named(new: Path, name: str | None) -> Path:
    """Give a finished directory its name; without one, the first that is free."""
    for candidate in [name] if name else [f"vm{number}" for number in range(1, 1000)]:
        target = new.parent / candidate
        try:
            new.rename(target)
        except OSError:
            continue
        return target
    shutil.rmtree(new, ignore_errors=True)
    raise LockedError(
        f"a machine {name} is running already",
        hint=f"overlaytool vm stop {name} ends it; --name gives another name",
    )


def is_alive(directory: Path) -> bool:
    """Whether something of its machine lives."""
    try:
        with (directory / LOCK).open("r+") as file:
            if not take(file.fileno()):
                return True
    except OSError:  # there is no lock yet, or it cannot be opened
        pass
    return directory.name.startswith(UNFINISHED) and _age(directory) < HALF_MADE


def _age(directory: Path) -> float:
    try:
        return time.time() - directory.stat().st_mtime
    except OSError:
        return HALF_MADE


def clean(state: Path) -> None:
    """Remove what machines that ended without their overlaytool have left."""
    for directory in _directories(state):
        if not is_alive(directory):
            shutil.rmtree(directory, ignore_errors=True)


def _directories(state: Path) -> Iterator[Path]:
    try:
        entries = sorted(place(state).iterdir())
    except OSError:
        return
    yield from (entry for entry in entries if entry.is_dir() and entry.name != "logs")


def save(machine: Machine) -> None:
    """Write the record.

    :raises WriteError: when that is not possible.
    """
    path = Path(machine.directory) / RECORD
    try:
        path.write_text(json.dumps(msgspec.to_builtins(machine), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error


def running(state: Path) -> tuple[Machine, ...]:
    """The machines that live, by name."""
    return tuple(machine for entry in _directories(state) if is_alive(entry) and (machine := _load(entry)))


def named(state: Path, name: str | None) -> Machine:
    """The machine of that name; without a name, the only one.

    :raises VmError: when there is none, or more than one.
    """
    machines = running(state)
    chosen = [machine for machine in machines if name in (None, machine.name)]
    if len(chosen) == 1:
        return chosen[0]
    known = tuple(f"{machine.name} on port {machine.port}: {machine.script}" for machine in machines)
    if name is None and machines:
        raise VmError("more than one machine is running", details=known, hint="say which")
    which = f"machine {name}" if name else "machine"
    raise VmError(
        f"no {which} is running", details=known, hint="overlaytool vm run --keep starts one that stays"
    )


def _load(directory: Path) -> Machine | None:
    try:
        return msgspec.json.decode((directory / RECORD).read_bytes(), type=Machine)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def pid(directory: Path) -> int | None:
    """QEMU's process; None before it has started."""
    try:
        return int((directory / PID).read_text())
    except (OSError, ValueError):
        return None


def write_access(directory: Path) -> None:
    """An SSH key for this machine alone, and an Ignition file (3.3.0, which both releases read) with it.

    :raises WriteError: when they cannot be written.
    :raises ToolMissingError: when there is no ssh-keygen.
    """
    key = directory / KEY
    done = process.run(
        ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "overlaytool", "-f", key), timeout=60
    )
    if not done.ok:
        raise WriteError(f"no SSH key can be made in {directory}", details=done.output[-3:])
    try:
        public = key.with_suffix(".pub").read_text(encoding="utf-8").strip()
        user = {"name": "core", "sshAuthorizedKeys": [public]}
        config = {"ignition": {"version": "3.3.0"}, "passwd": {"users": [user]}}
        (directory / IGNITION).write_text(json.dumps(config), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{directory / IGNITION} cannot be written: {error.strerror}") from error


def console_log(state: Path, name: str, moment: str) -> Path:
    """A new file for a console, which stays when the machine has ended; the oldest ones go.

    :raises WriteError: when the directory cannot be made.
    """
    logs = place(state) / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        kept = sorted(logs.glob("*.console"), key=lambda file: file.stat().st_mtime)
        for old in kept[: max(0, len(kept) - LOGS_KEPT + 1)]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{logs} cannot be written: {error.strerror}") from error
    return logs / f"{moment}-{name}.console"


def free_bytes(directory: Path) -> int:
    """Room for what the machine writes: QEMU keeps it in the run directory."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize
