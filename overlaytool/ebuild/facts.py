"""An ebuild's metadata as text, for comparing two versions of a package."""

from __future__ import annotations

from collections.abc import Mapping

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.errors import MetadataError

DEPENDENCIES = ("BDEPEND", "DEPEND", "RDEPEND", "PDEPEND", "IDEPEND")
PARSED = ("REQUIRED_USE", "LICENSE", "RESTRICT", "PROPERTIES")
FIELDS = ("EAPI", "SLOT", "KEYWORDS", "IUSE", *PARSED, *DEPENDENCIES)
"""Variables of PMS section 7 that a reviewer wants to see."""
INHERITED = "INHERITED"
"""The eclasses that the ebuild itself inherits."""


def facts(candidate: EbuildCandidate) -> Mapping[str, str]:
    """The text of :data:`FIELDS` and :data:`INHERITED`; what is not set is empty.

    :raises MetadataError: for an ebuild that cannot be sourced.
    """
    ebuild = candidate.ebuild
    try:
        data = ebuild.data
        # pkgcore takes what it has parsed out of its data, so these are always asked of the parsed ones
        parsed = {field: str(getattr(ebuild, field.lower())) for field in PARSED}
        return {
            "EAPI": str(ebuild.eapi),
            "SLOT": str(ebuild.fullslot),
            "KEYWORDS": " ".join(ebuild.keywords),
            "IUSE": " ".join(sorted(ebuild.iuse)),
            **parsed,
            **{field: data.get(field) or str(getattr(ebuild, field.lower())) for field in DEPENDENCIES},
            INHERITED: data.get("INHERIT", ""),
        }
    except MetadataException as error:
        raise MetadataError(f"{candidate} cannot be sourced", details=(sourcing_error(error),)) from error
