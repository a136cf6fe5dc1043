"""The files of a commit, read from git's objects through GitPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

from overlaytool.model.change import FileState

if TYPE_CHECKING:
    import git

GITLINK = 0o160000
"""The mode of a submodule's entry in a tree."""


class CommitTree:
    """The files of one commit, by their path from the top."""

    def __init__(self, root: git.Tree) -> None:
        self._root = root

    def read(self, path: str) -> FileState | None:
        """A file or symlink; None where there is no such path, or it is a directory or submodule."""
        entry = self._entry(path)
        if entry is None or entry.type != "blob":
            return None
        return FileState(mode=entry.mode, content=entry.data_stream.read())

    def list(self, directory: str) -> tuple[str, ...]:
        """Every file and symlink below a directory, as paths from the top, sorted."""
        entry = self._entry(directory)
        if entry is None or entry.type != "tree":
            return ()
        return tuple(sorted(path for child in entry for path in self._below(child)))

    def _below(self, child: git.Tree | git.Blob | git.Submodule) -> tuple[str, ...]:
        return (str(child.path),) if child.type == "blob" else self.list(str(child.path))

    def submodule(self, path: str) -> str | None:
        """The submodule that holds ``path`` or is it; None where there is none."""
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            prefix = "/".join(parts[:length])
            entry = self._entry(prefix)
            if entry is None:
                return None
            if entry.mode == GITLINK:
                return prefix
        return None

    def _entry(self, path: str) -> git.Tree | git.Blob | git.Submodule | None:
        if path in ("", "."):
            return self._root
        try:
            return self._root.join(path)
        except KeyError:
            return None
