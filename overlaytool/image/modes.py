"""The kinds of files by the type bits of their modes."""

from __future__ import annotations

import stat

from overlaytool.errors import ImageError
from overlaytool.model.image import FileKind

KINDS = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFLNK: FileKind.SYMLINK,
    stat.S_IFCHR: FileKind.CHARACTER_DEVICE,
    stat.S_IFBLK: FileKind.BLOCK_DEVICE,
    stat.S_IFIFO: FileKind.FIFO,
    stat.S_IFSOCK: FileKind.SOCKET,
}


def kind(mode: int) -> FileKind:
    """The kind of a mode as ``st_mode`` has it.

    :raises ImageError: when it is none.
    """
    found = KINDS.get(stat.S_IFMT(mode))
    if found is None:
        raise ImageError(f"an inode is of a type that does not exist: mode {mode:o}")
    return found
