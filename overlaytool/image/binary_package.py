"""The files of a binary package: xpak (`.tbz2`, `.xpak`) and gpkg (GLEP 78), read without unpacking to
disk."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from overlaytool.errors import ImageError
from overlaytool.image import disk
from overlaytool.image.damage import reading

XPAK_END = b"STOP"


class _Part:
    """The beginning of a file, for readers that go on to its end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, count: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(self._left if count < 0 else min(count, self._left))
        self._left -= len(data)
        return data


@contextmanager
def members(path: Path) -> Iterator[Iterator[tuple[str, tarfile.TarInfo, BinaryIO | None]]]:
    """What a binary package installs: path without a leading slash, tar entry, contents of a regular file.

    :raises ImageError: when it is no binary package, or is damaged.
    """
    with (
        reading(str(path)),
        path.open("rb") as file,
        tarfile.open(fileobj=_archive(file, path), mode="r|") as tar,
    ):
        yield _members(tar, path)


def _members(tar: tarfile.TarFile, path: Path) -> Iterator[tuple[str, tarfile.TarInfo, BinaryIO | None]]:
    with reading(str(path)):
        for member in tar:
            name = member.name.removeprefix("./").lstrip("/")
            if path.name.endswith(".gpkg.tar"):
                name = name.removeprefix("image").lstrip("/")
            if name:
                yield (
                    name,
                    member,
                    cast("BinaryIO | None", tar.extractfile(member) if member.isfile() else None),
                )


def _archive(file: BinaryIO, path: Path) -> Any:
    """The uncompressed archive of what is installed."""
    if path.name.endswith(".gpkg.tar"):
        outer = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  (as long as the file is)
        for member in outer:
            if member.name.rpartition("/")[2].startswith("image.tar") and not member.name.endswith(".sig"):
                inner = outer.extractfile(member)
                if inner is not None:
                    return _plain(cast(BinaryIO, inner), inner)
        raise ImageError(f"{path} has no image.tar in it")
    size = disk.length(file)
    end = disk.magic(file, size - 8, 8)
    if end[4:] != XPAK_END:
        raise ImageError(f"{path} is no binary package", details=("it ends without an xpak",))
    start = size - 8 - int.from_bytes(end[:4])
    if start <= 0:
        raise ImageError(f"{path} is cut off")
    return _plain(file, _Part(file, start))


def _plain(file: BinaryIO, part: Any) -> Any:
    at = file.seek(0)
    head = file.read(6)
    file.seek(at)
    for prefix, opener in disk.WRAPPINGS:
        if head.startswith(prefix):
            return opener(part)
    return part
