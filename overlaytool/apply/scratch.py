"""A temporary copy of a checkout, to see what a change does before it is made.

Files are hard links where the file system allows it, so making one costs a tenth of a second for each
thousand files. Nothing is ever written into a linked file: it is replaced by a new one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from overlaytool.errors import WriteError
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.tree import EXECUTABLE, SYMLINK
from overlaytool.model.change import FileState
from overlaytool.support.scratch import scratch as scratch_directory

COPIED = (str(PORTAGE_STABLE), str(OVERLAY), "build_library", "sdk_container/.repo")
"""Directories that a resolver reads."""
NOT_COPIED = frozenset({"glsa", "md5-cache"})
"""Directories of ``metadata`` that it does not."""


class Scratch:
    """The copy. Paths are relative to its top, with forward slashes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def move(self) -> None:
        """Give the copy another path: pkgcore remembers the profiles of a path for as long as it runs."""
        place = self.path.with_name(f"{self.path.name}-")
        self.path.rename(place)
        self.path = place

    def put(self, name: str, state: FileState | None) -> None:
        """Replace a file; None removes it, and directories that are empty then."""
        file = self.path / name
        with suppress(FileNotFoundError):
            file.unlink()
        if state is None:
            with suppress(OSError):
                file.parent.rmdir()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        if state.mode == SYMLINK:
            file.symlink_to(os.fsdecode(state.content))
            return
        file.write_bytes(state.content)
        if state.mode == EXECUTABLE:
            file.chmod(0o755)


@contextmanager
def scratch(checkout: Path) -> Iterator[Scratch]:
    """A copy of what a resolver reads of a checkout.

    :raises WriteError: where it cannot be made.
    """
    try:
        with scratch_directory() as place:
            top = Path(place) / "scripts"
            for name in COPIED:
                if (checkout / name).is_dir():
                    shutil.copytree(
                        checkout / name, top / name, symlinks=True, copy_function=_link, ignore=_left_out
                    )
            for entry in checkout.iterdir():
                if entry.is_file() and not entry.is_symlink():
                    _link(str(entry), str(top / entry.name))
            yield Scratch(top)
    except (shutil.Error, OSError) as error:
        raise WriteError(
            f"no copy of {checkout} can be made to try the change on",
            details=(str(error)[:500],),
            hint="TMPDIR names another place for temporary files",
        ) from error


def _left_out(directory: str, names: list[str]) -> set[str]:
    return set(NOT_COPIED & set(names)) if Path(directory).name == "metadata" else set()


def _link(source: str, target: str) -> str:
    """Link a file, or copy it where the temporary directory is on another file system."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target
