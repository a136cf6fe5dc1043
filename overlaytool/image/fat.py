"""FAT through dissect.fat: the EFI system partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from dissect.fat import fat as library

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import Facts, join, no_bytes
from overlaytool.model.image import FileEntry, FileKind

SMALL_BASE, SMALL_EXTENSION = 0x08, 0x10
"""Bits of an entry's DIR_NTRes."""


class FatReader:
    """One file system. FAT knows neither owners nor links."""

    def __init__(self, stream: BinaryIO) -> None:
        self._fs = library.FATFS(stream)
        self._fs.fat.runlist = self._runs
        self._clusters = (self._fs.total_sectors - self._fs.first_data_sector) // self._fs.bpb.BPB_SecPerClus
        self.facts = Facts(
            kind="vfat",
            label=self._fs.volume_label,
            uuid=self._fs.volume_id,
            size=int(self._fs.total_sectors * self._fs.sector_size),
        )

    def _runs(self, cluster: int) -> Iterator[tuple[int, int]]:
        """A chain of clusters as runs of neighbours, counted from the first data cluster, which is number 2.

        dissect's own takes a chain that goes back by one for a run, and one that is a circle for a long one.
        """
        start = count = 0
        for number, at in enumerate(self._fs.fat.chain(cluster)):
            if number > self._clusters:
                raise ImageError("a chain of clusters of the FAT goes round in a circle")
            if count and at == start + count:
                count += 1
                continue
            if count:
                yield start - 2, count
            start, count = at, 1
        if count:
            yield start - 2, count

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path, depth first."""
        pending = [("", self._fs.root)]
        entered: set[int] = set()
        while pending:
            directory, node = pending.pop()
            for child in node.iterdir():
                if child.name in (".", "..") or child.is_volume_id():
                    continue
                path = join(directory, _name(child))
                if not child.is_directory():
                    yield FileEntry(path=path, kind=FileKind.FILE, size=int(child.dirent.DIR_FileSize)), child
                    continue
                yield FileEntry(path=path, kind=FileKind.DIRECTORY, size=0), child
                if child.cluster in entered:
                    raise ImageError(f"the FAT has a directory in itself: {path!a}")
                entered.add(child.cluster)
                pending.append((path, child))

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents."""
        return cast(BinaryIO, handle.open()) if handle.cluster else no_bytes()

    def close(self) -> None:
        """Nothing was made."""


def _name(entry: Any) -> str:
    """A name as Linux shows it: one of eight and three letters may be marked as written in small ones."""
    if entry.ldirents:
        return str(entry.name)
    base, dot, extension = entry.name.partition(".")
    flags = entry.dirent.DIR_NTRes
    base = base.lower() if flags & SMALL_BASE else base
    return f"{base}{dot}{extension.lower() if flags & SMALL_EXTENSION else extension}"


def read(stream: BinaryIO) -> FatReader:
    """The FAT12, FAT16 or FAT32 in ``stream``."""
    return FatReader(stream)
