"""Read a disk image without mounting it: its GPT, and the ext4 file system in a partition."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

SECTOR = 512


def partitions(disk: Path) -> dict[str, tuple[int, int]]:
    """Names of the GPT's partitions, with first byte and size (UEFI specification 2.10, chapter 5.3)."""
    found = {}
    with disk.open("rb") as stream:
        stream.seek(SECTOR)
        header = stream.read(92)
        assert header[:8] == b"EFI PART", f"{disk} has no GPT"
        start, count, size = struct.unpack_from("<QII", header, 72)
        stream.seek(start * SECTOR)
        for _ in range(count):
            entry = stream.read(size)
            first, last = struct.unpack_from("<QQ", entry, 32)
            if first:
                name = entry[56:128].decode("utf-16-le").rstrip("\0")
                found[name] = (first * SECTOR, (last - first + 1) * SECTOR)
    return found


def extract(disk: Path, name: str, output: Path) -> None:
    """Write one partition into a file."""
    first, size = partitions(disk)[name]
    with disk.open("rb") as stream, output.open("wb") as file:
        stream.seek(first)
        while size > 0:
            chunk = stream.read(min(size, 1 << 20))
            file.write(chunk)
            size -= len(chunk)


def read_file(file_system: Path, path: str) -> bytes:
    """A file in an ext4 file system; nothing where there is none."""
    return subprocess.run(
        ["debugfs", "-R", f"cat {path}", str(file_system)], capture_output=True, timeout=60, check=True
    ).stdout
