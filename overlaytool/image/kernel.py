"""What is in a vmlinuz: its version, the root hash of /usr in it, its configuration and its built-in initrd.

On amd64 it is a bzImage (Documentation/arch/x86/boot.rst), whose header says where the compressed kernel is;
on arm64 an Image, which is not compressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from overlaytool.errors import ImageError
from overlaytool.image.cpio import MAGICS, CpioReader
from overlaytool.image.disk import decompress
from overlaytool.image.filesystem import FileSystem

BUDGET = 60 << 20
"""Bytes: there have to be two kernels in the EFI system partition, and updates of them."""
MOST_UNPACKED = 512 << 20
AMD64_HASH, ARM64_HASH = 64, 512
"""Where build_image writes the root hash of /usr into the kernel, as 64 ASCII bytes."""
ROOT_HASH = re.compile(rb"[0-9a-f]{64}")
BANNER = re.compile(rb"Linux version ([0-9][!-~]+)")
CONFIG_MARK = b"IKCFG_ST"
PACKED = re.compile(rb"\xfd7zXZ\0|\x1f\x8b\x08|\x28\xb5\x2f\xfd|BZh[1-9]1AY|\x5d\0\0.\0")
ARCHIVE = re.compile(rb"07070[12][0-9a-fA-F]{104}")
MOST_TRIES = 2000
"""Places in a kernel that look like the beginning of something compressed."""


class Kernel(Struct, frozen=True, kw_only=True):
    """What one vmlinuz says."""

    architecture: str
    """``amd64`` or ``arm64``, ``unknown`` for anything else."""
    version: str
    """``6.12.40-flatcar``; empty where it does not say."""
    size: int
    root_hash: str
    """Empty where there is none."""
    config: str
    """The kernel's configuration as IKCONFIG keeps it; empty where there is none."""


def read(data: bytes) -> tuple[Kernel, FileSystem | None]:
    """What a vmlinuz says, and the initrd in it, None where there is none.

    :raises ImageError: when it is no kernel of amd64 or arm64, or is cut off.
    """
    if data[0x202:0x206] == b"HdrS":
        architecture, plain = "amd64", _payload(data)
        at = AMD64_HASH
        start = int.from_bytes(data[0x20E:0x210], "little") + 0x200
        version = data[start : start + 128].split(b"\0")[0].split(b" ")[0] if start > 0x200 else b""
    elif data[0x38:0x3C] == b"ARMd":
        architecture, plain, at, version = "arm64", data, ARM64_HASH, b""
    else:
        raise ImageError(
            "this is no Linux kernel of amd64 or arm64",
            details=(f"{len(data):,} bytes, which begin with {data[:16].hex(' ') or 'nothing'}",),
        )
    if not version and (banner := BANNER.search(plain)):
        version = banner[1]
    root_hash = ROOT_HASH.fullmatch(data[at : at + 64])
    kernel = Kernel(
        architecture=architecture,
        version=version.decode("ascii", "replace"),
        size=len(data),
        root_hash=root_hash[0].decode() if root_hash else "",
        config=_config(plain),
    )
    return kernel, _initrd(plain)


def _payload(data: bytes) -> bytes:
    """The kernel inside a bzImage, unpacked."""
    setup_sectors = data[0x1F1] or 4
    offset = int.from_bytes(data[0x248:0x24C], "little") + (setup_sectors + 1) * 512
    size = int.from_bytes(data[0x24C:0x250], "little")
    if not size or offset + size > len(data):
        raise ImageError(
            "the kernel is cut off",
            details=(f"its header declares {offset + size:,} bytes and {len(data):,} are there",),
        )
    payload = data[offset : offset + size]
    plain = decompress(payload, most=MOST_UNPACKED)
    return payload if plain is None else plain


def _config(plain: bytes) -> str:
    at = plain.find(CONFIG_MARK)
    if at < 0:
        return ""
    packed = plain[at + len(CONFIG_MARK) :]
    return (decompress(packed[: 4 << 20], most=16 << 20) or b"").decode(errors="replace")


def _initrd(plain: bytes) -> FileSystem | None:
    """The archive that is built in, plain or compressed. The kernel's own empty one has three entries."""
    best: bytes = b""
    for archive in _archives(plain):
        if len(archive) > len(best):
            best = archive
    return FileSystem(CpioReader(best)) if best else None


def _archives(plain: bytes) -> Iterator[bytes]:
    for number, found in enumerate(PACKED.finditer(plain)):
        if number > MOST_TRIES:
            return
        rest = memoryview(plain)[found.start() :]
        try:
            if not (decompress(bytes(rest[: 1 << 16]), most=6) or b"").startswith(MAGICS):
                continue
            yield decompress(bytes(rest), most=MOST_UNPACKED) or b""
        except ImageError:
            continue  # bytes of code or data that look like the beginning of something compressed
    if found_plain := ARCHIVE.search(plain):
        yield plain[found_plain.start() :]
