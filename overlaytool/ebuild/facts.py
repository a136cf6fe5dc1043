"""What an ebuild's metadata says, as text: for comparing two versions of a package."""

from __future__ import annotations

from collections.abc import Mapping

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.errors import MetadataError

FIELDS = (
    *("EAPI", "SLOT", "KEYWORDS", "IUSE", "REQUIRED_USE", "LICENSE", "RESTRICT", "PROPERTIES"),
    *("BDEPEND", "DEPEND", "RDEPEND", "PDEPEND", "IDEPEND"),
)
"""Variables of PMS section 7 that a reviewer wants to see."""
INHERITED = "INHERITED"
"""The eclasses that the ebuild itself inherits."""


def facts(candidate: EbuildCandidate) -> Mapping[str, str]:
    """The raw text of :data:`FIELDS` and :data:`INHERITED`; what is not set is empty.

    :raises MetadataError: for an ebuild that cannot be sourced.
    """
    ebuild = candidate.repo.ebuild(candidate.listed)  # pkgcore takes out of its data what it has parsed
    try:
        data = ebuild.data
        eapi = str(ebuild.eapi)
    except MetadataException as error:
        raise MetadataError(f"{candidate} cannot be sourced", details=(sourcing_error(error),)) from error
    return {
        **{field: str(data.get(field, "")) for field in FIELDS},
        "EAPI": eapi,
        INHERITED: str(data.get("INHERIT", "")),
    }


def own_text(candidate: EbuildCandidate) -> str:
    """The ebuild as it is written; empty where it cannot be read."""
    try:
        return str(candidate.repo.tree.text(candidate.ebuild))
    except OSError:
        return ""
