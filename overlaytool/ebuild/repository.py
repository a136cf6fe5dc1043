"""Ebuild repositories that are only read: opened through pkgcore, their metadata cached outside them.

An ebuild is built with the eclasses of the tree that it lands in. So a source's ebuilds are sourced
here with the checkout's eclasses first, and with the source's own where the checkout has none.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Mapping
from contextlib import suppress
from functools import cached_property
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple

from pkgcore.ebuild import eclass_cache, repo_objs
from pkgcore.ebuild import repository as pkgcore_repository
from pkgcore.ebuild.cpv import (
    VersionedCPV,
    isvalid_cat_re,
    isvalid_pkg_name,
    isvalid_version_re,
    ver_cmp,
)
from pkgcore.ebuild.errors import InvalidCPV
from pkgcore.repository.errors import RepoError
from snakeoil.chksum import LazilyHashedPath
from snakeoil.mappings import ImmutableDict

from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.evaluate import parse_atom
from overlaytool.ebuild.metadata import CachedMetadataFactory
from overlaytool.ebuild.profile_check import check_repository
from overlaytool.ebuild.runtime import require_start
from overlaytool.ebuild.sandbox import POOL
from overlaytool.errors import MalformedAtomError, RepositoryError
from overlaytool.model.dependency import Origin
from overlaytool.support.files import is_sane, read_bytes, read_text

LARGEST_EBUILD = 4 << 20
"""Bytes. Gentoo's largest has a thirtieth of that."""


class Eclasses(eclass_cache.base):  # type: ignore[misc]
    """Eclass directories stacked: the first directory that has a name wins, unless it is overridden."""

    def __init__(
        self,
        directories: tuple[Path, ...],
        overrides: Mapping[str, Path] | None = None,
        trusted: Container[Path] = (),
    ) -> None:
        """
        :param directories: ``eclass/`` directories, first wins.
        :param overrides: eclass names and the files to take for them whatever the directories hold.
        :param trusted: directories whose eclasses a shell may keep that sources for other trees as well.
        """
        super().__init__(location=str(directories[0].parent), eclassdir=str(directories[0]))
        self.directories = directories
        self.overrides = dict(overrides or {})
        self._trusted = trusted
        self._digests: dict[str, str | None] = {}
        self._code: dict[str, bool] = {}

    def _load_eclasses(self) -> Mapping[str, LazilyHashedPath]:
        found: dict[str, LazilyHashedPath] = {}
        for directory in self.directories:
            if directory.is_dir():
                for path in filter(is_sane, directory.glob("*.eclass")):
                    found.setdefault(path.stem, LazilyHashedPath(str(path), eclassdir=str(directory)))
        for name, path in self.overrides.items():
            found[name] = LazilyHashedPath(str(path), eclassdir=str(path.parent))
        eclasses: Mapping[str, LazilyHashedPath] = ImmutableDict(found)
        return eclasses

    def digest(self, name: str) -> str | None:
        """The md5 of the file that an ``inherit`` of that name sources, in hex; None without one."""
        if name not in self._digests:
            data = self.eclasses.get(name)
            self._digests[name] = None if data is None else f"{data.md5:032x}"
        return self._digests[name]

    def may_be_kept(self, name: str) -> bool:
        """Whether an eclass is of a trusted tree and has code: no function is without a command."""
        if name not in self._code:
            path = self.path(name)
            self._code[name] = path is not None and path.parent in self._trusted and _has_code(path)
        return self._code[name]

    def path(self, name: str) -> Path | None:
        """The file that an ``inherit`` of that name sources, or None."""
        data = self.eclasses.get(name)
        return Path(data.path) if data is not None else None


def _has_code(path: Path) -> bool:
    lines = read_text(path, errors="replace").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


