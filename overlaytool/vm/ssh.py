"""Runs commands and a shell in a machine, and copies files into it, over its sshd."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from overlaytool.errors import BootError, HungError, VmError
from overlaytool.model.vm import Machine
from overlaytool.support import process
from overlaytool.support.process import Completed, Line
from overlaytool.vm import directory

USER = "core"
HOST = "127.0.0.1"
BROKEN = 255
"""ssh's own exit status; a command may end with it too."""
ANSWER = 60.0
"""Seconds for a command that has little to do: a login takes ten where QEMU emulates on a busy host."""
SLOWEST = 100_000
"""Bytes a second that get into a machine in any case."""
STARTING = ("starting", "initializing", "")
READY = """
n=0; while [ $n -lt {patience} ]; do
  state=$(systemctl is-system-running 2>/dev/null)
  case $state in starting|initializing|'') sleep 0.5; n=$((n + 1)) ;; *) break ;; esac
done
. /etc/os-release
printf 'state=%s\\nid=%s\\nversion=%s\\n' "$state" "$ID" "$VERSION_ID"
systemctl list-units --failed --plain --no-legend --no-pager | sed -n 's/ .*//;s/^/failed=/p'
"""


def command(machine: Machine, words: Sequence[str] = (), *, terminal: bool = False) -> tuple[str, ...]:
    """The ssh command; a single word is a line for the machine's shell, more are passed on as they are."""
    key = Path(machine.directory) / directory.KEY
    options = (
        "BatchMode=yes",
        "ConnectTimeout=20",
        "IdentitiesOnly=yes",
        "LogLevel=ERROR",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=8",
        "StrictHostKeyChecking=no",  # the host key is made at each boot, so nothing is known of it
        "UserKnownHostsFile=/dev/null",
    )
    remote = tuple(words) if len(words) < 2 else (shlex.join(words),)
    return (
        *("ssh", "-F", "none", "-i", str(key), "-p", str(machine.port)),
        *(word for option in options for word in ("-o", option)),
        *(("-t",) if terminal else ()),
        f"{USER}@{HOST}",
        *(("--", *remote) if remote else ()),
    )


def run(
    machine: Machine,
    words: Sequence[str],
    *,
    timeout: float | None = None,
    source: Path | None = None,
    line: Line | None = None,
    watch: Callable[[], None] | None = None,
) -> Completed:
    """Run a command, its output as lines.

    :param source: a file that the command gets as its standard input.
    :param watch: is called four times a second; what it raises ends the command.
    :raises HungError: when the time is up.
    :raises ToolMissingError: when there is no ssh.
    """
    return process.run(command(machine, words), timeout=timeout, source=source, line=line, watch=watch)


def send(machine: Machine, file: Path, target: str) -> None:
    """Copy a file of the host into the machine, as root: over ssh, which needs nothing of the start script.

    :raises VmError: when it does not get there.
    """
    if not file.is_file():
        raise VmError(f"no file {file}")
    name = shlex.quote(target)
    script = f'sudo mkdir -p "$(dirname {name})" && sudo tee {name} >/dev/null && sudo stat -c %s {name}'
    seconds = ANSWER + file.stat().st_size / SLOWEST
    try:
        done = run(machine, (script,), source=file, timeout=seconds)
    except HungError as error:
        raise VmError(f"{file} did not get to {target} in {machine.name} in {seconds:.0f} s") from error
    if not done.ok or done.output[-1:] != (str(file.stat().st_size),):
        raise VmError(f"{file} could not be copied to {target} in {machine.name}", details=done.output[-5:])


def jobs(machine: Machine) -> tuple[str, ...]:
    """What systemd has not done yet, a unit a line; nothing where it cannot be asked."""
    try:
        done = run(machine, ("systemctl list-jobs --plain --no-legend --no-pager",), timeout=ANSWER)
    except HungError:
        return ()
    return tuple(line.strip() for line in done.output) if done.ok else ()


def answers(port: int, patience: float = 5.0) -> bool:
    """Whether an sshd says its name. QEMU accepts connections before anybody in the machine does."""
    try:
        with socket.create_connection((HOST, port), timeout=patience) as connection:
            connection.settimeout(patience)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def state(machine: Machine, *, patience: float) -> dict[str, list[str]] | None:
    """What the system says of itself once it has left ``starting``; None until then.

    :param patience: seconds that the system may still be starting.
    :raises BootError: when it lets nobody in.
    """
    done = run(machine, (READY.format(patience=max(1, int(patience * 2))),), timeout=patience + ANSWER)
    if not done.ok:
        if any("Permission denied" in text for text in done.output):
            raise BootError(
                f"the sshd of {machine.name} refuses the key of this run",
                details=done.output[-3:],
                hint="Ignition has not run: the image was started before, without -snapshot; build it again",
            )
        return None
    found: dict[str, list[str]] = {"state": [], "id": [], "version": [], "failed": []}
    for text in done.output:
        name, equals, value = text.partition("=")
        if equals and name in found:
            found[name].append(value)
    return None if "".join(found["state"]) in STARTING else found
