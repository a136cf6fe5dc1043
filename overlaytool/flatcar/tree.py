"""Reading a checkout: from the work tree, or (elsewhere) from a git commit, through one small protocol."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from overlaytool.errors import CheckoutError
from overlaytool.model.change import FileState
from overlaytool.support.files import read_bytes

REGULAR = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
MOST_FILES = 10_000
"""In one package directory that is copied. Gentoo's largest has some hundred."""


class Tree(Protocol):
    """A checkout's files as git sees them. Paths are relative to its root, with forward slashes."""

    def read(self, path: str) -> FileState | None:
        """The file or symlink at ``path``; None when there is nothing, or a directory."""

    def list(self, directory: str) -> tuple[str, ...]:
        """Every file and symlink below ``directory``, at any depth, sorted; empty when it is not there."""


class DiskTree:
    """A work tree. Symlinks are never followed below the root, and nothing is written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> FileState | None:
        """The file or symlink at ``path``; None when there is nothing, or a directory.

        :raises CheckoutError: for a file that cannot be read.
        """
        try:
            return read_file(self._root / path)
        except OSError as error:
            raise _unreadable(path, error) from error

    def list(self, directory: str) -> tuple[str, ...]:
        """Every file and symlink below ``directory``, at any depth, sorted; empty when it is not there.

        :raises CheckoutError: for a directory that cannot be read.
        """
        found: list[str] = []
        pending = [directory]
        while pending:
            current = pending.pop()
            try:
                entries = list(os.scandir(self._root / current))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise _unreadable(current, error) from error
            for entry in entries:
                path = f"{current}/{entry.name}" if current else entry.name
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                else:
                    found.append(path)
        return tuple(sorted(found))


def read_file(path: Path) -> FileState | None:
    """The state of one file or symlink on disk; None when there is nothing that git would store.

    :raises OSError: where it cannot be read.
    """
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return FileState(mode=SYMLINK, content=os.fsencode(path.readlink()))
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = EXECUTABLE if status.st_mode & stat.S_IXUSR else REGULAR
        return FileState(mode=mode, content=read_bytes(path, follow=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest_of(files: Mapping[str, FileState]) -> str:
    """The SHA-256 of the names, modes and contents of files, in hex: a plan says with it what it copies."""
    found = hashlib.sha256()
    for name in sorted(files):
        state = files[name]
        found.update(f"{len(os.fsencode(name))} {state.mode:o} {len(state.content)}\n".encode())
        found.update(os.fsencode(name) + state.content)
    return found.hexdigest()


def _unreadable(path: str, error: OSError) -> CheckoutError:
    return CheckoutError(f"{path} cannot be read: {error.strerror}", hint="is it another user's?")
