"""Reads files of trees: regular ones, up to a size limit.

A tree may hold a fifo, on which a reader waits for ever, a link to /dev/zero, which has no end, or a sparse
file of gigabytes. Each is an :class:`OSError` here, as a file that cannot be read is.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LIMIT = 64 * 1024 * 1024
"""Bytes of one file. The largest text of Gentoo's tree, ``use.local.desc``, has a twentieth of that."""

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_bytes(path: str | Path, *, limit: int = LIMIT, follow: bool = True) -> bytes:
    """The content of a regular file; its access time stays where the kernel allows that.

    :param follow: whether a symlink at ``path`` is followed.
    :raises OSError: where it cannot be read, is no regular file, or has more than ``limit`` bytes.
    """
    flags = _FLAGS if follow else _FLAGS | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit >> 20} MiB", str(path))
        return _all(descriptor, status.st_size, limit, path)
    finally:
        os.close(descriptor)


def _all(descriptor: int, size: int, limit: int, path: str | Path) -> bytes:
    """Everything in an open file; it may grow while it is read, but not past the limit."""
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content
    parts = [content]
    total = len(content)
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
        total += len(part)
        if total > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit >> 20} MiB", str(path))
    return b"".join(parts)


def read_text(path: str | Path, *, errors: str = "strict", limit: int = LIMIT) -> str:
    """The same as UTF-8 text.

    :param errors: what to do about bytes that are not UTF-8, as for :meth:`bytes.decode`.
    :raises OSError: see :func:`read_bytes`.
    :raises UnicodeDecodeError: where ``errors`` is ``strict``.
    """
    return read_bytes(path, limit=limit).decode("utf-8", errors)


def is_sane(path: str | Path, *, limit: int = LIMIT) -> bool:
    """Whether :func:`read_bytes` would read a file, judged by its status; True where there is no file."""
    try:
        status = Path(path).stat()
    except OSError:
        return True
    return stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_size <= limit)
