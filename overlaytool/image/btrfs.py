"""btrfs through dissect.btrfs: the USR and OEM partitions since 2023-09.

The file system's tree is read in one pass, in the order in which it is on disk: looking up 30,000 inodes
one by one takes five times as long.
"""

from __future__ import annotations

import stat
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from dissect.btrfs import btrfs as library
from dissect.btrfs.tree import BTree, Cursor

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import MOST_ENTRIES, Facts, bounded, join
from overlaytool.image.modes import kind
from overlaytool.model.image import FileEntry, FileKind

INODE_ITEM, DIR_INDEX, ROOT_ITEM = 1, 96, 132
"""Key types of on-disk items."""
INODE = struct.Struct("<16xQ20xIII")
"""btrfs_inode_item: size at 16; after nbytes, block_group and nlink: uid, gid, mode."""
DIRECTORY_ITEM = struct.Struct("<QBQQHHB")
"""btrfs_dir_item: location (objectid, type, offset), transid, data_len, name_len, type; the name follows."""
MOST_VISITS = 50 * MOST_ENTRIES
"""Nodes that are entered before it is taken for a circle: a tree has fewer nodes than items."""


class _Cursor(Cursor):  # type: ignore[misc]
    """A cursor that cannot go round in circles: a child's level is always one less than its parent's."""

    visits = 0

    def push(self, address: int, initial_index: int = 0) -> None:
        above = self._header.level if self._header is not None else None
        super().push(address, initial_index)
        self.visits += 1
        if above is not None and self._header.level != above - 1:
            raise ImageError(f"the btrfs tree has a node of level {self._header.level} below level {above}")
        if self.visits > MOST_VISITS:
            raise ImageError("the btrfs tree has no end")


class _Tree(BTree):  # type: ignore[misc]
    def cursor(self) -> _Cursor:
        return _Cursor(self)


library.BTree = _Tree  # the class that Btrfs makes its trees of, those of its own constructor too


class _Inode(NamedTuple):
    size: int
    uid: int
    gid: int
    mode: int


class _Contents(NamedTuple):
    """One subvolume."""

    inodes: dict[int, _Inode]
    names: dict[int, list[tuple[str, int, int]]]
    """By directory: name, number and key type of what it names."""


class BtrfsReader:
    """One file system; its default subvolume and those mounted below it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._fs = library.Btrfs(stream)
        block = self._fs.sb
        self.facts = Facts(
            kind="btrfs",
            label=self._fs.label,
            uuid=str(self._fs.uuid),
            size=int(block.total_bytes),
            used=int(block.bytes_used),
        )

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path, depth first."""
        yield from self._subvolume(self._fs.default_subvolume, "", frozenset())

    def _subvolume(self, volume: Any, at: str, above: frozenset[int]) -> Iterator[tuple[FileEntry, Any]]:
        if volume.objectid in above:
            raise ImageError("a btrfs subvolume contains itself")
        contents = _contents(volume)
        root = volume.tree.root_item.root_dirid
        pending = [(at, root)]
        entered = {root}
        while pending:
            directory, number = pending.pop()
            for name, child, key_type in contents.names.get(number, ()):
                path = join(directory, name)
                if key_type == ROOT_ITEM:
                    yield FileEntry(path=path, kind=FileKind.DIRECTORY, size=0, mode=0o755), None
                    inner = self._fs.open_subvolume(child)
                    yield from self._subvolume(inner, path, above | {volume.objectid})
                    continue
                entry = self._entry(volume, contents, path, child)
                yield entry, (volume, child)
                if entry.kind is FileKind.DIRECTORY:
                    if child in entered:
                        raise ImageError(f"the btrfs file system has a directory in itself: {path!a}")
                    entered.add(child)
                    pending.append((path, child))

    def _entry(self, volume: Any, contents: _Contents, path: str, number: int) -> FileEntry:
        inode = contents.inodes.get(number)
        if inode is None:
            raise ImageError(f"the btrfs file system has no inode {number}, which {path!a} is")
        what = kind(inode.mode)
        target = volume.inode(number, None).link if what is FileKind.SYMLINK else ""
        return FileEntry(
            path=path,
            kind=what,
            size=inode.size if what is FileKind.FILE else 0,
            mode=stat.S_IMODE(inode.mode),
            uid=inode.uid,
            gid=inode.gid,
            inode=int(volume.objectid) << 40 | int(number),
            target=target,
        )

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents, decompressed as they are read."""
        volume, number = handle
        inode = volume.inode(number, None)
        return bounded(cast(BinaryIO, inode.open()), inode.size, self.facts.size)

    def close(self) -> None:
        """Nothing was made."""


def _contents(volume: Any) -> _Contents:
    found = _Contents(inodes={}, names=defaultdict(list))
    for item, data in volume.tree.cursor().walk():
        key = item.key
        if key.type == INODE_ITEM:
            found.inodes[key.objectid] = _Inode(*INODE.unpack_from(data))
        elif key.type == DIR_INDEX:
            child, key_type, _, _, _, size, _ = DIRECTORY_ITEM.unpack_from(data)
            name = bytes(data[DIRECTORY_ITEM.size : DIRECTORY_ITEM.size + size])
            found.names[key.objectid].append((name.decode(errors="surrogateescape"), child, key_type))
        if len(found.inodes) > MOST_ENTRIES:
            raise ImageError(f"the btrfs file system has over {MOST_ENTRIES:,} inodes")
    return found


def read(stream: BinaryIO) -> BtrfsReader:
    """The btrfs in ``stream``."""
    return BtrfsReader(stream)
