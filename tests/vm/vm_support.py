"""What the tests of this directory share: extensions, and what a machine leaves on the host."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path


def make_sysext(place: Path, name: str, release: str, script: str) -> Path:
    """A system extension in a plain squashfs, with one program, a shell script of its name."""
    root = place / f"{name}-root"
    directory = root / "usr/lib/extension-release.d"
    directory.mkdir(parents=True)
    (directory / f"extension-release.{name}").write_text(release)
    program = root / "usr/bin" / name
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    image = place / f"{name}.raw"
    subprocess.run(["mksquashfs", root, image, "-quiet", "-no-progress", "-all-root"], check=True)
    return image


def listeners(port: int) -> list[str]:
    """The IPv4 addresses on which somebody listens on a port (proc(5), /proc/net/tcp, state 0A)."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, _, state = line.split()[1:4]
        host, number = address.split(":")
        if state == "0A" and int(number, 16) == port:
            found.append(socket.inet_ntoa(int(host, 16).to_bytes(4, "little")))
    return found


def machines(home: Path) -> list[str]:
    """The QEMUs that have something below this home directory on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "qemu-system" in words[0] and any(str(home) in word for word in words):
            found.append(" ".join(words))
    return found
