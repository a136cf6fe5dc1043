"""The GUID partition table of a disk image, checked before it is used."""

from __future__ import annotations

import zlib
from typing import Any, BinaryIO, cast

from overlaytool.errors import ImageError
from overlaytool.image.damage import reading
from overlaytool.image.disk import length, library, magic
from overlaytool.model.image import Partition

SECTOR = 512
"""Bytes in a block of disk_layout.json, and of every image that build_image writes."""
SIGNATURE = b"EFI PART"
MOST_ENTRIES = 1024
"""The usual table has 128; a larger number than this is no table."""
TYPES = {
    "c12a7328-f81f-11d2-ba4b-00a0c93ec93b": "efi",
    "21686148-6449-6e6f-744e-656564454649": "bios",
    "0fc63daf-8483-4772-8e79-3d69d8477de4": "data",
    "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6": "flatcar-rootfs",
    "3884dd41-8582-4404-b9a8-e9b84f2df50e": "flatcar-resize",
    "c95dc21a-df0e-4340-8d7b-26cbfa9a03e0": "flatcar-reserved",
    "be9067b9-ea49-4f15-b4f6-f36f8c9e1818": "flatcar-root-raid",
    "4f68bce3-e8cd-4db1-96e7-fbcaf984b709": "root-x86-64",
    "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5": "root-x86-64-verity",
    "41092b05-9fc8-4523-994f-2def0408b176": "root-x86-64-verity-sig",
    "b921b045-1df0-41c3-af44-4c6f280d3fae": "root-arm64",
    "df3300ce-d69f-4c92-978c-9bfb0f38d820": "root-arm64-verity",
    "6db69de6-29f4-4758-a7a5-962190f00ce3": "root-arm64-verity-sig",
    "8484680c-9521-48c6-9c11-b0720656f69e": "usr-x86-64",
    "77ff5f63-e7b6-4633-acf4-1565b864c0e6": "usr-x86-64-verity",
    "e7bb33fb-06cf-4e81-8273-e543b413e2e2": "usr-x86-64-verity-sig",
    "b0e01050-ee5f-4390-949a-9101b17104e9": "usr-arm64",
    "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e": "usr-arm64-verity",
    "c23ce4ff-44bd-4b00-b2d4-b41b3419e02a": "usr-arm64-verity-sig",
}
"""Types of disk_layout.json by GUID, and those of the Discoverable Partitions Specification, for sysexts."""


def is_partitioned(stream: BinaryIO) -> bool:
    """Whether a disk begins with a GUID partition table."""
    return magic(stream, SECTOR, len(SIGNATURE)) == SIGNATURE


def check_remains(stream: BinaryIO) -> None:
    """See that something which begins with no partition table does not look as if it had had one.

    :raises ImageError: when its protective MBR (UEFI specification 5.2.3) or the table's copy is there.
    """
    boot = magic(stream, 0, SECTOR)
    protected = boot[510:] == b"\x55\xaa" and boot[450:451] == b"\xee"
    if magic(stream, length(stream) - SECTOR, len(SIGNATURE)) == SIGNATURE:
        raise ImageError(
            "the partition table at the beginning is gone; its copy at the end is there",
            hint="`gdisk FILE` writes it back: commands r, b, w",
        )
    if protected:
        raise ImageError(
            "a disk with a GUID partition table begins here, and the table is not there",
            details=(f"the image has {length(stream):,} bytes: it may be cut off",),
            hint="fetch or copy it again",
        )


def read(stream: BinaryIO) -> tuple[Partition, ...]:
    """The partitions of a disk by number, those without space left out.

    :raises ImageError: when there is no such table, it contradicts its checksums, or the disk is shorter than
        it says.
    """
    _check(stream)
    with reading("the partition table"):
        stream.seek(0)
        table = library("dissect.volume.disk.schemes.gpt").GPT(stream)
        found = tuple(_partition(each) for each in table.partitions if each.guid is not None)
    size = length(stream)
    for each in found:
        if each.offset + each.size > size:
            raise ImageError(
                f"the image is cut off: {size:,} bytes are here",
                details=(f"partition {each.number} ({each.label}) ends at {each.offset + each.size:,}",),
                hint="fetch or copy it again",
            )
    return tuple(sorted(found, key=lambda each: each.number))


def content(stream: BinaryIO, partition: Partition) -> BinaryIO:
    """The bytes of one partition."""
    streams = library("dissect.util.stream")
    return cast(BinaryIO, streams.RangeStream(stream, partition.offset, partition.size))


def _check(stream: BinaryIO) -> None:
    header = magic(stream, SECTOR, SECTOR)
    if header[:8] != SIGNATURE:
        raise ImageError("there is no GUID partition table")
    header_size = int.from_bytes(header[12:16], "little")
    count = int.from_bytes(header[80:84], "little")
    entry_size = int.from_bytes(header[84:88], "little")
    if not 92 <= header_size <= SECTOR or not 0 < count <= MOST_ENTRIES or entry_size not in (128, 256, 512):
        raise ImageError(
            "the partition table is damaged",
            details=(f"it declares {count:,} entries of {entry_size:,} bytes",),
        )
    blank = header[:16] + bytes(4) + header[20:header_size]
    entries = magic(stream, int.from_bytes(header[72:80], "little") * SECTOR, count * entry_size)
    for name, data, stored in (("header", blank, header[16:20]), ("list of entries", entries, header[88:92])):
        if zlib.crc32(data) != int.from_bytes(stored, "little"):
            raise ImageError(
                "the partition table is damaged",
                details=(f"its {name} does not have the checksum that it states",),
                hint="`sgdisk --verify FILE` says whether the copy at the end of the disk is whole",
            )


def _partition(entry: Any) -> Partition:
    """From dissect's record, whose size leaves the last sector out."""
    raw = entry.raw
    type_id = str(entry.type).lower()
    if raw.last_lba < raw.first_lba:
        raise ImageError(f"partition {entry.number} ends before it begins")
    return Partition(
        number=entry.number,
        label=entry.name,
        type_id=type_id,
        type_name=TYPES.get(type_id, type_id),
        uuid=str(entry.guid).lower(),
        offset=int(raw.first_lba) * SECTOR,
        size=(int(raw.last_lba) - int(raw.first_lba) + 1) * SECTOR,
        flags=int(raw.attribute_flags),
    )
