"""One way to look into every file system that a Flatcar image or a system extension is made of."""

from __future__ import annotations

import hashlib
import io
import posixpath
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import Any, BinaryIO, Protocol, cast

from msgspec import Struct

from overlaytool.errors import ImageError
from overlaytool.image.damage import reading
from overlaytool.image.disk import CHUNK, length, library, magic
from overlaytool.model.image import FileEntry, FileKind

MOST_ENTRIES = 2_000_000
"""An image of Flatcar has some 30,000: more than this is a loop, or made to fill the memory."""
MOST_READ = 256 << 20
"""Bytes of a file that are taken into memory at once."""
MOST_LINKS = 40
"""Symlinks on the way to a file, as many as Linux follows before it says ELOOP."""


class Facts(Struct, frozen=True, kw_only=True):
    """What a superblock says."""

    kind: str
    """``btrfs``, ``ext2``, ``ext4``, ``vfat``, ``squashfs``, ``erofs``."""
    label: str = ""
    uuid: str = ""
    size: int
    """Bytes that the file system spans."""
    used: int | None = None
    """Bytes in use, as `df` counts them; None where the superblock does not say."""


class Reader(Protocol):
    """What one kind of file system has to answer. ``handle`` is whatever it needs to open the entry again."""

    facts: Facts

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path but the root, directories before what is in them."""

    def open(self, handle: Any) -> BinaryIO:
        """The contents of a regular file."""

    def close(self) -> None:
        """Take temporary files away."""


class FileSystem(AbstractContextManager["FileSystem"]):
    """A file system by its paths. It is read once, when the first path is asked for."""

    def __init__(self, reader: Reader) -> None:
        self.facts = reader.facts
        self._reader = reader

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take temporary files away; nothing can be read any more."""
        self._reader.close()

    @cached_property
    def _index(self) -> dict[str, tuple[FileEntry, Any]]:
        found: dict[str, tuple[FileEntry, Any]] = {}
        with reading(f"the {self.facts.kind} file system"):
            for entry, handle in self._reader.entries():
                name = entry.path.rpartition("/")[2]
                if name in ("", ".", "..") or "\0" in name or entry.path in found:
                    raise ImageError(f"the {self.facts.kind} file system names an entry {entry.path!a}")
                found[entry.path] = (entry, handle)
                if len(found) > MOST_ENTRIES:
                    raise ImageError(f"the {self.facts.kind} file system has over {MOST_ENTRIES:,} entries")
        return found

    def walk(self) -> Iterator[FileEntry]:
        """Every path but the root, directories before what is in them.

        :raises ImageError: when the file system is damaged.
        """
        for entry, _ in self._index.values():
            yield entry

    def digest(self, entry: FileEntry) -> str:
        """BLAKE2b of the contents of a regular file of this file system, as :attr:`FileEntry.digest` has it.

        :raises ImageError: when it cannot be read to its end.
        """
        read, digest = 0, hashlib.blake2b(digest_size=16)
        what = f"{entry.path} in the {self.facts.kind} file system"
        with reading(what), self._reader.open(self._index[entry.path][1]) as stream:
            while data := stream.read(CHUNK):
                digest.update(data)
                read += len(data)
        if read != entry.size:
            raise ImageError(f"{what} is cut off", details=(f"{read:,} of {entry.size:,} bytes are there",))
        return digest.hexdigest()

    def stat(self, path: str, *, follow: bool = True) -> FileEntry | None:
        """The entry at ``path`` (with or without leading slash), None where there is none.

        :param follow: whether to go where symlinks lead; within this file system, as in a chroot.
        :raises ImageError: when the file system is damaged.
        """
        found = self._index.get(self._resolved(path, follow) or "")
        return found[0] if found else None

    def open(self, path: str) -> BinaryIO:
        """The contents of the regular file at ``path``, symlinks followed.

        :raises ImageError: when there is none, or it cannot be read.
        """
        found = self._index.get(self._resolved(path, True) or "")
        if found is None or found[0].kind is not FileKind.FILE:
            raise ImageError(f"there is no file {path!a} in the {self.facts.kind} file system")
        with reading(f"{path} in the {self.facts.kind} file system"):
            return self._reader.open(found[1])

    def read(self, path: str, *, most: int = MOST_READ) -> bytes:
        """The whole file at ``path``, symlinks followed.

        :param most: bytes; a file that declares more is refused before anything is read.
        :raises ImageError: when there is none, it is larger, or it cannot be read.
        """
        entry = self.stat(path)
        if entry and entry.size > most:
            raise ImageError(f"{path} in the {self.facts.kind} file system declares {entry.size:,} bytes")
        stream = self.open(path)
        with reading(f"{path} in the {self.facts.kind} file system"), stream:
            data = stream.read(most)
            if entry and len(data) != entry.size:
                raise ImageError(
                    f"{path} in the {self.facts.kind} file system is cut off",
                    details=(f"it declares {entry.size:,} bytes and {len(data):,} are there",),
                )
            return data

    def _resolved(self, path: str, follow: bool) -> str | None:
        """Where a path leads; None where symlinks go round in a circle."""
        todo = path.strip("/").split("/")[::-1]
        at, links = "", 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                at = posixpath.dirname(at)
                continue
            here = f"{at}/{part}" if at else part
            found = self._index.get(here)
            if found and found[0].kind is FileKind.SYMLINK and (todo or follow):
                links += 1
                if links > MOST_LINKS:
                    return None
                target = found[0].target
                at = "" if target.startswith("/") else at
                todo += target.strip("/").split("/")[::-1]
            else:
                at = here
        return at


