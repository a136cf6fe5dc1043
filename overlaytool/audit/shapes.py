"""Directories that emerge does not understand, and files that every package has to have (PMS section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from overlaytool.audit.state import State
from overlaytool.ebuild import inspect
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, TREES
from overlaytool.flatcar.inventory import PackageDirectory
from overlaytool.model.finding import Delete, Edit, Finding, Severity

IN_CATEGORY = frozenset({"metadata.xml"})
"""What a category's directory holds besides packages (GLEP 68)."""

PACKAGE_FILES = frozenset({"Manifest", "files"})


class StrayInCategory(Finding, frozen=True, kw_only=True):
    """A package's file in a category's directory."""

    reference = "stray-in-category"
    severity = Severity.ERROR
    about = "packages"
    why = (
        "A package was copied into the category itself, one directory too high: emerge does not see its"
        " ebuilds, and what was imported is not there."
    )
    hint = "move the files into a directory named after the package, or delete them"

    category: str

    @property
    def message(self) -> str:
        return f"{self.subject} lies in the category {self.category} and not in a package's directory"


class NoEbuild(Finding, frozen=True, kw_only=True):
    """A package's directory without an ebuild."""

    reference = "no-ebuild"
    severity = Severity.WARNING
    about = "packages"
    why = "There is no package there for emerge; what is left over makes the next import of it a conflict."
    hint = "delete the directory, or import the package"

    @property
    def message(self) -> str:
        return f"{self.subject} has no ebuild"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Delete(self.file),) if self.file else ()

    @property
    def commit_subject(self) -> str:
        return f"{self.subject}: Drop a directory without ebuilds"


class WrongEbuildName(Finding, frozen=True, kw_only=True):
    """An ebuild whose name is not that of its directory with a version."""

    reference = "wrong-ebuild-name"
    severity = Severity.ERROR
    about = "packages"
    why = "emerge passes over an ebuild that is not named after its directory, without a word."
    hint = "rename it to NAME-VERSION.ebuild, or delete it"

    @property
    def message(self) -> str:
        return f"{self.subject} is no name of an ebuild of {PurePosixPath(self.file or '').parent.name}"


class UnknownCategory(Finding, frozen=True, kw_only=True):
    """A category's directory that ``profiles/categories`` does not name."""

    reference = "unknown-category"
    severity = Severity.ERROR
    about = "packages"
    why = "emerge looks for packages only in categories that profiles/categories names (PMS section 4.2)."
    hint = "add the category to profiles/categories of the repository"

    @property
    def message(self) -> str:
        return f"profiles/categories does not name {self.subject}, which has packages"


class NoManifest(Finding, frozen=True, kw_only=True):
    """A package that fetches distfiles and has no Manifest."""

    reference = "no-manifest"
    severity = Severity.ERROR
    about = "packages"
    why = "Without a Manifest there are no checksums, and emerge refuses the package."
    hint = "copy the Manifest from Gentoo, or make it with pkgdev manifest"

    @property
    def message(self) -> str:
        return f"{self.subject} fetches distfiles and has no Manifest"


class NoMetadata(Finding, frozen=True, kw_only=True):
    """A package without metadata.xml."""

    reference = "no-metadata"
    severity = Severity.NOTE
    about = "packages"
    why = (
        "metadata.xml says where upstream is: release notes and the owners of its CVE names are found by it."
    )
    hint = "copy it from Gentoo; in coreos-overlay write one (GLEP 68)"

    @property
    def message(self) -> str:
        return f"{self.subject} has no metadata.xml"


def check(state: State) -> Iterator[Finding]:
    """Categories, then packages."""
    for repository in (PORTAGE_STABLE.name, OVERLAY.name):
        yield from _categories(state, repository)
    for directory in state.directories:
        if directory.repository in (PORTAGE_STABLE.name, OVERLAY.name):
            yield from _package(state, directory)


def _categories(state: State, repository: str) -> Iterator[Finding]:
    known = state.known_categories(repository)
    packages = {place.name.partition("/")[0] for place in state.directories if place.repository == repository}
    for category in state.categories(repository):
        path = f"{TREES}/{repository}/{category}"
        if category not in known and category in packages:
            yield UnknownCategory(subject=category, file=path)
        for name in state.plain_files(path):
            if name.endswith(".ebuild") or name in PACKAGE_FILES:
                yield StrayInCategory(subject=name, category=category, file=f"{path}/{name}")


def _package(state: State, directory: PackageDirectory) -> Iterator[Finding]:
    category, _, name = directory.name.partition("/")
    if not directory.ebuilds:
        if name != "files":
            yield NoEbuild(subject=directory.name, file=directory.path)
        elif any(state.tree.list(directory.path)):
            yield StrayInCategory(subject="files", category=category, file=directory.path)
        return
    understood = {
        f"{candidate.package.partition('/')[2]}-{candidate.listed.written}.ebuild"
        for candidate in state.source.checkout_candidates(directory.name)
    }
    for ebuild in directory.ebuilds:
        if ebuild not in understood:
            yield WrongEbuildName(subject=ebuild, file=f"{directory.path}/{ebuild}")
    if "Manifest" not in directory.files and _fetches(state, directory):
        yield NoManifest(subject=directory.name, file=directory.path)
    if "metadata.xml" not in directory.files:
        yield NoMetadata(subject=directory.name, file=directory.path)


def _fetches(state: State, directory: PackageDirectory) -> bool:
    """Whether an ebuild has distfiles, by what sourcing it says; one that cannot be sourced has none."""
    here = [
        candidate
        for candidate in state.source.checkout_candidates(directory.name)
        if candidate.repository == directory.repository
    ]
    state.source.prefetch(here)
    return any(inspect.fetches(candidate) for candidate in here)
