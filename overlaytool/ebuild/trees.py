"""The trees themselves: which ebuilds a checkout and its sources have, and under which names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild import depend
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.eclass import EclassStack
from overlaytool.ebuild.evaluate import parsed
from overlaytool.ebuild.repository import Eclasses, Repository, VersionKey
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.dependency import Atom, Origin


class Trees:
    """The ebuild repositories of a checkout, and those to import from."""

    def __init__(
        self,
        checkout: Checkout,
        sources: Mapping[str, Path],
        *,
        cache: MetadataCache,
        eclass_updates: Iterable[str] = (),
    ) -> None:
        """
        :param sources: trees to import from, by name, in order of preference; gentoo first.
        :param eclass_updates: eclasses to take from the sources although the checkout has them.
        :raises RepositoryError: when a source is no ebuild repository.
        """
        self.checkout, self.cache, self.paths = checkout, cache, sources
        self.eclass_stack = EclassStack(checkout, sources, eclass_updates)
        self._stable = self._open(checkout.portage_stable, "portage-stable", Origin.STABLE)
        self._overlay = self._open(checkout.overlay, "coreos-overlay", Origin.OVERLAY, (self._stable,))
        self.sources = tuple(self._open(path, name, Origin.SOURCE) for name, path in sources.items())
        self._candidates: dict[tuple[str, str], Sequence[EbuildCandidate]] = {}
        self.noted: set[str] = set()
        """Every ``category/name`` that something was asked about; whoever wants to know empties it before."""

    def _open(
        self, path: Path, name: str, origin: Origin, masters: tuple[Repository, ...] = ()
    ) -> Repository:
        stack = self.eclass_stack
        eclasses = Eclasses(stack.directories(name, origin), stack.overrides, stack.trusted)
        return Repository(
            path,
            name=name,
            origin=origin,
            eclasses=eclasses,
            cache=self.cache,
            masters=masters,
            trusted=path / "eclass" in stack.trusted,
        )

    @property
    def repositories(self) -> tuple[Repository, ...]:
        """The checkout's, lowest priority first."""
        return (self._stable, self._overlay)

    @property
    def _trees(self) -> tuple[Repository, ...]:
        return (*self.repositories, *self.sources)

    @cached_property
    def _by_name(self) -> Mapping[str, Repository]:
        return {repository.name: repository for repository in self.sources}

    def checkout_candidates(self, package: str) -> Sequence[EbuildCandidate]:
        """The checkout's ebuilds of a package in emerge's order: by version, the overlay first on a tie."""
        self.noted.add(package)
        key = ("", package)
        known = self._candidates.get(key)
        if known is None:
            known = self._candidates[key] = _merged(
                list(self._candidates_in(self._overlay, package)),
                list(self._candidates_in(self._stable, package)),
            )
        return known

    def source_candidates(self, name: str, package: str) -> Sequence[EbuildCandidate]:
        """One source's ebuilds of a package, highest version first."""
        self.noted.add(package)
        key = (name, package)
        known = self._candidates.get(key)
        if known is None:
            known = self._candidates[key] = list(self._candidates_in(self._by_name[name], package))
        return known

    def after_import(self, name: str, package: str) -> Sequence[EbuildCandidate]:
        """The ebuilds that emerge chooses from once a source's directory replaced portage-stable's."""
        self.noted.add(package)
        key = (f"after {name}", package)
        known = self._candidates.get(key)
        if known is None:
            known = self._candidates[key] = _merged(
                list(self._candidates_in(self._overlay, package)), list(self.source_candidates(name, package))
            )
        return known

    def _candidates_in(self, repository: Repository, package: str) -> Iterator[EbuildCandidate]:
        return (EbuildCandidate(listed, repository) for listed in repository.ebuilds(package))

    def source_names(self) -> tuple[str, ...]:
        """The sources in order of preference."""
        return tuple(repository.name for repository in self.sources)

    def holds(self, origin: Origin, package: str) -> bool:
        """Whether one of the checkout's trees has an ebuild of the package."""
        self.noted.add(package)
        return any(
            repository.origin is origin and repository.has(package) for repository in self.repositories
        )

    def packages_named(self, name: str) -> tuple[str, ...]:
        """Every ``category/name`` of all trees for a name without its category."""
        found = set()
        for repository in self._trees:
            for category in {*repository.tree.categories, *repository.tree.category_dirs}:
                package = f"{category}/{name}"
                if repository.has(package):
                    found.add(package)
        return tuple(sorted(found))

    def all_packages(self) -> frozenset[str]:
        """Every ``category/name`` of all trees: for suggestions."""
        return frozenset().union(*(repository.packages for repository in self._trees))

    def moved(self, package: str) -> str | None:
        """The package's new name by ``profiles/updates`` of the checkout or a source, or None."""
        name, seen = package, {package}
        while True:
            target = next(filter(None, (self._move(repository, name) for repository in self._trees)), None)
            if target is None or target in seen:
                return name if name != package else None
            seen.add(target)
            self.noted.add(target)
            name = target

    def slot_moved(self, atom: Atom) -> Atom | None:
        """An atom under the slot that ``profiles/updates`` moved its slot to, or None."""
        if parsed(atom).slot is None:
            return None
        for repository in self._trees:
            for kind, target in repository.updates.get(atom.package, ()):
                if kind == "slotmove" and (moved := depend.with_slot(atom, *target.split())) is not None:
                    return None if self._in_slot(atom.package, target.split()[0]) else moved
        return None

    def _in_slot(self, package: str, slot: str) -> bool:
        """Whether any tree has an ebuild of a package in a slot. Sources them all."""
        self.noted.add(package)
        for repository in self._trees:
            for listed in repository.ebuilds(package):
                try:
                    if repository.ebuild(listed).slot == slot:
                        return True
                except MetadataException:
                    continue
        return False

    def former_names(self, package: str) -> tuple[str, ...]:
        """The names that packages had which are called ``package`` now."""
        return tuple(
            sorted(
                {
                    old
                    for repository in self._trees
                    for old, moves in repository.updates.items()
                    if any(kind == "move" and target == package for kind, target in moves)
                }
            )
        )

    @staticmethod
    def _move(repository: Repository, package: str) -> str | None:
        for kind, target in repository.updates.get(package, ()):
            if kind == "move":
                return target
        return None


def _merged(first: list[EbuildCandidate], second: list[EbuildCandidate]) -> list[EbuildCandidate]:
    """Two lists by version, highest first, as one; on a tie the first list's comes first."""
    if not first or not second:
        return first or second
    return sorted([*first, *second], key=lambda candidate: VersionKey(candidate.listed), reverse=True)
