"""EROFS through erofs-utils, as there is no library: unpacked into a temporary directory, then read there.

Owners are not kept: nobody but root could give files away.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from msgspec.structs import replace

from overlaytool.errors import ImageError, ToolMissingError
from overlaytool.image.disk import CHUNK, length, magic
from overlaytool.image.filesystem import Facts
from overlaytool.image.modes import kind
from overlaytool.model.image import FileEntry, FileKind
from overlaytool.support import process
from overlaytool.support.scratch import Directory

PROGRAM, DUMP = "fsck.erofs", "dump.erofs"
INSTALL = "install erofs-utils (Debian, Fedora: erofs-utils; Gentoo: sys-fs/erofs-utils)"
PATIENCE = 600.0
"""Seconds; an image of a gigabyte takes some ten."""
SUPERBLOCK = 1024


class ErofsReader:
    """One file system, unpacked."""

    def __init__(self, stream: BinaryIO) -> None:
        block = magic(stream, SUPERBLOCK, 128)
        blocks, bits = int.from_bytes(block[36:40], "little"), block[12]
        size = blocks << bits
        here = length(stream)
        if not 9 <= bits <= 16 or size > here:
            raise ImageError(
                "the EROFS is cut off or damaged",
                details=(f"it declares {blocks:,} blocks of 2^{bits} bytes, and {here:,} bytes are there",),
            )
        label = block[64:80].split(b"\0")[0].decode(errors="replace")
        hexadecimal = block[48:64].hex()
        uuid = "-".join(hexadecimal[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        self.facts = Facts(kind="erofs", label=label, uuid=uuid, size=size, used=size)
        self._place = Directory()
        self._image = self._place.path / "image"
        try:
            self._root = self._unpacked(stream, size)
        except BaseException:
            self.close()
            raise

    def _unpacked(self, stream: BinaryIO, size: int) -> Path:
        program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin:/sbin")
        if program is None:
            raise ToolMissingError(
                f"to read an EROFS needs {PROGRAM}",
                hint=INSTALL,
            )
        place = self._place.path
        image, root = self._image, place / "root"
        with image.open("wb") as file:
            stream.seek(0)
            left = size
            while data := stream.read(min(CHUNK, left)):
                file.write(data)
                left -= len(data)
        done = process.run(
            [program, "--no-preserve-owner", "--preserve-perms", f"--extract={root}", image], timeout=PATIENCE
        )
        if not done.ok or not root.is_dir():
            raise ImageError(
                f"{PROGRAM} cannot unpack the EROFS: status {done.status}",
                details=tuple(ascii(line)[1:-1] for line in done.output[-3:]),
                hint="a newer erofs-utils may know its compression",
            )
        return root

    def entries(self) -> Iterator[tuple[FileEntry, Any]]:
        """Every path, depth first, never through a symlink."""
        numbers = self._numbers()
        for each in self._walk():
            entry = self._entry(each)
            yield (replace(entry, inode=numbers.get(each.path, 0))), Path(each.path)

    def _walk(self) -> Iterator[os.DirEntry[str]]:
        pending = [str(self._root)]
        while pending:
            with os.scandir(pending.pop()) as found:
                for each in sorted(found, key=lambda each: each.name):
                    yield each
                    if each.is_dir(follow_symlinks=False):
                        pending.append(each.path)

    def _numbers(self) -> dict[str, int]:
        """Inode numbers by place, where files could be hard links: older fsck.erofs copy them.

        Only files with the same contents are asked for, since each takes a program of its own.
        """
        sizes: dict[int, list[str]] = defaultdict(list)
        for each in self._walk():
            if each.is_file(follow_symlinks=False):
                sizes[each.stat(follow_symlinks=False).st_size].append(each.path)
        same: dict[bytes, list[str]] = defaultdict(list)
        for size, paths in sizes.items():
            if size and len(paths) > 1:
                for path in paths:
                    with Path(path).open("rb") as file:
                        same[hashlib.file_digest(file, "sha256").digest()].append(path)
        program = shutil.which(DUMP) or shutil.which(DUMP, path="/usr/sbin:/sbin")
        if program is None:
            raise ToolMissingError(f"to read an EROFS needs {DUMP}", hint=INSTALL)
        return {
            path: self._number(program, path) for paths in same.values() if len(paths) > 1 for path in paths
        }

    def _number(self, program: str, path: str) -> int:
        where = "/" + os.path.relpath(path, self._root)
        done = process.run([program, f"--path={where}", self._image], timeout=PATIENCE)
        found = re.search(r"^NID: (\d+)", done.text, re.MULTILINE)
        if not done.ok or found is None:
            raise ImageError(f"{DUMP} says nothing about {where!a}: status {done.status}")
        return int(found[1])

    def _entry(self, found: os.DirEntry[str]) -> FileEntry:
        about = found.stat(follow_symlinks=False)
        what = kind(about.st_mode)
        return FileEntry(
            path=os.path.relpath(found.path, self._root),
            kind=what,
            size=about.st_size if what is FileKind.FILE else 0,
            mode=stat.S_IMODE(about.st_mode),
            target=str(Path(found.path).readlink()) if what is FileKind.SYMLINK else "",
        )

    def open(self, handle: Any) -> BinaryIO:
        """A file's contents."""
        return os.fdopen(os.open(handle, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    def close(self) -> None:
        """Take the directory away."""
        self._place.close()


def read(stream: BinaryIO) -> ErofsReader:
    """The EROFS in ``stream``."""
    return ErofsReader(stream)
