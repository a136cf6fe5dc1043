"""A checkout in memory, for what reads through the Tree protocol."""

from __future__ import annotations

from collections.abc import Mapping

from overlaytool.flatcar.tree import REGULAR, SYMLINK
from overlaytool.model.change import FileState


class MemoryTree:
    """Files by path; text stands for a regular file."""

    def __init__(self, files: Mapping[str, str | FileState]) -> None:
        self.files = {
            path: FileState(mode=REGULAR, content=file.encode()) if isinstance(file, str) else file
            for path, file in files.items()
        }

    def read(self, path: str) -> FileState | None:
        """The file at ``path``."""
        return self.files.get(path)

    def list(self, directory: str) -> tuple[str, ...]:
        """Every path below ``directory``."""
        return tuple(sorted(path for path in self.files if path.startswith(f"{directory}/")))


def link(target: str) -> FileState:
    """A symlink."""
    return FileState(mode=SYMLINK, content=target.encode())