class _Tree(pkgcore_repository.UnconfiguredTree):  # type: ignore[misc]
    """pkgcore's tree with our metadata cache instead of one inside the tree."""

    package_factory = staticmethod(CachedMetadataFactory)

    def __init__(self, *args: object, metadata_cache: MetadataCache, trusted: bool, **kwargs: object) -> None:
        self.metadata_cache, self.trusted = metadata_cache, trusted
        self._read: dict[str, bytes] = {}
        super().__init__(*args, **kwargs)
        eclasses: Eclasses = self.eclass_cache
        files = (path.parent for path in eclasses.overrides.values())
        self.needed_by_bash = frozenset((Path(self.location), *eclasses.directories, *files))
        """What sourcing one of its ebuilds reads."""
        POOL.expect(self.needed_by_bash)
        self.shared_as = "" if trusted else os.path.realpath(self.location)
        """With which trees it shares what is known of ebuilds: the trusted ones do, others have their own."""

    def text(self, ebuild: Any) -> str:
        """An ebuild as it is written. Its file is kept for :meth:`digest`, which mostly comes next.

        :raises OSError: where it cannot be read.
        """
        path = ebuild.path
        content = self._read[path] = _content(path)
        return content.decode(errors="replace")

    def digest(self, ebuild: Any) -> str:
        """An ebuild's md5 in hex: what the md5-dict format knows it by.

        :raises OSError: where it cannot be read.
        """
        path = ebuild.path
        content = self._read.pop(path, None)
        if content is None:
            content = _content(path)
        return md5(content, usedforsecurity=False).hexdigest()


class Listed(NamedTuple):
    """An ebuild as the name of its file tells it."""

    package: str
    """``category/name``."""
    version: str
    """Without the revision."""
    revision: int
    written: str
    """Version and revision as they stand there: ``1.2-r01``."""

    @property
    def cpv(self) -> str:
        """With the revision as everybody writes it: ``category/name-1.2-r1``."""
        return f"{self.package}-{self.version}" + (f"-r{self.revision}" if self.revision else "")


