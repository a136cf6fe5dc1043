"""A system extension: a plain file system, or a DDI (a partition table with file system, hash tree,
signature)."""

from __future__ import annotations

import json
from typing import BinaryIO

from msgspec.structs import replace

from overlaytool.errors import ImageError
from overlaytool.image import partitions, reports, verity
from overlaytool.image.damage import reading
from overlaytool.image.disk import magic
from overlaytool.image.filesystem import FileSystem, open_filesystem
from overlaytool.image.findings import Findings
from overlaytool.model.image import (
    Component,
    ContentKind,
    FileEntry,
    FileKind,
    InstalledPackage,
    Partition,
    PartitionContent,
    VerityCheck,
    bytes_in,
)

RELEASES = ("usr/lib/extension-release.d/", "etc/extension-release.d/")
"""Where a sysext and a confext say what they belong to (systemd-sysext(8))."""
SIGNATURE_SIZE = 1 << 20


def is_extension(found: tuple[Partition, ...]) -> bool:
    """Whether partitions are those of a DDI."""
    return any(each.type_name.startswith(("root-", "usr-")) for each in found)


def read(
    stream: BinaryIO,
    name: str,
    source: str,
    found: Findings,
    listed: tuple[InstalledPackage, ...] = (),
    *,
    alone: bool = False,
) -> tuple[tuple[str, str], ...]:
    """Take in a system extension, and give its extension-release.

    :param listed: the packages that a report names.
    :param alone: whether it is what was named, and its partitions are of interest.
    :raises ImageError: when it cannot be read.
    """
    data, prefix = stream, ""
    table = partitions.read(stream) if partitions.is_partitioned(stream) else ()
    if table:
        partition = data_partition(table, name)
        data, prefix = partitions.content(stream, partition), "usr" if "usr-" in partition.type_name else ""
        with found.part(f"the hash tree of {name}"):
            _check_verity(stream, table, partition, name, found)
    with open_filesystem(data) as inside:
        files = tuple(_placed(entry, prefix) for entry in found.files(inside))
        release = _release(inside, prefix)
        found.components.append(Component(name=name, source=source, files=files, packages=listed))
        if alone:
            found.partitions += _described(table, stream, inside, files)
    return release


def data_partition(table: tuple[Partition, ...], name: str) -> Partition:
    """The partition of a DDI that has its files.

    :raises ImageError: when there is none.
    """
    for each in table:
        if each.type_name.startswith(("root-", "usr-")) and "-verity" not in each.type_name:
            return each
    raise ImageError(f"{name} has no partition with files", details=tuple(each.type_name for each in table))


def _placed(entry: FileEntry, prefix: str) -> FileEntry:
    return replace(entry, path=f"{prefix}/{entry.path}") if prefix else entry


def _release(inside: FileSystem, prefix: str) -> tuple[tuple[str, str], ...]:
    cut = f"{prefix}/" if prefix else ""
    for entry in inside.walk():
        if entry.kind is FileKind.FILE and f"{cut}{entry.path}".startswith(RELEASES):
            return reports.release(inside.read(entry.path).decode(errors="replace"))
    return ()


def _described(
    table: tuple[Partition, ...], stream: BinaryIO, inside: FileSystem, files: tuple[FileEntry, ...]
) -> list[PartitionContent]:
    """The partitions of a DDI that was named itself."""
    facts = inside.facts
    return [
        PartitionContent(
            partition=each,
            content=ContentKind.FILES,
            filesystem=facts.kind,
            label=facts.label,
            uuid=facts.uuid,
            size=facts.size,
            used=facts.used,
            files=sum(entry.kind is not FileKind.DIRECTORY for entry in files),
            file_bytes=bytes_in(files),
        )
        if "-verity" not in each.type_name
        else PartitionContent(partition=each, content=ContentKind.OTHER)
        for each in table
    ]


def _check_verity(
    stream: BinaryIO, table: tuple[Partition, ...], data: Partition, name: str, found: Findings
) -> None:
    """The root hash of a DDI is in the ids of its partitions, and in what is signed."""
    by_type = {each.type_name: each for each in table}
    tree_partition = by_type.get(f"{data.type_name}-verity")
    if tree_partition is None:
        return
    hashes = partitions.content(stream, tree_partition)
    tree = verity.superblock(hashes, 0)
    if tree is None:
        raise ImageError(f"partition {tree_partition.number} of {name} has no verity superblock")
    outcome = verity.compute(partitions.content(stream, data), tree, hashes, 0)
    ids = f"{data.uuid}{tree_partition.uuid}".replace("-", "")
    stated = [("the partitions' ids", ids)]
    signature = by_type.get(f"{data.type_name}-verity-sig")
    if signature:
        with reading(f"the signature of {name}"):
            text = magic(partitions.content(stream, signature), 0, min(signature.size, SIGNATURE_SIZE))
            stated.append(("the signature", str(json.loads(text.rstrip(b"\0"))["rootHash"]).lower()))
    found.verity.append(
        VerityCheck(
            subject=name,
            computed=outcome.root,
            stated=tuple(stated),
            data_size=tree.data_size,
            damaged_block=outcome.damaged,
        )
    )
