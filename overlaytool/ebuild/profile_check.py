"""Checks profile directories before pkgcore reads them: for cycles, and for what is not a regular file.

pkgcore follows a cyclic ``parent`` until Python gives up, waits for a fifo, and reads /dev/zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from overlaytool.errors import CheckoutError, OverlaytoolError, RepositoryError
from overlaytool.support.files import is_sane, read_text

MOST = 1000
"""Directories of one profile, those counted again that several others name. Flatcar's have some fifty."""

DEEPEST = 100


def check_profile(profile: Path, trees: Mapping[str, Path]) -> None:
    """Refuse a profile whose parents form a cycle, or that has files that are not regular.

    :param trees: the repositories by name, for parents of the form ``name:path``.
    :raises CheckoutError: naming the file and line.
    """
    _Walk(trees).visit(profile, ())


def check_repository(tree: Path) -> None:
    """Refuse a repository in whose ``profiles`` or ``metadata`` something is not a regular file.

    :raises RepositoryError: naming the file.
    """
    for directory in (tree / "profiles", tree / "profiles/updates"):
        _refuse_odd(directory, RepositoryError)
    layout = tree / "metadata/layout.conf"
    if not is_sane(layout):
        raise _odd(layout, RepositoryError)


class _Walk:
    def __init__(self, trees: Mapping[str, Path]) -> None:
        self._trees = trees
        self._visits = 0
        self._seen: set[Path] = set()

    def visit(self, directory: Path, above: tuple[Path, ...]) -> None:
        self._visits += 1
        if self._visits > MOST or len(above) > DEEPEST:
            raise CheckoutError(
                f"the profile {(above or (directory,))[0]} has too many parents",
                details=(f"more than {MOST}, or more than {DEEPEST} in a row, among them {directory}",),
                hint="git status shows what was changed there",
            )
        if directory not in self._seen:
            self._seen.add(directory)
            _refuse_odd(directory, CheckoutError)
        for line, parent in self._parents(directory):
            if parent == directory or parent in above:
                raise CheckoutError(
                    f"a profile is its own parent: {parent}",
                    details=(f"{directory / 'parent'}, line {line}",),
                    hint="git status shows what was changed there",
                )
            self.visit(parent, (*above, directory))

    def _parents(self, directory: Path) -> Iterator[tuple[int, Path]]:
        """Line and directory of each parent that is there; what is not, pkgcore tells (PMS section 5.2.1)."""
        file = directory / "parent"
        try:
            lines = read_text(file, errors="replace").splitlines()
        except OSError:
            return
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip()
            name, colon, path = text.partition(":")
            own = next((parent for parent in directory.parents if parent.name == "profiles"), directory)
            tree = self._trees.get(name)
            parent = directory / text if not colon else (tree / "profiles" if tree else own) / path
            if text and parent.is_dir():
                yield number, parent.resolve()


def _refuse_odd(directory: Path, kind: type[OverlaytoolError]) -> None:
    """Look at every file of a directory; package.use and its like may be directories of files."""
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        return
    for entry in entries:
        if not is_sane(entry):
            raise _odd(entry, kind)
        if entry.name.startswith(("package.", "use.")) and entry.is_dir():
            _refuse_odd(entry, kind)


def _odd(file: Path, kind: type[OverlaytoolError]) -> OverlaytoolError:
    return kind(
        f"{file} is no regular file, or has gigabytes",
        hint="git status in that tree shows whether it belongs",
    )
