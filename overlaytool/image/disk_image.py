"""What a disk of Flatcar holds: its partitions, the files of the base image, the kernel, what lies inside."""

from __future__ import annotations

import bz2
from collections.abc import Callable
from typing import BinaryIO

from msgspec.structs import replace

from overlaytool.errors import ImageError
from overlaytool.image import extension, packages, partitions, reports, verity
from overlaytool.image.disk import length, magic
from overlaytool.image.filesystem import FileSystem, kind_of, open_filesystem
from overlaytool.image.findings import Findings
from overlaytool.model.image import (
    Budget,
    Component,
    ContentKind,
    FileEntry,
    FileKind,
    Partition,
    PartitionContent,
    VerityCheck,
    bytes_in,
)

PLACES = {"EFI-SYSTEM": "boot", "USR-A": "usr", "OEM": "oem", "ROOT": ""}
"""Where a partition is in the running system, by its label; the reports see it there too."""
USR_DATA = 1_065_345_024
"""Bytes of /usr that verity covers (fs_blocks of disk_layout.json): an update has to fit into it."""
KERNEL = "flatcar/vmlinuz-a"
REAL_INITRD = "lib/flatcar/bootengine.img"
MOST_KERNEL = 256 << 20
EXTENSION_PLACES = (("USR-A", "share/flatcar/sysext/"), ("OEM", "sysext/"))


def read(stream: BinaryIO, found: Findings) -> None:
    """Take in all that a disk of Flatcar holds; what cannot be read is written down as unread.

    :raises ImageError: when there is no partition table, or it is damaged.
    """
    files: list[FileEntry] = []
    for partition in partitions.read(stream):
        content = partitions.content(stream, partition)
        about = PartitionContent(partition=partition, content=ContentKind.UNREADABLE)
        with found.part(f"partition {partition.number} ({partition.label})"):
            about, entries = _partition(partition, content, found)
            place = PLACES.get(partition.label)
            if place is not None:
                files += _placed(entries, place, partition.number)
        found.partitions.append(about)
    files.sort(key=lambda entry: entry.path)
    found.components.insert(
        0, Component(name="base", source=f"partitions of {found.subject}", files=tuple(files))
    )


def _placed(entries: list[FileEntry], place: str, number: int) -> list[FileEntry]:
    """Files where they are in the running system, with inode numbers that differ between partitions."""
    return [
        replace(
            entry,
            path=f"{place}/{entry.path}" if place else entry.path,
            inode=number << 56 | entry.inode if entry.inode else 0,
        )
        for entry in entries
    ]


def _partition(
    partition: Partition, content: BinaryIO, found: Findings
) -> tuple[PartitionContent, list[FileEntry]]:
    if kind_of(content) is None:
        empty = not any(magic(content, 0, 1 << 20))
        if partition.label in PLACES and not (empty and partition.label == "OEM"):
            open_filesystem(content)  # says what is there instead
        kind = ContentKind.EMPTY if empty else ContentKind.OTHER
        return PartitionContent(partition=partition, content=kind), []
    with open_filesystem(content) as inside:
        entries = list(found.files(inside))
        facts = inside.facts
        about = PartitionContent(
            partition=partition,
            content=ContentKind.FILES,
            filesystem=facts.kind,
            label=facts.label,
            uuid=facts.uuid,
            size=facts.size,
            used=facts.used,
            files=sum(entry.kind is not FileKind.DIRECTORY for entry in entries),
            file_bytes=bytes_in(entries),
        )
        _inside(partition, content, inside, found)
    return about, entries


def _inside(partition: Partition, content: BinaryIO, inside: FileSystem, found: Findings) -> None:
    """What one partition tells beyond its files."""
    if partition.label == "EFI-SYSTEM":
        take_kernel(inside, KERNEL, found)
    if partition.label == "USR-A":
        if inside.facts.used is not None:
            found.budgets.append(Budget(name="/usr", used=inside.facts.used, limit=USR_DATA))
        with found.part("the hash tree of USR-A"):
            _verity(content, inside, found)
        _take_usr(inside, found)
    for label, directory in EXTENSION_PLACES:
        if label != partition.label:
            continue
        for entry in list(inside.walk()):
            if (
                entry.path.startswith(directory)
                and entry.path.endswith(".raw")
                and entry.kind is FileKind.FILE
            ):
                name = entry.path.rpartition("/")[2].removesuffix(".raw")
                with found.part(f"system extension {name}"), inside.open(entry.path) as stream:
                    extension.read(stream, name, f"{entry.path} of {label}", found)


def _verity(content: BinaryIO, inside: FileSystem, found: Findings) -> None:
    for start in dict.fromkeys((USR_DATA, inside.facts.size)):
        tree = verity.superblock(content, start) if start < length(content) else None
        if tree:
            outcome = verity.compute(content, tree, content, start)
            found.computed["USR-A"] = outcome.root
            found.verity.append(
                VerityCheck(
                    subject="USR-A",
                    computed=outcome.root,
                    stated=(),
                    data_size=tree.data_size,
                    damaged_block=outcome.damaged,
                )
            )
            return
    found.untold.append("USR-A has no hash tree: the image was built without rootfs verification")


def take_kernel(inside: FileSystem, path: str, found: Findings) -> None:
    """The kernel at ``path``, with the initrd and the configuration in it."""
    with found.part(f"the kernel {path}"):
        found.take_kernel(inside.read(path, most=MOST_KERNEL), path.rpartition("/")[2])


def _take_usr(inside: FileSystem, found: Findings) -> None:
    """Release, kernel configuration, packages and the second initrd: what is in /usr."""
    take: tuple[tuple[str, Callable[[bytes], None]], ...] = (
        ("lib/os-release", lambda data: found.take_release(reports.release(data.decode(errors="replace")))),
        ("boot/config", lambda data: found.take_config(reports.kernel_config(data.decode(errors="replace")))),
        (
            packages.IN_IMAGE.removeprefix("usr/"),
            lambda data: found.packages.append(packages.from_licenses(_unpacked(data))),
        ),
    )
    for path, use in take:
        if inside.stat(path) is None:
            continue
        with found.part(f"/usr/{path}"):
            use(inside.read(path))
    if inside.stat(REAL_INITRD):
        with (
            found.part("the initrd in bootengine.img"),
            inside.open(REAL_INITRD) as stream,
            open_filesystem(stream) as initrd,
        ):
            found.components.append(
                Component(name="real-initrd", source=f"/usr/{REAL_INITRD}", files=found.files(initrd))
            )


def _unpacked(data: bytes) -> bytes:
    try:
        return bz2.decompress(data)
    except (OSError, ValueError) as error:
        raise ImageError(f"it cannot be unpacked: {error}") from error


def usr_used(stream: BinaryIO) -> int | None:
    """Bytes in use in /usr, from its superblock alone; None where the disk has no USR-A or it does not say.

    :raises ImageError: when the partition table or the file system is damaged.
    """
    for partition in partitions.read(stream):
        if partition.label == "USR-A":
            with open_filesystem(partitions.content(stream, partition)) as inside:
                return inside.facts.used
    return None


def is_kernel(stream: BinaryIO) -> bool:
    """Whether a file is a vmlinuz."""
    head = magic(stream, 0, 0x300)
    return head[0x202:0x206] == b"HdrS" or head[0x38:0x3C] == b"ARMd"
