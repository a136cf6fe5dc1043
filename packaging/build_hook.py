"""What a wheel holds besides the package: the trees of the demonstration, the man page, the completions.

The trees go in as one archive, since a wheel cannot hold symlinks, and the revision of a metapackage is one.
An editable install uses what lies in the clone, so it gets none of this.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TREES = ("flatcar-mini", "gentoo-mini")


class Hook(BuildHookInterface[Any]):
    """Called by hatchling for each target."""

    _made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the files in a temporary directory, and name them to the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        self._made = Path(tempfile.mkdtemp(prefix="overlaytool-build-"))
        archive = self._made / "trees.tar.xz"
        archive.write_bytes(pack(Path(self.root) / "fixtures", TREES))
        build_data["force_include"][str(archive)] = "overlaytool/trees.tar.xz"
        for path, content in self._shared().items():
            file = self._made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
            build_data["shared_data"][str(file)] = path

    def _shared(self) -> dict[str, str]:
        """What the commands of the tree that is being built say of themselves."""
        sys.path.insert(0, self.root)
        try:
            from overlaytool.cli import manual

            return manual.shared_files()
        finally:
            sys.path.remove(self.root)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove them when they are in the wheel."""
        if self._made:
            shutil.rmtree(self._made)


def pack(place: Path, names: tuple[str, ...]) -> bytes:
    """Directories as an archive whose bytes depend on names, contents and modes only."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            archive.add(place / name, arcname=name, filter=_plain)
    return buffer.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
