"""Runs the start script in a run directory of its own, so that nothing of it is left behind."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from overlaytool.errors import PortTakenError, ToolMissingError, WriteError
from overlaytool.model.vm import Machine, VmOptions
from overlaytool.vm import acceleration, directory
from overlaytool.vm.acceleration import Chosen
from overlaytool.vm.script import PACKAGE, StartScript
from overlaytool.vm.ssh import HOST

IN_FRONT = Path(__file__).with_name("in_front.py")
OUTPUT = "qemu.log"
"""What script and QEMU say, in the run directory."""
ROOM = 256 * 2**20
"""Bytes that a machine writes in its first minutes, at the least."""


class Running:
    """A machine that this process has started."""

    def __init__(self, machine: Machine, process: subprocess.Popen[bytes], lock: IO[str]) -> None:
        self.machine = machine
        self.process = process
        self._lock = lock

    @property
    def directory(self) -> Path:
        """The run directory."""
        return Path(self.machine.directory)

    @property
    def console(self) -> Path:
        """The file that has the console."""
        return Path(self.machine.console)

    def ended(self) -> bool:
        """Whether the script has ended, and QEMU with it."""
        return self.process.poll() is not None

    def output(self) -> tuple[str, ...]:
        """What script and QEMU have said."""
        try:
            text = (self.directory / OUTPUT).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        return tuple(line for line in text.splitlines() if line.strip())

    def let_go(self) -> None:
        """Leave the machine to itself; the lock stays with it."""
        self._lock.close()


def start(script: StartScript, options: VmOptions, chosen: Chosen, state: Path) -> Running:
    """Start a machine. It boots when this returns; nothing is known of it yet.

    :raises PortTakenError: when the port that was asked for is taken.
    :raises LockedError: when a machine of that name is running.
    :raises WriteError: when the run directory cannot be written, or has no room.
    """
    port = free_port(options.port)
    place, lock = directory.make(state, options.name)
    try:
        if directory.free_bytes(place) < ROOM:
            raise WriteError(
                f"the disk is full: {directory.free_bytes(place) // 2**20} MiB are free at {place.parent}",
                details=(f"what the machine writes is kept there, {ROOM // 2**20} MiB at the least",),
                hint="XDG_STATE_HOME names another place",
            )
        directory.write_access(place)
        now = datetime.now(UTC)
        machine = Machine(
            name=place.name,
            board=script.board,
            script=str(script.path),
            port=port,
            acceleration=chosen.acceleration,
            reason=chosen.reason,
            console=str(directory.console_log(state, place.name, f"{now:%Y%m%d-%H%M%S}")),
            started=now.isoformat(timespec="seconds"),
            keep=options.keep,
            directory=str(place),
        )
        directory.save(machine)
        process = _popen(machine, _words(script, options, chosen, machine), lock)
        return Running(machine, process, lock)
    except BaseException:
        lock.close()
        shutil.rmtree(place, ignore_errors=True)
        raise


def check_qemu(script: StartScript) -> None:
    """There is a QEMU for the board.

    :raises ToolMissingError: when there is none.
    """
    if shutil.which(script.qemu) is None:
        raise ToolMissingError(
            f"no {script.qemu} on this machine, and {script.path.name} runs it",
            hint=f"install {PACKAGE[script.board]}",
        )


def free_port(wanted: int | None) -> int:
    """The port that was asked for, or one that is free now.

    :raises PortTakenError: when somebody listens there.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted or 0))
            listener.listen()
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
            raise PortTakenError(
                f"port {wanted} on {HOST} cannot be used: {reason}", hint="without --port a free one is taken"
            ) from error
        return int(listener.getsockname()[1])


def _words(script: StartScript, options: VmOptions, chosen: Chosen, machine: Machine) -> tuple[str, ...]:
    """The script with its options and QEMU's. The disk is only read: the first boot would use up Ignition."""
    for_script, for_qemu = acceleration.options(script, chosen)
    place = Path(machine.directory)
    return (
        *(
            str(script.path),
            *for_script,
            "-i",
            str(place / directory.IGNITION),
            "-p",
            str(machine.port),
            "--",
        ),
        *(
            "-snapshot",
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            f"file:{_escaped(machine.console)}",
        ),
        *for_qemu,
        *(("-m", str(options.memory)) if options.memory else ()),
        *options.qemu,
    )


def _escaped(path: str) -> str:
    """A path within one of QEMU's options, where a comma ends a value."""
    return path.replace(",", ",,")


def _popen(machine: Machine, words: Sequence[str], lock: IO[str]) -> subprocess.Popen[bytes]:
    """Start the script in a session of its own, with our QEMU before the others on its PATH."""
    place = Path(machine.directory)
    programs = place / "bin"
    programs.mkdir()
    ours = {} if machine.keep else {"end_with": None}
    _write_qemu(programs, {**ours, "pid_file": str(place / directory.PID), "loopback": True})
    settings = {} if machine.keep else {"end_with": os.getpid()}
    with (place / OUTPUT).open("wb") as output:
        return subprocess.Popen(
            (sys.executable, "-I", str(IN_FRONT), json.dumps(settings), *words),
            cwd=place,
            env={
                **os.environ,
                "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
                "TMPDIR": str(place / directory.TEMPORARY),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )


def _write_qemu(programs: Path, settings: dict[str, object]) -> None:
    """What the script finds as QEMU: a line that runs `in_front` before the real one."""
    for name in ("qemu-system-x86_64", "qemu-system-aarch64"):
        real = shutil.which(name)
        if real:
            words = (sys.executable, "-I", str(IN_FRONT), json.dumps(settings), real)
            file = programs / name
            file.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
            file.chmod(0o700)
