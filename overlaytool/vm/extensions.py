"""Put system extensions into a machine and have systemd-sysext merge them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlaytool.errors import HungError, VmError
from overlaytool.model.vm import Machine
from overlaytool.vm import ssh

PLACE = "/etc/extensions"
"""Where systemd-sysext looks on a Flatcar machine, and what survives an update."""

SECONDS = 180.0
"""Verity is checked block by block, which takes long where QEMU emulates."""


def merge(machine: Machine, images: Sequence[tuple[Path, str]]) -> tuple[str, ...]:
    """Copy the images and merge them; their names.

    :param images: files, each with the name that its extension-release has: systemd merges it under no other.

    :raises VmError: when systemd-sysext refuses one of them, with its words.
    """
    names = [name for _, name in images]
    for image, name in images:
        ssh.send(machine, image, f"{PLACE}/{name}.raw")
    try:
        done = ssh.run(machine, ("sudo systemd-sysext refresh",), timeout=SECONDS)
        status = ssh.run(machine, ("systemd-sysext status --no-legend --no-pager",), timeout=SECONDS)
    except HungError as error:
        raise VmError(
            f"systemd-sysext in {machine.name} did not merge {', '.join(names)} in {SECONDS:.0f} s",
            hint=f"the console: {machine.console}",
        ) from error
    merged = {word for line in status.output if line.startswith("/usr") for word in line.split()[1:]}
    merged |= {line.strip() for line in status.output if line.startswith(" ")}
    refused = [name for name in names if name not in merged]
    if not done.ok or refused:
        raise VmError(
            f"systemd-sysext in {machine.name} does not merge {', '.join(refused or names)}",
            details=done.output[-6:] or status.output[-6:],
            hint="overlaytool sysext check FILE --image IMAGE says why",
        )
    return tuple(names)
