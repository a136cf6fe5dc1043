"""Look into whatever was named: a disk, a system extension, a kernel, a build directory, alone or
compressed."""

from __future__ import annotations

from pathlib import Path

from overlaytool.image import disk, disk_image, extension, partitions
from overlaytool.image.build_directory import read as read_directory
from overlaytool.image.damage import named
from overlaytool.image.filesystem import kind_of, open_filesystem
from overlaytool.image.findings import Findings
from overlaytool.model.image import ImageContents
from overlaytool.progress import Progress, SilentProgress

SUFFIXES = (".bz2", ".xz", ".gz", ".zst")
NO_LIST = "no list of packages was found: _packages.txt and _licenses.json beside the image would name them"


def look(path: Path, progress: Progress | None = None, *, digests: bool = False) -> ImageContents:
    """All that is known of ``path``.

    :param digests: whether to read the contents of all files, too.

    What a part of it cannot tell is in ``unread`` of the result; that something is wrong, in
    ``contradictions``.

    :raises ImageError: when nothing of it can be read.
    :raises ToolMissingError: when the libraries that read images are not installed.
    """
    found = Findings(str(path), digests=digests)
    with (progress or SilentProgress()).task(f"reading {path.name}"):
        if path.is_dir():
            read_directory(path, found)
        else:
            read_file(path, found)
    contents = found.contents()
    if contents.component("base") and not any(each.packages for each in contents.components):
        found.untold.append(NO_LIST)
        contents = found.contents()
    return contents


def read_file(path: Path, found: Findings) -> None:
    """Take in one file.

    :raises ImageError: when it is nothing that is known.
    """
    with named(path), disk.opened(path) as stream:
        if partitions.is_partitioned(stream) and not extension.is_extension(partitions.read(stream)):
            disk_image.read(stream, found)
        elif partitions.is_partitioned(stream) or kind_of(stream):
            name = extension_name(path)
            found.take_release(extension.read(stream, name, path.name, found, alone=True))
        elif disk_image.is_kernel(stream):
            stream.seek(0)
            found.take_kernel(stream.read(disk_image.MOST_KERNEL), path.name)
        else:
            partitions.check_remains(stream)
            open_filesystem(stream)  # says what is there instead


def extension_name(path: Path) -> str:
    """``docker`` of ``docker.raw.bz2``."""
    name = path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name.removesuffix(".raw").removesuffix(".squashfs")
