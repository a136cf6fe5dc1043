"""Runs the start script, or QEMU, so that it ends with its parent and listens on this machine only.

usage: in_front.py SETTINGS COMMAND [ARGUMENT...]

A program of its own, run by its path: nothing of overlaytool is imported. SETTINGS is a JSON object:
``end_with`` has the id of the process that started this; with it, what is run is killed when its parent
ends, however that ends. ``pid_file`` gets the process id. ``loopback`` makes QEMU's port forwards listen
on 127.0.0.1, where the start scripts have ``hostfwd=tcp::PORT-:22``, which is every address of the host.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int | None) -> None:
    """Ask the kernel for SIGKILL when the parent ends; end now where it has ended already (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        sys.exit("overlaytool has ended")


def on_loopback(argument: str) -> str:
    """An argument of QEMU, with port forwards that only this machine can use."""
    return re.sub(r"hostfwd=(tcp|udp)::(?=\d+-)", r"hostfwd=\1:127.0.0.1:", argument)


def main(settings: str, command: list[str]) -> None:
    """Replace this process by the command."""
    wanted = json.loads(settings)
    if "end_with" in wanted:
        end_with_parent(wanted["end_with"])
    if wanted.get("pid_file"):
        with open(wanted["pid_file"], "w") as file:  # noqa: PTH123  pathlib takes as long to load as all the rest
            file.write(str(os.getpid()))
    if wanted.get("loopback"):
        command[1:] = map(on_loopback, command[1:])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