def kind_of(stream: BinaryIO) -> str | None:
    """The file system that begins here, None where none is known."""
    boot = magic(stream, 0, 512)
    if boot.startswith(b"hsqs"):
        return "squashfs"
    if magic(stream, 0x10040, 8) == b"_BHRfS_M":
        return "btrfs"
    if magic(stream, 0x400, 4) == b"\xe2\xe1\xf5\xe0":
        return "erofs"
    if magic(stream, 0x438, 2) == b"\x53\xef":
        return "ext"
    if boot[510:512] == b"\x55\xaa" and (boot[54:57] == b"FAT" or boot[82:85] == b"FAT"):
        return "vfat"
    return None


READERS = {
    "btrfs": "overlaytool.image.btrfs",
    "ext": "overlaytool.image.ext",
    "vfat": "overlaytool.image.fat",
    "squashfs": "overlaytool.image.squashfs",
    "erofs": "overlaytool.image.erofs",
}
"""Each module has ``read(stream) -> Reader``; its library is loaded when it is needed."""


def open_filesystem(stream: BinaryIO) -> FileSystem:
    """The file system that a stream of bytes is.

    :raises ImageError: when it is none that is known, or is damaged.
    :raises ToolMissingError: when what reads it is not installed.
    """
    kind = kind_of(stream)
    if kind is None:
        start = magic(stream, 0, 16)
        raise ImageError(
            "there is no file system that overlaytool reads",
            details=(f"{length(stream):,} bytes, which begin with {start.hex(' ') or 'nothing'}",),
            hint="known are btrfs, ext2 to ext4, FAT, squashfs and EROFS",
        )
    read = cast("Callable[[BinaryIO], Reader]", library(READERS[kind]).read)
    stream.seek(0)
    with reading(f"the {kind} file system"):
        reader = read(stream)
    here = length(stream)
    if reader.facts.size > here:
        reader.close()
        raise ImageError(
            f"the {reader.facts.kind} file system is cut off",
            details=(f"it declares {reader.facts.size:,} bytes and {here:,} are there",),
            hint="fetch or copy it again",
        )
    return FileSystem(reader)


def join(directory: str, name: str) -> str:
    """The path of an entry."""
    return f"{directory}/{name}" if directory else name


def bounded(stream: BinaryIO, size: int, whole: int) -> BinaryIO:
    """A file's stream, unless it declares more than the file system could ever hold.

    :param whole: bytes of the file system; compression makes at most some thousand times of it.
    :raises ImageError: when it does.
    """
    if size > max(whole * 1000, 1 << 34):
        raise ImageError(f"a file declares {size:,} bytes")
    return stream


def no_bytes() -> BinaryIO:
    """The stream of an empty file."""
    return io.BytesIO()