class Repository:
    """One ebuild repository."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        origin: Origin,
        eclasses: Eclasses,
        cache: MetadataCache,
        masters: tuple[Repository, ...] = (),
        trusted: bool = True,
    ) -> None:
        """
        :param path: the tree.
        :param name: what it is called in plans and messages.
        :param masters: trees whose eclasses and profiles it builds on (``layout.conf``).
        :param trusted: whether the metadata that it ships are believed, and shared with the other trusted.
        :raises RepositoryError: when there is no ebuild repository at ``path``.
        """
        require_start()
        self.path, self.name, self.origin, self.eclasses = path, name, origin, eclasses
        if not (path / "profiles").is_dir():
            raise RepositoryError(
                f"{path} is no ebuild repository",
                details=("it has no profiles directory (PMS section 4.1)",),
                hint="name the top of a Gentoo tree with --gentoo, or get one with: overlaytool sync",
            )
        check_repository(path)
        try:
            config = repo_objs.RepoConfig(str(path))
            self.tree: Any = _Tree(
                str(path),
                eclass_cache=eclasses,
                repo_config=config,
                metadata_cache=cache,
                trusted=trusted,
                masters=tuple(master.tree for master in masters),
            )
        except (RepoError, OSError, ValueError) as error:
            raise RepositoryError(
                f"{path} cannot be read as an ebuild repository", details=(str(error),)
            ) from error
        self._packages: dict[str, tuple[Listed, ...]] = {}

    def ebuilds(self, package: str) -> tuple[Listed, ...]:
        """The ebuilds of ``category/name``, highest version first."""
        known = self._packages.get(package)
        if known is None:
            known = self._packages[package] = self._list(package)
        return known

    def _list(self, package: str) -> tuple[Listed, ...]:
        category, _, name = package.partition("/")
        try:
            with os.scandir(f"{self.path}/{package}") as entries:
                files = [entry.name for entry in entries if _may_be_ebuild(entry)]
        except OSError:
            return ()
        ebuilds = []
        is_version = isvalid_version_re.match
        for file in files:
            if file.endswith(".ebuild") and file.startswith(f"{name}-"):
                written = file[len(name) + 1 : -len(".ebuild")]
                version, dash, revision = written.rpartition("-r")
                if not (dash and revision.isdigit()):
                    version, revision = written, "0"
                if is_version(version):  # emerge does not see other files either
                    ebuilds.append(Listed(package, version, int(revision), written))
        if ebuilds and not (isvalid_cat_re.match(category) and isvalid_pkg_name(name.split("-"))):
            return ()
        if len(ebuilds) > 1:
            ebuilds.sort(key=VersionKey, reverse=True)
        return tuple(ebuilds)

    def ebuild(self, listed: Listed) -> Any:
        """pkgcore's package for an ebuild, not sourced."""
        return self.tree.package_class(*listed.package.split("/"), listed.written)

    def has(self, package: str) -> bool:
        """Whether the tree has an ebuild of ``category/name``."""
        return bool(self.ebuilds(package))

    @cached_property
    def packages(self) -> frozenset[str]:
        """Every ``category/name`` with a directory. Lists the whole tree: for searches only."""
        return frozenset(
            f"{category}/{name}"
            for category in sorted(self.tree.category_dirs)
            for name in self.tree._get_packages(category)
            if name != "CVS"
        )

    @cached_property
    def masks(self) -> Mapping[str, tuple[Any, ...]]:
        """``profiles/package.mask`` of the repository: pkgcore's atoms by ``category/name``."""
        index: dict[str, list[Any]] = defaultdict(list)
        for atom in sorted(self.tree.pkg_masks, key=str):
            index[atom.key].append(atom)
        return {package: tuple(atoms) for package, atoms in index.items()}

    @cached_property
    def updates(self) -> Mapping[str, list[tuple[str, str]]]:
        """``profiles/updates`` (PMS section 4.4.4): old name to its moves, ``(kind, target)`` in order.

        ``("move", "cat/new")`` or ``("slotmove", "old new")``: a slotmove of some versions only counts for
        all of them, since what depends on the slot does not say which. Lines that are neither are left out.
        """
        index: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for file in self._update_files():
            for line in read_text(file, errors="replace").splitlines():
                match line.split():
                    case ["move", old, new]:
                        index[old].append(("move", new))
                    case ["slotmove", atom, old, new]:
                        with suppress(MalformedAtomError):
                            name = parse_atom(atom).package
                            index[name].append(("slotmove", f"{old} {new}"))
        return index

    def _update_files(self) -> list[Path]:
        """By year and quarter, as they are named: ``3Q-2026``."""
        directory = self.path / "profiles/updates"
        files = [path for path in directory.glob("*") if path.is_file()] if directory.is_dir() else []
        return sorted(files, key=lambda path: path.name.split("-")[::-1])


def _may_be_ebuild(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file of the size that an ebuild can have: pkgcore would read all of it for its EAPI."""
    return entry.name.endswith(".ebuild") and entry.is_file() and entry.stat().st_size <= LARGEST_EBUILD


def _content(path: str) -> bytes:
    """What is in a file. Hundreds are read for a plan; a buffer for each would take as long as reading."""
    return read_bytes(path, limit=LARGEST_EBUILD)


class VersionKey:
    """Orders ebuilds by version alone (PMS algorithm 3.1)."""

    __slots__ = ("_version",)

    def __init__(self, ebuild: object) -> None:
        self._version = (ebuild.version, ebuild.revision)  # type: ignore[attr-defined]

    def __lt__(self, other: VersionKey) -> bool:
        return bool(ver_cmp(*self._version, *other._version) < 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionKey) and ver_cmp(*self._version, *other._version) == 0

    __hash__ = None  # type: ignore[assignment]


def order_of_file(name: str) -> VersionKey:
    """The version in the file name of an ebuild; where the PMS allows no such name, older than all others."""
    try:
        return VersionKey(VersionedCPV(f"any/{name.removesuffix('.ebuild')}"))
    except InvalidCPV:
        return VersionKey(VersionedCPV("any/any-0_alpha"))
