"""ext2 to ext4 through dissect.extfs: ROOT, and USR of the releases before 2023-09."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from dissect.extfs import extfs as library
from dissect.extfs.c_ext import c_ext

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import Facts, bounded, join
from overlaytool.image.modes import kind
from overlaytool.model.image import FileEntry, FileKind

_whole_indirect = library._parse_indirect


def _indirect(inode: Any, offset: int, count: int, level: int) -> list[int]:
    """A hole where there is no block of block numbers: dissect reads the boot block there."""
    if offset == 0:
        return [0] * min(count, (inode.extfs.block_size // 4) ** level)
    return cast("list[int]", _whole_indirect(inode, offset, count, level))


library._parse_indirect = _indirect


class ExtReader:
    """One file system."""

    def __init__(self, stream: BinaryIO) -> None:
        self._fs = library.ExtFS(stream)
        block = self._fs.sb
        free = block.s_free_blocks_count_hi << 32 | block.s_free_blocks_count_lo
        self.facts = Facts(
            kind=f"ext{_generation(self._fs)}",
            label=self._fs.volume_name,
            uuid=str(self._fs.uuid),
            size=int(self._fs.block_count * self._fs.block_size),
            used=int((self._fs.block_count - free) * self._fs.block_size),
        )

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path, depth first; at the end, whether all inodes in use were among them.

        dissect ends a directory without a word where an entry of it makes no sense.
        """
        pending = [("", self._fs.root)]
        seen = {self._fs.root.inum}
        while pending:
            directory, node = pending.pop()
            for child in node.iterdir():
                if child.filename in (".", ".."):
                    continue
                entry = self._entry(join(directory, child.filename), child)
                yield entry, child
                if entry.kind is FileKind.DIRECTORY:
                    if child.inum in seen:
                        raise ImageError(f"the ext file system has a directory in itself: {entry.path!a}")
                    pending.append((entry.path, child))
                seen.add(child.inum)
        self._check_all(seen)

    def _check_all(self, seen: set[int]) -> None:
        block = self._fs.sb
        reserved = (block.s_first_ino if block.s_rev_level else 11) - 1
        used = block.s_inodes_count - block.s_free_inodes_count
        found = reserved + sum(number > reserved for number in seen)
        if found < used:
            raise ImageError(
                "the ext file system is damaged",
                details=(f"{used:,} inodes are in use and {found:,} of them are in its directories",),
                hint="`e2fsck -fn FILE` says what is wrong with it",
            )

    @staticmethod
    def _entry(path: str, node: Any) -> FileEntry:
        inode = node.inode
        what = kind(inode.i_mode)
        return FileEntry(
            path=path,
            kind=what,
            size=int(node.size) if what is FileKind.FILE else 0,
            mode=stat.S_IMODE(int(inode.i_mode)),
            uid=int(inode.i_uid_high << 16 | inode.i_uid),
            gid=int(inode.i_gid_high << 16 | inode.i_gid),
            inode=int(node.inum),
            target=node.link if what is FileKind.SYMLINK else "",
        )

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents; a hole is zeros, where dissect reads the first block of the disk."""
        if handle.size > self.facts.size and handle.size > 1 << 34:
            raise ImageError(f"a file declares {handle.size:,} bytes")
        if not handle.inode.i_flags & (c_ext.EXT4_EXTENTS_FL | c_ext.EXT4_INLINE_DATA_FL):
            handle._runlist = [(start or None, count) for start, count in handle.dataruns()]
        return bounded(cast(BinaryIO, handle.open()), handle.size, self.facts.size)

    def close(self) -> None:
        """Nothing was made."""


def _generation(fs: Any) -> int:
    return {library.EXT2: 2, library.EXT3: 3}.get(fs.type, 4)


def read(stream: BinaryIO) -> ExtReader:
    """The ext2, ext3 or ext4 in ``stream``."""
    return ExtReader(stream)
