"""What whole package directories bring along: eclasses, licences, distfiles, ebuilds that do not source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct
from pkgcore.package.errors import MetadataException
from snakeoil.sequences import iflatten_instance

from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.ebuild.eclass import inherited_by
from overlaytool.ebuild.source import TreeSource
from overlaytool.model.plan import Action, EclassImport, LicenseImport


class Unsourceable(Struct, frozen=True, kw_only=True):
    """An ebuild that comes with a directory and cannot be sourced in the checkout."""

    cpv: str
    error: str


class CopiedPackages:
    """The ebuilds of every package directory that a plan copies, whether selected or not."""

    def __init__(self, source: TreeSource, imports: Mapping[str, str]) -> None:
        """
        :param source: the trees, with the eclass updates of the plan.
        :param imports: package to the name of the source that it is copied from.
        """
        self._source = source
        candidates = [
            candidate
            for package, name in sorted(imports.items())
            for candidate in source.source_candidates(name, package)
        ]
        source.prefetch(candidates, live=True)
        self._ebuilds: list[EbuildCandidate] = []
        self._unsourceable: list[Unsourceable] = []
        for candidate in candidates:
            try:
                _ = candidate.ebuild.slot
            except MetadataException as error:
                self._unsourceable.append(Unsourceable(cpv=candidate.cpv, error=sourcing_error(error)))
            else:
                self._ebuilds.append(candidate)

    @property
    def unsourceable(self) -> tuple[Unsourceable, ...]:
        """By CPV; emerge will hide these."""
        return tuple(sorted(self._unsourceable, key=lambda entry: entry.cpv))

    @cached_property
    def eclasses(self) -> tuple[EclassImport, ...]:
        """The eclasses that the checkout lacks, and those that the plan updates; by name.

        What only comes along with an updated eclass is needed by whatever the update is for.
        """
        stack, checkout = self._source.eclass_stack, self._source.checkout
        needed: dict[str, list[str]] = {}
        for candidate in self._ebuilds:
            for name, data in candidate.ebuild.data.get("_eclasses_", {}).items():
                if name in stack.updates or not Path(data.path).is_relative_to(checkout.path):
                    needed.setdefault(name, []).append(candidate.cpv)
        updated_for = {cpv for name in stack.updates for cpv in needed.get(name, ())}
        for name in stack.companions:
            needed.setdefault(name, list(updated_for))
        return tuple(
            EclassImport(
                name=name,
                action=Action.UPDATE if name in stack.updates else Action.ADD,
                source=self._source_of_eclass(name),
                needed_by=tuple(sorted(cpvs)),
                inherited_by=inherited_by(name, checkout.repositories) if name in stack.updates else (),
            )
            for name, cpvs in sorted(needed.items())
        )

    def _source_of_eclass(self, name: str) -> str:
        for repository in self._source.sources:
            if (repository.path / "eclass" / f"{name}.eclass").is_file():
                return repository.name
        raise LookupError(name)

    @cached_property
    def licenses(self) -> tuple[LicenseImport, ...]:
        """The licence texts that the checkout lacks; by name."""
        needed: dict[str, list[EbuildCandidate]] = {}
        for candidate in self._ebuilds:
            for name in _leaves(candidate.ebuild.license):
                if not any(
                    (tree / "licenses" / name).exists() for tree in self._source.checkout.repositories
                ):
                    needed.setdefault(name, []).append(candidate)
        found = []
        for name, candidates in sorted(needed.items()):
            for repository in self._source.sources:
                if (repository.path / "licenses" / name).is_file():
                    cpvs = tuple(sorted(candidate.cpv for candidate in candidates))
                    found.append(LicenseImport(name=name, source=repository.name, needed_by=cpvs))
                    break
        return tuple(found)

    @cached_property
    def distfiles(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Package to CPV to every distfile of its SRC_URI, whatever the USE flags: what a Manifest covers."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for candidate in self._ebuilds:
            names = tuple(sorted(set(_leaves(candidate.ebuild.distfiles))))
            found.setdefault(candidate.package, {})[candidate.cpv] = names
        return found


def _leaves(depset: Any) -> Iterator[str]:
    """The words of a LICENSE or SRC_URI, conditionals included."""
    for node, _conditions in depset.find_cond_nodes(depset.restrictions, True):
        yield from iflatten_instance([node])
