"""The archive of an initrd: cpio "newc", as the kernel unpacks it (its
driver-api/early-userspace/buffer-format)."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from typing import Any, BinaryIO

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import Facts
from overlaytool.image.modes import kind
from overlaytool.model.image import FileEntry, FileKind

MAGICS = (b"070701", b"070702")
HEADER = 110
LAST = "TRAILER!!!"


class CpioReader:
    """Archives after each other, with zeros between them. A later entry replaces an earlier one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.facts = Facts(kind="cpio", size=len(data), used=len(data))

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path in the order of the archive."""
        found: dict[str, tuple[FileEntry, Any]] = {}
        at = archive = 0
        while at + HEADER <= len(self._data):
            if not self._data.startswith(MAGICS, at):
                at = self._after_zeros(at)
                continue
            fields = [int(self._data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
            inode, mode, uid, gid, _links, _time, size, *_, name_size, _check = fields
            body = _aligned(at + HEADER + name_size)
            name = (
                self._data[at + HEADER : at + HEADER + name_size]
                .rstrip(b"\0")
                .decode(errors="surrogateescape")
            )
            if body + size > len(self._data):
                raise ImageError("the initrd's archive is cut off", details=(f"in {name!a}",))
            at = _aligned(body + size)
            path = name.removeprefix("./").strip("/")
            if name == LAST:
                archive += 1
            elif path not in ("", "."):
                found[path] = self._entry(path, mode, uid, gid, archive << 32 | inode, body, size)
        yield from found.values()

    def _after_zeros(self, at: int) -> int:
        """Where the next archive may begin; the end, where something else follows."""
        while at < len(self._data) and self._data[at] == 0:
            at += 1
        return at if self._data.startswith(MAGICS, at) else len(self._data)

    def _entry(
        self, path: str, mode: int, uid: int, gid: int, inode: int, body: int, size: int
    ) -> tuple[FileEntry, Any]:
        what = kind(mode)
        target = self._data[body : body + size] if what is FileKind.SYMLINK else b""
        entry = FileEntry(
            path=path,
            kind=what,
            size=size if what is FileKind.FILE else 0,
            mode=stat.S_IMODE(mode),
            uid=uid,
            gid=gid,
            inode=inode,
            target=target.rstrip(b"\0").decode(errors="surrogateescape"),
        )
        return entry, (body, size)

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents. Of hard links only the last one carries them."""
        body, size = handle
        return io.BytesIO(self._data[body : body + size])

    def close(self) -> None:
        """Nothing was made."""


def _aligned(at: int) -> int:
    return at + 3 & ~3
