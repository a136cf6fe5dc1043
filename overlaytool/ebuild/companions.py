"""What has to be copied with whole package directories: eclasses, licences; and what their ebuilds fetch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct
from pkgcore.package.errors import MetadataException
from snakeoil.sequences import iflatten_instance

from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.ebuild.eclass import inherited_by
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import CheckoutError, StaleError
from overlaytool.flatcar.tree import MOST_FILES, DiskTree, digest_of
from overlaytool.model.change import FileState
from overlaytool.model.plan import Action, EclassImport, LicenseImport


class Unsourceable(Struct, frozen=True, kw_only=True):
    """An ebuild that comes with a directory and cannot be sourced in the checkout."""

    cpv: str
    error: str


class CopiedPackages:
    """The ebuilds of every package directory that a plan copies, whether selected or not.

    An eclass is taken from the tree whose file was sourced: two sources may each have one of that name.
    """

    def __init__(self, source: TreeSource, imports: Mapping[str, str], *, since: int = sys.maxsize) -> None:
        """
        :param source: the trees, with the eclass updates of the plan.
        :param imports: package to the name of the source that it is copied from.
        :param since: when the plan was started, in nanoseconds; a file that changed later is refused.
        """
        self._since = since
        self._source, self._imports = source, imports
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

        An eclass that an updated one inherits is needed by the packages that need the update.
        """
        stack, checkout = self._source.eclass_stack, self._source.checkout
        sources = {str(repository.path / "eclass"): repository.name for repository in self._source.sources}
        needed: dict[tuple[str, str], list[str]] = {}
        for candidate in self._ebuilds:
            for name, data in candidate.ebuild.data.get("_eclasses_", {}).items():
                sourced = sources.get(str(Path(data.path).parent))
                if sourced is not None:
                    needed.setdefault((name, sourced), []).append(candidate.cpv)
        updated_for = {cpv for (name, _), cpvs in needed.items() if name in stack.updates for cpv in cpvs}
        for name in stack.companions:
            path = stack.in_sources(name)
            if path is not None:
                needed.setdefault((name, sources[str(path.parent)]), list(updated_for))
        return tuple(
            EclassImport(
                name=name,
                action=Action.UPDATE if name in stack.updates else Action.ADD,
                source=sourced,
                needed_by=tuple(sorted(cpvs)),
                inherited_by=inherited_by(name, checkout.repositories) if name in stack.updates else (),
                digest=self._digest(sourced, f"eclass/{name}.eclass"),
            )
            for (name, sourced), cpvs in sorted(needed.items())
        )

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Package to the digest of its directory as it is now; see `flatcar.tree.digest_of`."""
        return {package: self._digest(name, package) for package, name in self._imports.items()}

    def _digest(self, source: str, path: str) -> str:
        """Of a file or directory of a source. What cannot be read is refused when it is to be copied."""
        root = self._source.paths[source]
        tree = DiskTree(root)
        files: dict[str, FileState] = {}
        with suppress(CheckoutError):
            names = tree.list(path) or (path,)
            if len(names) > MOST_FILES:
                return ""  # refused when it is to be copied
            for name in names:
                with suppress(CheckoutError):
                    if (state := tree.read(name)) is not None:
                        self._refuse_changed(root / name)
                        files[name.removeprefix(f"{path}/")] = state
        return digest_of(files)

    def _refuse_changed(self, file: Path) -> None:
        if file.lstat().st_ctime_ns > self._since:
            raise StaleError(
                f"{file} was changed while the plan was made",
                hint="run the command again: nothing was written",
            )

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
                    found.append(
                        LicenseImport(
                            name=name,
                            source=repository.name,
                            needed_by=cpvs,
                            digest=self._digest(repository.name, f"licenses/{name}"),
                        )
                    )
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
