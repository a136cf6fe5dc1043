"""Notices of the resolver."""

from __future__ import annotations

from overlaytool.model.notices.kind import NoticeKind


class OverlayPackage(NoticeKind, frozen=True, kw_only=True):
    """A package needs a version that coreos-overlay does not have, and coreos-overlay has its own copy."""

    reference = "overlay-package"
    says = "{parent} needs {atom}, but coreos-overlay holds {held}"
    hint = "update {package} in coreos-overlay by hand; overlaytool does not overwrite it"

    parent: str
    """A CPV, or what asks in its place."""
    atom: str
    held: str
    """The CPVs of coreos-overlay, with commas between."""
    package: str


class UseDropped(NoticeKind, frozen=True, kw_only=True):
    """A USE flag that is on by default was switched off, since a dependency of it cannot be satisfied."""

    reference = "use-dropped"
    says = "USE {flag} of {package} is switched off: it asks for {atom}, which cannot be had"
    hint = "request {package}[{flag}] to see why"

    flag: str
    package: str
    atom: str


class MovedDependency(NoticeKind, frozen=True, kw_only=True):
    """An ebuild depends on a package by its former name (PMS section 4.4.4)."""

    reference = "moved-dependency"
    says = "{cpv} depends on {written}, which is {current} now; emerge does not follow"
    hint = "put a copy into coreos-overlay that says the new name, and report it to Gentoo"

    cpv: str
    written: str
    current: str


class ChannelLeft(NoticeKind, frozen=True, kw_only=True):
    """An update takes a package out of its release channel, which its subslot names."""

    reference = "channel-left"
    says = (
        "{before} is of {before_slot}, and {after} of {after_slot}: the source has nothing else that would do"
    )
    hint = "leave {package} as it is, or accept a version by name: ={before}"

    package: str
    before: str
    before_slot: str
    """With the subslot: ``0/stable``."""
    after: str
    after_slot: str


class OneArch(NoticeKind, frozen=True, kw_only=True):
    """A requested package is only possible on one architecture."""

    reference = "one-arch"
    says = "{atom} cannot be had for {view}: {reasons}"
    hint = "the metapackage asks for it on the other architecture only"

    atom: str
    view: str
    reasons: str


class LicenseNotAccepted(NoticeKind, frozen=True, kw_only=True):
    """The profile's ACCEPT_LICENSE does not admit the licence of a package."""

    reference = "license-not-accepted"
    says = "{cpv}: {reason} by the profile"
    hint = (
        "add it to ACCEPT_LICENSE in profiles/coreos/base/make.defaults of coreos-overlay;"
        " or update profiles/license_groups of portage-stable, if Gentoo counts it as free"
    )

    cpv: str
    reason: str


class RestrictNotAccepted(NoticeKind, frozen=True, kw_only=True):
    """The profile does not accept what RESTRICT or PROPERTIES of a package say."""

    reference = "restrict-not-accepted"
    says = "{cpv}: {reason} by the profile, so emerge will refuse it"
    hint = (
        "do without it, or change ACCEPT_{variable} in profiles/coreos/base/make.defaults"
        " of coreos-overlay: bindist means that the result may not be given to others"
    )

    cpv: str
    reason: str
    variable: str
    """``RESTRICT`` or ``PROPERTIES``."""


class RequestProvided(NoticeKind, frozen=True, kw_only=True):
    """A requested package is in package.provided: emerge takes it for installed."""

    reference = "request-provided"
    says = "{atom} is in package.provided as {cpv}: nothing gets built"
    hint = "take it out of package.provided in the profile of coreos-overlay to have it built"

    atom: str
    cpv: str


class DependentRefuses(NoticeKind, frozen=True, kw_only=True):
    """A package of a target does not accept, or blocks, what the plan takes."""

    reference = "dependent-refuses"
    says = "{cpv} {verb} {atom} on {views}, and the plan {taken} (it is in {way})"
    hint = "{instead}update or remove {cpv}, or leave {package} as it is: overlaytool why {package}"

    instead: str = ""
    """Where another version of it is masked, how to try that one."""
    cpv: str
    verb: str
    """``needs`` or ``blocks``."""
    atom: str
    views: str
    taken: str
    """``takes dev-libs/b-2``, or ``has none that would do``."""
    way: str
    """The chain from a target to it."""
    package: str


class PackageMoved(NoticeKind, frozen=True, kw_only=True):
    """One of several packages to update has another name in the source; the others are updated."""

    reference = "moved-package"
    says = "{problem}"
    hint = "{remedy}"

    problem: str
    remedy: str


class PackageForked(NoticeKind, frozen=True, kw_only=True):
    """One of several packages to update has its own copy in coreos-overlay; the others are updated."""

    reference = "overlay-fork"
    says = "{problem}"
    hint = "{remedy}"

    problem: str
    remedy: str


class PackageDropped(NoticeKind, frozen=True, kw_only=True):
    """One of several packages to update is no longer in the source; the others are updated."""

    reference = "dropped-package"
    says = "{problem}"
    hint = "{remedy}"

    problem: str
    remedy: str


class PackageAbsent(NoticeKind, frozen=True, kw_only=True):
    """One of several packages to update is not in the checkout; the others are updated."""

    reference = "absent-package"
    says = "{problem}"
    hint = "{remedy}"

    problem: str
    remedy: str


class FallenBack(NoticeKind, frozen=True, kw_only=True):
    """An older version of a requested package is taken, since a newer visible one cannot be had."""

    reference = "fallen-back"
    says = "{taken} is taken on {views}, not {cpv}: {reason}"
    hint = "request ={cpv} to see what stands in the way"

    taken: str
    cpv: str
    views: str
    reason: str
    """``it needs sys-libs/slang, which cannot be had``."""
