"""squashfs through dissect.squashfs: system extensions of the releases before DDIs, and of sysext-bakery."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from dissect.squashfs import squashfs as library

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import Facts, bounded, join
from overlaytool.image.modes import kind
from overlaytool.model.image import FileEntry, FileKind


class SquashfsReader:
    """One file system."""

    def __init__(self, stream: BinaryIO) -> None:
        self._fs = library.SquashFS(stream)
        self.facts = Facts(kind="squashfs", size=int(self._fs.size), used=int(self._fs.size))

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path, depth first; at the end, whether all inodes were among them."""
        pending = [("", self._fs.root)]
        seen = {self._fs.root.inode_number}
        while pending:
            directory, node = pending.pop()
            for child in node.iterdir():
                entry = self._entry(join(directory, child.name), child)
                yield entry, child
                if entry.kind is FileKind.DIRECTORY:
                    if child.inode_number in seen:
                        raise ImageError(f"the squashfs has a directory in itself: {entry.path!a}")
                    pending.append((entry.path, child))
                seen.add(child.inode_number)
        if len(seen) < self._fs.sb.inodes:
            raise ImageError(
                "the squashfs is damaged",
                details=(
                    f"it declares {self._fs.sb.inodes:,} inodes and {len(seen):,} are in its directories",
                ),
            )

    @staticmethod
    def _entry(path: str, node: Any) -> FileEntry:
        what = kind(node.mode)
        return FileEntry(
            path=path,
            kind=what,
            size=int(node.size) if what is FileKind.FILE else 0,
            mode=stat.S_IMODE(int(node.mode)),
            uid=int(node.uid),
            gid=int(node.gid),
            inode=int(node.inode_number),
            target=node.link if what is FileKind.SYMLINK else "",
        )

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents, decompressed as they are read."""
        return bounded(cast(BinaryIO, handle.open()), handle.size, self.facts.size)

    def close(self) -> None:
        """Do nothing: there are no temporary files."""


def read(stream: BinaryIO) -> SquashfsReader:
    """The squashfs in ``stream``."""
    return SquashfsReader(stream)
