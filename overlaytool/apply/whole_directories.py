"""The list's entries that are whole directories: what of Gentoo's profiles, licences and scripts counts.

Copied whole, ``profiles`` and ``licenses`` bring hundreds of files that nothing here reads. What is copied is
what the checkout's own profiles lead to, and the licences that its ebuilds name.
"""

from __future__ import annotations

import os
import posixpath
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from overlaytool.apply.copying import Mirrored
from overlaytool.apply.package_source import Issues, read_directory, read_plain
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.inventory import licenses_in
from overlaytool.flatcar.tree import Tree, read_file
from overlaytool.model.change import FileState, StepKind
from overlaytool.model.plan import Action, TreeCommit

EVERYWHERE = ("desc", "updates")
"""Directories of ``profiles`` that count whatever the profile."""
NAMES = ("package.", "use.")
"""How files of profiles begin that may be directories (portage(5))."""
OWN = frozenset({"repo_name"})
"""Files of ``profiles`` that stay the checkout's."""


class WholeDirectories:
    """Brings the directories of the list up to Gentoo, a step each."""

    def __init__(self, mirrored: Mirrored, root: Path, origin: TreeCommit, issues: Issues) -> None:
        """
        :param root: Gentoo's tree.
        :param origin: its name and commit.
        :param issues: gets what must not be copied.
        """
        self._to, self._root, self._origin, self._issues = mirrored, root, origin, issues

    def copy(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of ``profiles`` and ``scripts`` that are among some names and differ.

        :return: the names that were copied.
        """
        done: list[str] = []
        if "profiles" in names and (self._root / "profiles").is_dir():
            for directory in sorted(self._profiles()):
                self._directory(directory)
            self._finish(done, StepKind.MASKS, "profiles")
        if "scripts" in names and (self._root / "scripts").is_dir():
            for path, state in read_directory(self._root, "scripts", self._issues).items():
                self._to.put(f"{PORTAGE_STABLE}/scripts/{path}", state)
            self._finish(done, StepKind.LICENSE, "scripts")
        return tuple(done)

    def licenses(self, packages: Iterable[str], *, listed: bool) -> tuple[str, ...]:
        """The licences that the ebuilds of some packages name and no repository of the checkout has.

        :param packages: those that were copied.
        :param listed: whether the list has ``licenses``: then those that Gentoo changed are copied, too.
        :return: the names of what was copied.
        """
        stable, overlay = f"{PORTAGE_STABLE}/licenses", f"{OVERLAY}/licenses"
        there = {path.rpartition("/")[2] for path in self._to.draft.list(stable)}
        known = there | {path.rpartition("/")[2] for path in self._to.draft.list(overlay)}
        wanted = dict.fromkeys(sorted(set(self._named(packages)) - known))
        if listed:
            wanted.update(dict.fromkeys(sorted(there)))
        copied: list[str] = []
        for name in wanted:
            if (self._root / "licenses" / name).is_file():
                path = f"{stable}/{name}"
                before, state = (
                    self._to.draft.read(path),
                    read_plain(self._root, f"licenses/{name}", self._issues),
                )
                if state is not None and state != before:
                    self._to.put(path, state)
                    copied.append(f"licenses/{name}")
                    if before is None:
                        self._to.draft.finish(StepKind.LICENSE, Action.ADD, f"licenses/{name}", self._origin)
        self._to.draft.finish(StepKind.LICENSE, Action.UPDATE, "licenses", self._origin)
        return tuple(copied)

    def _named(self, packages: Iterable[str]) -> Iterator[str]:
        for package in packages:
            for path in self._to.draft.list(f"{PORTAGE_STABLE}/{package}"):
                if path.endswith(".ebuild"):
                    yield from licenses_in(self._to.draft.read_text(path))

    def _profiles(self) -> Iterator[str]:
        """The directories of ``profiles`` that count, relative to it; the top is empty."""
        yield ""
        yield from EVERYWHERE
        pending, seen = deque(_parents_elsewhere(self._to.draft)), set[str]()
        while pending:
            directory = pending.popleft()
            place = self._root / "profiles" / directory
            if directory in seen or directory.startswith("..") or not place.is_dir():
                continue
            seen.add(directory)
            yield directory
            parent = place / "parent"
            if parent.is_file():
                for line in parent.read_text("utf-8", "replace").splitlines():
                    name = line.partition("#")[0].strip()
                    if name and ":" not in name:
                        pending.append(posixpath.normpath(posixpath.join(directory, name)))

    def _directory(self, directory: str) -> None:
        """The files directly in a directory of ``profiles``, and below ``package.mask`` and the like."""
        source = posixpath.join("profiles", directory).rstrip("/")
        target = f"{PORTAGE_STABLE}/{source}"
        files = {
            name: self._read(self._root / source / name)
            for name in _direct_files(self._root / source)
            if directory or name not in OWN
        }
        there = [path.removeprefix(f"{target}/") for path in self._to.draft.list(target)]
        for name in there:
            if _is_direct(name) and name not in files and (directory or name not in OWN):
                self._to.put(f"{target}/{name}", None)
        for name, state in files.items():
            if state is not None:
                self._to.put(f"{target}/{name}", state)

    def _read(self, file: Path) -> FileState | None:
        if file.is_symlink():
            self._issues.unsafe.append(f"{file.relative_to(self._root)} is a symlink")
            return None
        return read_file(file)

    def _finish(self, done: list[str], kind: StepKind, name: str) -> None:
        before = len(self._to.draft.steps())
        self._to.draft.finish(kind, Action.UPDATE, name, self._origin)
        if len(self._to.draft.steps()) > before:
            done.append(name)


def _direct_files(directory: Path) -> Iterator[str]:
    """The files that a profile's directory has itself, and those in its directories such as package.mask."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name) if directory.is_dir() else ():
        if not entry.is_dir(follow_symlinks=False):
            yield entry.name
        elif entry.name.startswith(NAMES):
            yield from (
                f"{entry.name}/{inner.name}"
                for inner in sorted(os.scandir(entry.path), key=lambda inner: inner.name)
                if not inner.is_dir(follow_symlinks=False)
            )


def _is_direct(name: str) -> bool:
    """Whether a profile has a file itself: ``package.mask``, ``package.mask/a``, and not ``sub/a``."""
    head, _, rest = name.partition("/")
    return not rest or (head.startswith(NAMES) and "/" not in rest)


def _parents_elsewhere(tree: Tree) -> Iterator[str]:
    """The directories of another repository's ``profiles`` that coreos-overlay's profiles have as parents."""
    for path in tree.list(f"{OVERLAY}/profiles"):
        state = tree.read(path) if path.endswith("/parent") else None
        for line in state.content.decode("utf-8", "replace").splitlines() if state else ():
            repository, colon, directory = line.partition("#")[0].strip().partition(":")
            if colon and repository:
                yield posixpath.normpath(directory)
