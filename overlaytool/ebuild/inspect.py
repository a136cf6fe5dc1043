"""Properties of single ebuilds for an audit."""

from __future__ import annotations

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.profile import ProfileView


def keywords(candidate: EbuildCandidate) -> tuple[str, ...]:
    """KEYWORDS; empty for an ebuild that cannot be sourced."""
    try:
        return tuple(candidate.ebuild.keywords)
    except MetadataException:
        return ()


def flags(candidate: EbuildCandidate) -> frozenset[str]:
    """IUSE without defaults; empty for an ebuild that cannot be sourced."""
    try:
        return frozenset(candidate.ebuild.iuse_stripped)
    except MetadataException:
        return frozenset()


def effective_flags(profile: ProfileView, candidate: EbuildCandidate) -> frozenset[str]:
    """IUSE_EFFECTIVE (PMS section 11.1.1); empty for an ebuild that cannot be sourced."""
    try:
        return profile.iuse(candidate.ebuild)
    except MetadataException:
        return frozenset()


def stable(profile: ProfileView, candidate: EbuildCandidate) -> bool:
    """Whether ACCEPT_KEYWORDS alone admits an ebuild, whatever package.accept_keywords says."""
    return profile.stable(candidate.ebuild) if keywords(candidate) else False


def fetches(candidate: EbuildCandidate) -> bool:
    """Whether SRC_URI names a distfile; False for an ebuild that cannot be sourced."""
    try:
        return bool(candidate.ebuild.data.get("SRC_URI", "").strip())
    except MetadataException:
        return False


def sourcing_fault(candidate: EbuildCandidate) -> str | None:
    """What bash or the ebuild said where it cannot be sourced, on one line; None where it can."""
    try:
        _ = candidate.ebuild.slot
    except MetadataException as error:
        return " ".join(error.msg().split())
    return None
