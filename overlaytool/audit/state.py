"""The checkout as the checks look at it: package directories, profile files, text of ebuilds, the closure."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from overlaytool.audit.history import History
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar.checkout import OVERLAY, TREES, Checkout
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.advisory import Advised
from overlaytool.model.dependency import Atom, View
from overlaytool.model.resolution import package_name
from overlaytool.resolve.roots import Everything

COREOS_PROFILES = f"{OVERLAY}/profiles/coreos"
NOT_CATEGORIES = frozenset({"eclass", "licenses", "metadata", "profiles", "scripts", "changelog", "coreos"})
"""Directories of a repository that hold no packages."""

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
    atom: Atom | None
    """None where the word is none."""

    @property
    def package(self) -> str:
        """``category/name``, whatever stands around it."""
        return self.atom.package if self.atom else atom_name(self.word)


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


class State:
    """What every check is given. All that is read is read once."""

    def __init__(
        self,
        checkout: Checkout,
        source: TreeSource,
        today: date,
        everything: Callable[[], Everything[EbuildCandidate]],
        advised: Callable[[Everything[EbuildCandidate]], Advised],
        history: History | None = None,
    ) -> None:
        """
        :param source: the checkout's packages; where it has a Gentoo tree, that is compared with.
        :param today: what is later than this has not happened yet.
        :param everything: works out what all targets select; asked at most once.
        :param advised: holds the advisories against that; asked at most once.
        :param history: where the copies came from; None where the checkout is no git work tree.
        """
        self._everything, self._advised, self.history = everything, advised, history
        self.checkout, self.source, self.today = checkout, source, today
        self.tree = DiskTree(checkout.path)
        self._visible: dict[tuple[str, str], tuple[EbuildCandidate, ...]] = {}

    @cached_property
    def everything(self) -> Everything[EbuildCandidate]:
        """What all targets select today."""
        return self._everything()

    @cached_property
    def advised(self) -> Advised:
        """Which advisories apply to that."""
        return self._advised(self.everything)

    def path_of(self, cpv: str) -> str | None:
        """The directory of a package of the checkout, by its CPV or name; None where it has none."""
        places = self.packages.get(cpv) or self.packages.get(package_name(cpv) if "/" in cpv else "")
        return places[-1].path if places else None

    def text(self, path: str) -> str | None:
        """A file as text; None where there is none."""
        state = self.tree.read(path)
        return None if state is None else state.content.decode("utf-8", "replace")

    # --- packages ----------------------------------------------------------------------------------

    @cached_property
    def repositories(self) -> tuple[str, ...]:
        """The ebuild repositories below third_party, ``prefix-overlay`` too where there is one."""
        top = self.checkout.path / TREES
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
            with os.scandir(self.checkout.path / top / category) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir())
            for name in names:
                path = f"{top}/{category}/{name}"
                yield PackageDirectory(
                    repository=repository, name=f"{category}/{name}", path=path, files=self.plain_files(path)
                )

    def plain_files(self, path: str) -> tuple[str, ...]:
        """The names of files directly in a directory, sorted; symlinks count as what they point at."""
        with os.scandir(self.checkout.path / path) as entries:
            return tuple(sorted(entry.name for entry in entries if entry.is_file()))

    def categories(self, repository: str) -> tuple[str, ...]:
        """The directories of a repository that look like categories, sorted.

        A category has a dash in its name, or is ``virtual``, or stands in ``profiles/categories``.
        """
        top = self.checkout.path / TREES / repository
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

    @cached_property
    def candidates(self) -> tuple[EbuildCandidate, ...]:
        """Every ebuild of portage-stable and coreos-overlay."""
        return tuple(
            candidate for package in self.packages for candidate in self.source.checkout_candidates(package)
        )

    # --- atoms -------------------------------------------------------------------------------------

    def matching(self, atom: Atom) -> tuple[EbuildCandidate, ...]:
        """The checkout's ebuilds that an atom is about."""
        return tuple(
            candidate
            for candidate in self.source.checkout_candidates(atom.package)
            if self.source.admits(candidate, atom)
        )

    def visible(self, view: View, package: str) -> tuple[EbuildCandidate, ...]:
        """What emerge takes of a package in a view: the highest of every slot that nothing hides."""
        known = self._visible.get((view.name, package))
        if known is None:
            known = self._visible[view.name, package] = tuple(self._look(view, package))
        return known

    def _look(self, view: View, package: str) -> Iterator[EbuildCandidate]:
        chosen: set[str] = set()
        for candidate in self.source.checkout_candidates(package):
            hidden = self.source.hidden_at_sight(view, candidate) or self.source.obstacles(view, candidate)
            if not hidden and candidate.slot not in chosen:
                chosen.add(candidate.slot)
                yield candidate

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
            word = entry.atom.removeprefix("-")
            try:
                atom = self.source.parse_atom(word)
            except MalformedAtomError:
                atom = None
            yield Entry(
                file=path,
                line=entry.line + 1,
                text=whole[entry.line],
                word=entry.atom,
                values=entry.values,
                atom=atom,
            )

    def views(self, file: str) -> tuple[View, ...]:
        """The views in whose profile a file has its say; all of them where none has it as a parent."""
        found = [view for view in self.source.views if self._has(view, file)]
        return tuple(found or self.source.views)

    def _has(self, view: View, file: str) -> bool:
        directories = list(self.source.profile(view).files)
        if view.board:
            directories += self.source.production(view.board).files
        place = self.checkout.path / file
        return any(_direct(directory, place) for directory in directories)

    # --- text of ebuilds ---------------------------------------------------------------------------

    @cached_property
    def ebuild_texts(self) -> dict[str, str]:
        """Every ebuild of every repository, by path."""
        return {
            f"{directory.path}/{name}": _read(self.checkout.path / directory.path / name)
            for directory in self.directories
            for name in directory.ebuilds
        }

    @cached_property
    def eclass_texts(self) -> dict[str, str]:
        """Every eclass of every repository, by path."""
        return {
            f"{TREES}/{repository}/eclass/{path.name}": _read(path)
            for repository in self.repositories
            for path in sorted((self.checkout.path / TREES / repository / "eclass").glob("*.eclass"))
        }

    @cached_property
    def list_entries(self) -> Sequence[automation.ListEntry]:
        """What the automation list holds; empty where there is no list."""
        text = self.text(automation.PACKAGES_LIST)
        return automation.list_entries(text) if text is not None else ()


def _direct(directory: Path, place: Path) -> bool:
    """Whether a file lies in a profile directory itself, or in a directory such as ``package.use/`` there."""
    inside = place.parent.name.startswith(("package.", "use."))
    return directory == (place.parent.parent if inside else place.parent)


def _is_named(path: str, names: Sequence[str]) -> bool:
    parts = path.split("/")
    return parts[-1] in names or parts[-2] in names


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
