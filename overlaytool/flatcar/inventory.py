"""Lists a checkout's package directories, profile files, and the text of its ebuilds and eclasses.

Each is read from the work tree once. Nothing is judged here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

from msgspec import Struct

from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, TREES
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import DiskTree

COREOS_PROFILES = f"{OVERLAY}/profiles/coreos"
OURS = (PORTAGE_STABLE.name, OVERLAY.name)
"""The repositories that boards and SDK are built from."""
NOT_CATEGORIES = frozenset({"eclass", "licenses", "metadata", "profiles", "scripts", "changelog", "coreos"})
"""Directories of a repository that hold no packages."""

_ASSIGNED = re.compile(r"""\w*LICENSE\w*\+?=(?:"([^"]*)"|'([^']*)'|(\S+))""")
_LICENSE = re.compile(r"[A-Za-z0-9+_.-]+")
_CATEGORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9+_.-]*\Z")


class Entry(Struct, frozen=True, kw_only=True):
    """A line of a profile's file."""

    file: str
    line: int
    """Counted from 1."""
    text: str
    """The whole line."""
    word: str
    """Its first word: mostly an atom."""
    values: tuple[str, ...]

    @property
    def package(self) -> str:
        """``category/name`` of the entry's atom, without operator, version, slot and flags."""
        name = self.file.rpartition("/")[2]
        word = self.word.removeprefix("-")
        return (
            atom_name(f"={word}")
            if "package.provided" in (name, self.file.split("/")[-2])
            else atom_name(word)
        )


class PackageDirectory(Struct, frozen=True, kw_only=True):
    """What a category's directory holds under one name."""

    repository: str
    """The tree's directory name, ``portage-stable``."""
    name: str
    """``category/name``."""
    path: str
    """Relative to the checkout."""
    files: tuple[str, ...]
    """Names of the plain files directly in it."""

    @property
    def ebuilds(self) -> tuple[str, ...]:
        """The names that end in ``.ebuild``."""
        return tuple(name for name in self.files if name.endswith(".ebuild"))


class Inventory:
    """A checkout's files, by what they are."""

    def __init__(self, path: Path) -> None:
        """
        :param path: the checkout.
        """
        self.path, self.tree = path, DiskTree(path)

    def text(self, path: str) -> str | None:
        """A file as text; None where there is none."""
        state = self.tree.read(path)
        return None if state is None else state.content.decode("utf-8", "replace")

    # --- packages ----------------------------------------------------------------------------------

    @cached_property
    def repositories(self) -> tuple[str, ...]:
        """The ebuild repositories below third_party, ``prefix-overlay`` too where there is one."""
        top = self.path / TREES
        names = [path.name for path in top.iterdir() if (path / "profiles").is_dir()]
        return tuple(sorted(names))

    @cached_property
    def directories(self) -> tuple[PackageDirectory, ...]:
        """Every directory of every category, of all repositories."""
        return tuple(
            directory for repository in self.repositories for directory in self._directories(repository)
        )

    def _directories(self, repository: str) -> Iterator[PackageDirectory]:
        top = f"{TREES}/{repository}"
        for category in self.categories(repository):
            with os.scandir(self.path / top / category) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir())
            for name in names:
                path = f"{top}/{category}/{name}"
                yield PackageDirectory(
                    repository=repository, name=f"{category}/{name}", path=path, files=self.plain_files(path)
                )

    def plain_files(self, path: str) -> tuple[str, ...]:
        """The names of files directly in a directory, sorted; symlinks count as what they point at."""
        with os.scandir(self.path / path) as entries:
            return tuple(sorted(entry.name for entry in entries if entry.is_file()))

    def categories(self, repository: str) -> tuple[str, ...]:
        """The directories of a repository that look like categories, sorted.

        A category has a dash in its name, or is ``virtual``, or stands in ``profiles/categories``.
        """
        top = self.path / TREES / repository
        known = self.known_categories(repository)
        return tuple(
            sorted(
                entry.name
                for entry in os.scandir(top)
                if entry.is_dir()
                and entry.name not in NOT_CATEGORIES
                and (entry.name in known or entry.name == "virtual" or "-" in entry.name)
                and _CATEGORY.match(entry.name)
            )
        )

    def known_categories(self, repository: str) -> frozenset[str]:
        """``profiles/categories`` of a repository and of its master portage-stable."""
        texts = (self.text(f"{TREES}/{name}/profiles/categories") for name in (repository, "portage-stable"))
        return frozenset(word for text in texts for word in (text or "").split())

    @cached_property
    def packages(self) -> dict[str, tuple[PackageDirectory, ...]]:
        """``category/name`` to where it is, for all that have an ebuild."""
        found: dict[str, list[PackageDirectory]] = {}
        for directory in self.directories:
            if directory.ebuilds:
                found.setdefault(directory.name, []).append(directory)
        return {name: tuple(places) for name, places in found.items()}

    # --- profiles ----------------------------------------------------------------------------------

    @cached_property
    def profile_files(self) -> tuple[str, ...]:
        """Every file below the overlay's ``profiles/coreos``."""
        return self.tree.list(COREOS_PROFILES)

    def entries(self, *names: str) -> tuple[Entry, ...]:
        """The lines of profile files of these names, or of the files in directories of these names."""
        return tuple(
            entry for path in self.profile_files if _is_named(path, names) for entry in self.lines(path)
        )

    def lines(self, path: str) -> Iterator[Entry]:
        """The lines of one profile file that are neither empty nor comments."""
        text = self.text(path) or ""
        whole = text.split("\n")
        for entry in profiles.entries(text):
            yield Entry(
                file=path,
                line=entry.line + 1,
                text=whole[entry.line],
                word=entry.atom,
                values=entry.values,
            )

    # --- text of ebuilds ---------------------------------------------------------------------------

    @cached_property
    def ebuild_texts(self) -> dict[str, str]:
        """Every ebuild of every repository, by path."""
        return {
            f"{directory.path}/{name}": _read(self.path / directory.path / name)
            for directory in self.directories
            for name in directory.ebuilds
        }

    @cached_property
    def eclass_texts(self) -> dict[str, str]:
        """Every eclass of every repository, by path."""
        return {
            f"{TREES}/{repository}/eclass/{path.name}": _read(path)
            for repository in self.repositories
            for path in sorted((self.path / TREES / repository / "eclass").glob("*.eclass"))
        }

    @cached_property
    def list_entries(self) -> Sequence[automation.ListEntry]:
        """What the automation list holds; empty where there is no list."""
        text = self.text(automation.PACKAGES_LIST)
        return automation.list_entries(text) if text is not None else ()


def _is_named(path: str, names: Sequence[str]) -> bool:
    parts = path.split("/")
    return parts[-1] in names or parts[-2] in names


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def licenses_in(text: str) -> Iterator[str]:
    """Every word of every value that an ebuild or eclass assigns to a variable with LICENSE in its name."""
    if "LICENSE" not in text:
        return
    for groups in _ASSIGNED.findall(text):
        for value in groups:
            for word in value.split():
                if _LICENSE.fullmatch(word):
                    yield word


def names_package(text: str, package: str) -> bool:
    """Whether a text has a package's name, and not only one that begins or ends with it."""
    return package in text and re.search(_named(package), text) is not None


@cache
def _named(package: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/.-]){re.escape(package)}(?![\w+]|-[A-Za-z_])")
