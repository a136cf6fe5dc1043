"""What tests that boot share: the stand-in for Flatcar, extensions, and what a machine leaves on the host."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from support import FIXTURES, ROOT

from overlaytool.errors import HungError
from overlaytool.support import process

STAND_IN = ROOT / "tests/vm/stand_in"
PROGRAMS = ("qemu-system-x86_64", "mmdebstrap", "syslinux", "mcopy", "mkfs.btrfs", "mksquashfs", "ssh")


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


def make_ddi(place: Path, name: str, release: str, script: str) -> Path:
    """The same as a signed DDI, as systemd-repart lays it out; its certificate is beside it, ``.raw.crt``."""
    make_sysext(place, name, release, script).unlink()
    library = FIXTURES / "flatcar-mini/build_library/sysext_util.sh"
    image = place / f"{name}.raw"
    call(
        "bash",
        "-c",
        f"set -e; PATH=$PATH:/usr/sbin:/sbin; source {library}; write_ddi {place}/{name}-root {image} lz4hc",
    )
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


@pytest.fixture(scope="session")
def stand_in_root() -> Path:
    """The stand-in system as a tarball. It is made once on a machine, and again when its recipe changes."""
    missing = [
        name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    ]
    if missing or os.geteuid() != 0:
        reason = f"needs root and {', '.join(missing or PROGRAMS)}"
        if os.environ.get("CI"):
            pytest.fail(f"CI {reason}")
        pytest.skip(reason)
    digest = hashlib.sha256()
    for path in sorted(file for file in STAND_IN.rglob("*") if file.is_file() and file.name != "disk"):
        digest.update(f"{path.relative_to(STAND_IN)}\0".encode() + path.read_bytes())
    tar = Path(f"/var/tmp/overlaytool-stand-in-{digest.hexdigest()[:16]}.tar")
    with Path("/var/tmp/overlaytool-stand-in.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            new = tar.with_suffix(".new.tar")
            call(STAND_IN / "root", new)
            new.rename(tar)
    return tar


def call(*words: str | Path, limit: float = 420) -> None:
    """Run a program; a failure fails the test with what it said. At the limit all that it started ends too.

    :param limit: seconds; less than pytest's own, which would end the program alone.
    """
    try:
        done = process.run(words, timeout=limit)
    except HungError:
        pytest.fail(f"{words[0]} was not done after {limit:.0f} s")
    if not done.ok:
        pytest.fail(f"{words[0]}:\n{done.text}")
