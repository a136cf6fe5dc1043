"""Whether emerge sees an ebuild: masks, keywords, licences and RESTRICT, as a profile has them."""

from __future__ import annotations

from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.ebuild.depend import is_about
from overlaytool.ebuild.profile import ProfileView
from overlaytool.model.dependency import Origin
from overlaytool.model.resolution import Rejection, RejectionKind


def hidden_at_sight(profile: ProfileView, candidate: EbuildCandidate) -> bool:
    """Whether it can be said, without sourcing, that mask or keywords hide a candidate."""
    ebuild, possible = candidate.ebuild, candidate.possible_keywords
    return (
        (candidate.live and not profile.accepts_unkeyworded(ebuild))
        or profile.mask(ebuild, candidate.repo) is not None
        or (
            possible is not None
            and not any(profile.keyword_accepted(ebuild, keywords) for keywords in possible)
        )
    )


def obstacles(profile: ProfileView, candidate: EbuildCandidate) -> tuple[Rejection, ...]:
    """What hides a candidate in a view of that profile, whoever asks for it. Empty: visible."""
    ebuild = candidate.ebuild

    def rejected(kind: RejectionKind, reason: str) -> Rejection:
        return Rejection(cpv=candidate.cpv, repository=candidate.repository, kind=kind, reason=reason)

    mask = _mask(candidate, profile)
    if candidate.live and not profile.accepts_unkeyworded(ebuild):
        live = rejected(RejectionKind.LIVE, "live ebuild")  # a name lifts that, and no mask
        return (live, rejected(RejectionKind.MASK, mask)) if mask is not None else (live,)
    if mask is not None:
        return (rejected(RejectionKind.MASK, mask),)
    try:
        if not ebuild.eapi.supported:
            return (rejected(RejectionKind.EAPI, f"EAPI {ebuild.eapi}"),)
        _ = (ebuild.slot, ebuild.required_use)
    except MetadataException as error:
        return (rejected(RejectionKind.METADATA, sourcing_error(error)),)
    found = []
    if not profile.keyword_accepted(ebuild):
        found.append(rejected(RejectionKind.KEYWORD, keyword_reason(ebuild, profile.arch)))
    licenses = profile.unaccepted_licenses(ebuild)
    if licenses:
        found.append(rejected(RejectionKind.LICENSE, f"license {' '.join(licenses)} is not accepted"))
    tokens = profile.unaccepted_tokens(ebuild)
    if tokens:
        found.append(rejected(RejectionKind.RESTRICT, f"{' '.join(tokens)} is not accepted"))
    return tuple(found)


def keyword(profile: ProfileView, candidate: EbuildCandidate) -> str | None:
    """What package.accept_keywords has to say to admit a candidate: ``~arm64`` or ``**``.

    None where the ebuild says that it does not work there (``-arm64``, or ``-*`` alone).
    """
    keywords, arch = candidate.ebuild.keywords, profile.arch
    if arch in keywords or f"~{arch}" in keywords:
        return f"~{arch}"
    if f"-{arch}" in keywords or "-*" in keywords:
        return None
    return "**"


def mask_left_behind(profile: ProfileView, candidate: EbuildCandidate) -> str | None:
    """The mask of its source that alone hides a candidate: copied without it, emerge takes it."""
    ebuild, repo, mask = candidate.ebuild, candidate.repo, source_mask(candidate)
    if mask is None or profile.unmasked(ebuild, repo) or profile.mask(ebuild, repo) is not None:
        return None
    try:
        visible = profile.keyword_accepted(ebuild) and not profile.unaccepted_licenses(ebuild)
    except MetadataException:
        return None
    return mask if visible else None


def source_mask(candidate: EbuildCandidate) -> str | None:
    """The entry of a source's own profiles/package.mask that masks a candidate, or None."""
    for atom in candidate.repo.masks.get(candidate.package, ()):
        if is_about(atom, candidate.ebuild):
            return str(atom)
    return None


def keyword_reason(ebuild: Any, arch: str) -> str:
    """Why an ebuild's KEYWORDS do not do for an arch."""
    for keyword in (f"~{arch}", f"-{arch}", "-*"):
        if keyword in ebuild.keywords:
            return f"keyword {keyword}"
    return f"no keyword for {arch}" if ebuild.keywords else "no keywords"


def _mask(candidate: EbuildCandidate, profile: ProfileView) -> str | None:
    """What masks a candidate, in the checkout's profiles or in its own tree's, in words; None: nothing."""
    mask = profile.mask(candidate.ebuild, candidate.repo)
    if mask is not None:
        return f"masked by {mask}"
    mask = source_mask(candidate) if candidate.origin is Origin.SOURCE else None
    if mask is not None and not profile.unmasked(candidate.ebuild, candidate.repo):
        return f"masked in {candidate.repository} by {mask}"
    return None
