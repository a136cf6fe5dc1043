"""One ebuild of one repository, and what can be said about it without a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.dependency import Origin
from overlaytool.ebuild.repository import Repository
from overlaytool.model import Distfile


class EbuildCandidate:
    """An ebuild of a repository: a :class:`overlaytool.dependency.Candidate`."""

    __slots__ = ("cpv", "ebuild", "package", "repo")

    def __init__(self, ebuild: Any, repo: Repository) -> None:
        self.ebuild, self.repo = ebuild, repo
        self.cpv: str = ebuild.cpvstr
        self.package: str = ebuild.key

    def __repr__(self) -> str:
        return f"{self.cpv}::{self.repository}"

    @property
    def repository(self) -> str:
        """The tree's name."""
        return self.repo.name

    @property
    def origin(self) -> Origin:
        """The kind of tree."""
        return self.repo.origin

    @property
    def slot(self) -> str:
        """SLOT without the subslot."""
        return str(self.ebuild.slot)

    @property
    def subslot(self) -> str:
        """The subslot; the slot where none is written."""
        return str(self.ebuild.subslot)


@dataclass(frozen=True, slots=True, kw_only=True)
class EbuildDescription:
    """What a report shows of an ebuild; the fields of :class:`overlaytool.model.Package`."""

    slot: str
    subslot: str
    eapi: str
    keywords: tuple[str, ...]
    use: tuple[str, ...]
    iuse: tuple[str, ...]
    license: str
    description: str
    homepage: str
    inherited: tuple[str, ...]
    distfiles: tuple[Distfile, ...]


def manifest_sizes(candidate: EbuildCandidate) -> Mapping[str, int]:
    """Size in bytes of every distfile in the Manifest beside an ebuild (GLEP 74); empty without one."""
    path = Path(candidate.ebuild.path).with_name("Manifest")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    words = (line.split() for line in lines if line.startswith("DIST "))
    return {entry[1]: int(entry[2]) for entry in words if len(entry) > 2 and entry[2].isdigit()}


def is_live_version(ebuild: Any) -> bool:
    """Whether an ebuild is one of a live version without keywords, told without sourcing it.

    By Gentoo's convention the version is all nines (9999, 1.2.9999); KEYWORDS may not be set by an
    eclass, so text that does not set it says that there are none.
    """
    last = ebuild.version.rpartition(".")[2]
    if len(last) < 4 or last.strip("9"):
        return False
    try:
        text = Path(ebuild.path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return not any(
        line.lstrip().startswith("KEYWORDS=") and line.partition("=")[2].strip("\"' \t")
        for line in text.splitlines()
        if not line.startswith(("\t", " "))
    )


def source_mask(candidate: EbuildCandidate) -> str | None:
    """The entry of a source's own profiles/package.mask that masks a candidate, or None."""
    for atom in candidate.repo.masks.get(candidate.package, ()):
        if atom.match(candidate.ebuild):
            return str(atom)
    return None


def keyword_reason(ebuild: Any, arch: str) -> str:
    """Why an ebuild's KEYWORDS do not do for an arch."""
    for keyword in (f"~{arch}", f"-{arch}", "-*"):
        if keyword in ebuild.keywords:
            return f"keyword {keyword}"
    return f"no keyword for {arch}" if ebuild.keywords else "no keywords"


def sourcing_error(error: MetadataException) -> str:
    """What bash or the ebuild itself said, on one line."""
    return " ".join(error.msg().split())
