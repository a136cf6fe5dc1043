"""What the paths that a branch changes are: packages, eclasses, profiles and the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct, field

from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, TREES
from overlaytool.model.review import PackageChange

REPOSITORIES = {str(PORTAGE_STABLE): "portage-stable", str(OVERLAY): "coreos-overlay"}
NOT_CATEGORIES = frozenset({"eclass", "profiles", "licenses", "metadata", "scripts", "changelog", "coreos"})
"""Directories of a repository that hold no packages."""
_CHANGE = {"A": PackageChange.ADDED, "D": PackageChange.REMOVED}


class TouchedPackage(Struct, kw_only=True):
    """The files of one package directory that a branch changes, relative to it."""

    package: str
    repository: str
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def versions(self, files: Iterable[str]) -> tuple[str, ...]:
        """The versions of the ebuilds among some of its files."""
        name = self.package.rpartition("/")[2]
        return tuple(
            sorted(
                file.removesuffix(".ebuild").removeprefix(f"{name}-")
                for file in files
                if file.endswith(".ebuild")
            )
        )

    def others(self, files: Iterable[str]) -> tuple[str, ...]:
        """The files among these that are no ebuilds; the Manifest only says what the others say."""
        return tuple(sorted(file for file in files if not file.endswith(".ebuild") and file != "Manifest"))


class Touched(Struct, kw_only=True):
    """What a branch touches."""

    packages: dict[tuple[str, str], TouchedPackage] = field(default_factory=dict)
    """By package and repository."""
    eclasses: dict[tuple[str, str], PackageChange] = field(default_factory=dict)
    """By name without ``.eclass`` and repository."""
    other: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By kind, see :func:`_kind`: paths from the top of the checkout."""


def touched(changes: Iterable[tuple[str, str]]) -> Touched:
    """Sort what git says was changed.

    :param changes: status (``A``, ``D``, ``M`` or ``T``) and path from the top of the checkout.
    """
    result = Touched()
    for status, path in changes:
        found = _in_repository(path)
        if found is None:
            result.other[_kind(path)].append(path)
            continue
        repository, parts = found
        if parts[0] == "eclass" and len(parts) == 2 and parts[1].endswith(".eclass"):
            key = (parts[1].removesuffix(".eclass"), repository)
            result.eclasses[key] = _CHANGE.get(status, PackageChange.CHANGED)
        elif len(parts) > 2 and parts[0] not in NOT_CATEGORIES:
            package = "/".join(parts[:2])
            entry = result.packages.setdefault(
                (package, repository), TouchedPackage(package=package, repository=repository)
            )
            files = {"A": entry.added, "D": entry.removed}.get(status, entry.changed)
            files.append("/".join(parts[2:]))
        else:
            result.other[_kind(path)].append(path)
    return result


def _in_repository(path: str) -> tuple[str, tuple[str, ...]] | None:
    """The repository that a path is in, and the path's parts within it."""
    for prefix, name in REPOSITORIES.items():
        if path.startswith(f"{prefix}/"):
            return name, PurePosixPath(path[len(prefix) + 1 :]).parts
    return None


def _kind(path: str) -> str:
    if path.startswith("changelog/"):
        return "changelog"
    if "/metadata/glsa/" in path:
        return "advisories"
    for kind in ("user-patches", "config/env"):
        if path.startswith(f"{OVERLAY}/coreos/{kind}/"):
            return "patches" if kind == "user-patches" else "hooks"
    if path.startswith(str(TREES)):
        for kind in ("profiles", "licenses"):
            if f"/{kind}/" in path:
                return kind
    return (
        "scripts"
        if path.startswith((".github/", "build_library/", "ci-automation/", "sdk_lib/"))
        else "other"
    )
