"""Runs inside the SDK container: end what a build started there, and only that.

A client that is gone leaves its command running in the container. The command had written its line of
/proc/PID/stat to a file; from there go its descendants, and its session, which holds those whose parent has
ended. This file is handed to the container's own python3 as text, so it imports nothing of overlaytool.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 4.0
"""Seconds after SIGTERM; the same again after SIGKILL."""


@dataclass(frozen=True)
class Process:
    """What /proc/PID/stat says (see proc_pid_stat(5))."""

    pid: int
    parent: int
    session: int
    started: int
    zombie: bool


def parse(line: str) -> Process:
    """One line of /proc/PID/stat; the program's name in it may hold spaces and parentheses."""
    pid, _, rest = line.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        session=int(fields[3]),
        started=int(fields[19]),
        zombie=fields[0] in "ZX",
    )


def running(proc: Path = Path("/proc")) -> dict[int, Process]:
    """Every process by its id."""
    found = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                process = parse((entry / "stat").read_text(errors="replace"))
            except (OSError, ValueError, IndexError):
                continue  # it has ended meanwhile
            if not process.zombie:
                found[process.pid] = process
    return found


def family(root: Process, processes: dict[int, Process]) -> set[int]:
    """The recorded process, its descendants, and the rest of its session."""
    if root.pid in processes and processes[root.pid].started != root.started:
        return set()  # another process has got the id since: the recorded one ended long ago
    members = {pid for pid, process in processes.items() if process.session == root.session}
    members |= {root.pid} & processes.keys()
    while True:
        more = {pid for pid, process in processes.items() if process.parent in members} - members
        if not more:
            return members - {1, os.getpid()}
        members |= more


def main(record: Path) -> int:
    """End the family of the recorded process: SIGTERM, then SIGKILL. 0 when nothing of it is left."""
    try:
        root = parse(record.read_text())
    except (OSError, ValueError, IndexError):
        return 0
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE
        signalled: set[int] = set()
        while members := family(root, running()):
            for pid in members - signalled:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            signalled |= members
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
    record.unlink(missing_ok=True)
    return 1 if family(root, running()) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
