"""A file on disk as the bytes of an image: raw, qcow2, or either of them compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

from overlaytool.errors import ImageError, ToolMissingError
from overlaytool.image.damage import reading
from overlaytool.image.modes import kind

CHUNK = 1 << 20
MOST_DECOMPRESSED = 1 << 36
"""Bytes: an image of Flatcar has 8 GiB, an Azure one 30 GiB, most of them zero."""
INSTALL = "install the libraries that read images: pip install 'overlaytool[image]'"


def library(name: str) -> Any:
    """One of the libraries of ``overlaytool[image]``.

    :raises ToolMissingError: when it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ToolMissingError(f"this image needs the library {error.name or name}", hint=INSTALL) from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of the disk or file system in ``path``, whatever it is wrapped in.

    A compressed file is unpacked into a temporary file that disappears at the end; its zeros take no space.

    :raises ImageError: when it cannot be read, or is a qcow2 that borrows from another file.
    :raises ToolMissingError: when the libraries that read images are not installed.
    """
    with reading(str(path)):
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) and not stat.S_ISBLK(about.st_mode):
            raise ImageError(
                f"{path} is no file: it is a {kind(about.st_mode)}",
                hint="name an image, a .raw, or a directory of build_image",
            )
        if stat.S_ISREG(about.st_mode) and not about.st_size:
            raise ImageError(f"{path} is empty", hint="fetch, copy or build it again")
        file = path.open("rb")
    with file, _unpacked(file, path) as plain:
        if magic(plain, 0, 4) == b"QFI\xfb":
            yield _qcow2(plain, path)
        else:
            yield plain


def length(stream: BinaryIO) -> int:
    """Bytes in a stream."""
    size = getattr(stream, "size", None)
    return size if isinstance(size, int) else stream.seek(0, 2)


def magic(stream: BinaryIO, offset: int, count: int) -> bytes:
    """Some bytes at an offset; fewer where the stream ends before."""
    if offset >= length(stream):
        return b""
    stream.seek(offset)
    return stream.read(count)


@contextmanager
def _unpacked(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    start = magic(file, 0, 6)
    file.seek(0)
    opener = next((open_ for prefix, open_ in WRAPPINGS if start.startswith(prefix)), None)
    if opener is None:
        yield file
        return
    with tempfile.TemporaryFile(prefix="overlaytool-image-") as plain:
        with reading(str(path)):
            _unpack(opener(file), plain, path)
        yield cast(BinaryIO, plain)


def _unpack(source: BinaryIO, plain: Any, path: Path) -> None:
    done = 0
    while chunk := source.read(CHUNK):
        done += len(chunk)
        if done > MOST_DECOMPRESSED:
            raise ImageError(
                f"{path} unpacks to more than {MOST_DECOMPRESSED >> 30} GiB: no image is so large"
            )
        if chunk.count(0) == len(chunk):
            plain.seek(done)
        else:
            plain.write(chunk)
    plain.truncate(done)


def _open_zstd(file: BinaryIO) -> BinaryIO:
    module = library("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    return cast(BinaryIO, module.ZstdFile(file))


def _open_gzip(file: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=file)


WRAPPINGS: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
    (b"\x1f\x8b", _open_gzip),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)


def decompress(data: bytes, *, most: int) -> bytes | None:
    """What one compressed block begins with, whatever follows it; None where it is in no known compression.

    :param most: bytes after which it stops.
    :raises ImageError: when it is damaged.
    """
    with reading("a compressed block"):
        if data.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(data, most)
        if data.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
            return lzma.LZMADecompressor().decompress(data, most)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            module = library("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
            return cast(bytes, module.ZstdDecompressor().decompress(data, most))
        if data.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(data, most)
    return None


def _qcow2(file: BinaryIO, path: Path) -> BinaryIO:
    """A qcow2's contents. One with a backing or data file is refused: it could name any file on this disk."""
    header = magic(file, 0, 80)
    borrows = int.from_bytes(header[8:16]) or (header[7] >= 3 and int.from_bytes(header[72:80]) & 4)
    if borrows:
        raise ImageError(
            f"{path} is a qcow2 that keeps its contents in another file",
            hint="make it whole: qemu-img convert -O qcow2 FILE WHOLE",
        )
    with reading(str(path)):
        disk = library("dissect.hypervisor.disk.qcow2").QCow2(file)
        return cast(BinaryIO, disk if hasattr(disk, "read") else disk.open())
