"""Images made by the real tools, without root and without a mount, for the tests of overlaytool.image."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dissect.util.hash import crc32c

SECTOR = 512
USR_A = "7130c94a-213a-4e5a-8e26-6cce9662f132"
TOOLS = {
    "btrfs": ("mkfs.btrfs", "btrfs"),
    "ext2": ("mke2fs",),
    "ext4": ("mke2fs",),
    "squashfs": ("mksquashfs",),
    "erofs": ("mkfs.erofs", "fsck.erofs"),
    "vfat": ("mkfs.vfat", "mcopy"),
    "gpt": ("sgdisk",),
    "qcow2": ("qemu-img",),
    "verity": ("veritysetup",),
}
os.environ["PATH"] += os.pathsep + "/usr/sbin:/sbin"


def need(*kinds: str) -> None:
    """Skip where a tool is not installed; CI installs them all."""
    for kind in kinds:
        for tool in TOOLS[kind]:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


def run(*command: object) -> str:
    """A tool's output; its complaints are in the error."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def tree(root: Path) -> Path:
    """A directory with one of everything that a file system of an image has."""
    chance = random.Random(7)
    (root / "bin").mkdir(parents=True)
    (root / "lib/deep/er").mkdir(parents=True)
    (root / "empty-directory").mkdir()
    (root / "bin/htop").write_bytes(chance.randbytes(200_000))
    (root / "bin/htop").chmod(0o755)
    (root / "bin/su").write_bytes(b"#!/bin/sh\n" * 60)
    (root / "bin/su").chmod(0o4711)
    os.link(root / "bin/htop", root / "bin/top")
    (root / "lib/deep/er/words").write_bytes(b"the same words again and again\n" * 20_000)
    (root / "lib/small").write_bytes(b"small\n")
    (root / "lib/empty").write_bytes(b"")
    with (root / "lib/hole").open("wb") as file:
        file.seek(6 << 20)
        file.write(b"end")
        file.truncate(7 << 20)
    (root / "lib/to-words").symlink_to("deep/er/words")
    (root / "lib/absolute").symlink_to("/bin/htop")
    (root / "lib/long-link").symlink_to("x" * 200)
    (root / "loop").symlink_to("pool")
    (root / "pool").symlink_to("loop")
    (root / "lib/red \x1b[31m\nname").write_bytes(b"control characters\n")
    Path(os.fsdecode(bytes(root) + b"/lib/\xff\xfe")).write_bytes(b"not UTF-8\n")
    return root


def make(kind: str, root: Path, image: Path, *, size: int = 64 << 20) -> Path:
    """A file system of that kind with everything below ``root``."""
    need(kind)
    image.unlink(missing_ok=True)
    if kind in ("btrfs", "ext2", "ext4", "vfat"):
        with image.open("wb") as file:
            file.truncate(size)
    if kind == "btrfs":
        run("mkfs.btrfs", "-q", "--mixed", "-m", "single", "-d", "single", "-L", "usr", "-r", root, image)
    elif kind in ("ext2", "ext4"):
        run("mke2fs", "-q", "-t", kind, "-b", "4096", "-L", "ROOT", "-d", root, image)
    elif kind == "squashfs":
        run("mksquashfs", root, image, "-quiet", "-no-progress", "-noappend", "-comp", "zstd")
    elif kind == "erofs":
        run("mkfs.erofs", "-zlz4hc", image, root)
    else:
        run("mkfs.vfat", "-n", "EFI-SYSTEM", image)
        run("mcopy", "-s", "-i", image, *sorted(root.iterdir()), "::")
    return image


def disk(image: Path, parts: list[tuple[int, str, str, Path | None]], *, size: int = 256 << 20) -> Path:
    """A disk with a GPT and partitions of 2 MiB alignment: number, label, type's GUID or code, contents."""
    need("gpt")
    with image.open("wb") as file:
        file.truncate(size)
    words: list[object] = []
    for number, label, type_code, content in parts:
        length = max((content.stat().st_size if content else 0) + (1 << 20) - 1 >> 20, 2)
        words += ["-n", f"{number}:0:+{length}M", "-t", f"{number}:{type_code}", "-c", f"{number}:{label}"]
        if label == "USR-A":
            words += ["-u", f"{number}:{USR_A}", "-A", f"{number}:set:48", "-A", f"{number}:set:56"]
    run("sgdisk", "-o", "-a", "4096", *words, image)
    for number, _label, _type_code, content in parts:
        if content:
            first = run("sgdisk", "-i", number, image).split("First sector: ")[1].split()[0]
            with image.open("r+b") as target, content.open("rb") as source:
                target.seek(int(first) * SECTOR)
                shutil.copyfileobj(source, target)
    return image


def compress(image: Path) -> int:
    """Turn the plain extents of a btrfs into zstd-compressed ones, in place, and give their number.

    The extents keep their places and declared sizes: a shorter zstd frame with zeros behind it is what the
    kernel writes too. mkfs.btrfs compresses since 6.13 only.
    """
    from backports import zstd

    data = bytearray(image.read_bytes())
    node_size = struct.unpack_from("<I", data, 0x10000 + 0x94)[0]
    chunks = list(_chunks(data, node_size))
    changed = 0
    for at in range(0, len(data) - node_size, 4096):
        if data[at + 32 : at + 48] != data[0x10020:0x10030] or data[at + 100] != 0:
            continue
        header = struct.unpack_from("<QQ16sQQIB", data, at + 48)
        here = _physical(chunks, header[0])
        if here != at:
            continue
        for index in range(header[5]):
            _object, key_type, _offset, start, size = struct.unpack_from(
                "<QBQII", data, at + 101 + 25 * index
            )
            if key_type == 108 and size == 53 and data[at + 101 + start + 20] == 1:
                changed += _compress_one(data, at + 101 + start, chunks, zstd)
        data[at : at + 4] = struct.pack("<I", crc32c.crc32c(bytes(data[at + 32 : at + node_size])))
    image.write_bytes(data)
    return changed


def _compress_one(data: bytearray, item: int, chunks: list[tuple[int, int, int]], zstd: object) -> int:
    _generation, ram, compression = struct.unpack_from("<QQB", data, item)
    start, size, _offset, count = struct.unpack_from("<QQQQ", data, item + 21)
    if compression or not start or not ram == size == count:
        return 0
    place = _physical(chunks, start)
    assert place is not None
    packed: bytes = zstd.compress(bytes(data[place : place + size]))  # type: ignore[attr-defined]
    if len(packed) >= size:
        return 0
    data[place : place + size] = packed.ljust(size, b"\0")
    data[item + 16] = 3
    return 1


def _chunks(data: bytearray, node_size: int) -> Iterator[tuple[int, int, int]]:
    """Logical start, length, physical start of each chunk with a single stripe."""
    for at in range(0, len(data) - node_size, 4096):
        if data[at + 32 : at + 48] != data[0x10020:0x10030] or data[at + 100] != 0:
            continue
        owner, count = struct.unpack_from("<QI", data, at + 88)
        if owner != 3:
            continue
        for index in range(count):
            _object, key_type, offset, start, _size = struct.unpack_from(
                "<QBQII", data, at + 101 + 25 * index
            )
            if key_type == 228:
                chunk = at + 101 + start
                yield (
                    offset,
                    struct.unpack_from("<Q", data, chunk)[0],
                    struct.unpack_from("<Q", data, chunk + 56)[0],
                )


def _physical(chunks: list[tuple[int, int, int]], logical: int) -> int | None:
    return next((logical - a + p for a, length, p in chunks if a <= logical < a + length), None)
