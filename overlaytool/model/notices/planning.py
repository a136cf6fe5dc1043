"""Notices of a plan: what its packages mean for the image, for the build, and for files beside them."""

from __future__ import annotations

from overlaytool.model.notices.kind import NoticeKind


class ImageMasked(NoticeKind, frozen=True, kw_only=True):
    """The production image's profile masks a package that the image would get."""

    reference = "image-masked"
    says = "{cpv} is masked in the production image by {mask}"
    hint = "build_image will fail on it: drop what RDEPENDs on it, by USE or another choice"

    cpv: str
    mask: str


class ImageProvided(NoticeKind, frozen=True, kw_only=True):
    """Only package.provided satisfies a run-time dependency: the image will not have that package."""

    reference = "image-provided"
    says = "{cpv} needs {atom}, which only package.provided satisfies"
    hint = "the image will not have it: see that the program does without"

    cpv: str
    atom: str


class CopyUnsourceable(NoticeKind, frozen=True, kw_only=True):
    """An ebuild is copied, as part of its package's directory, that cannot be sourced with these eclasses."""

    reference = "unsourceable"
    says = "{cpv} comes along and cannot be sourced here: {error}"
    hint = "emerge hides it; nothing in the plan takes it"

    cpv: str
    error: str


class EclassUpdate(NoticeKind, frozen=True, kw_only=True):
    """An eclass of the checkout is replaced, and ebuilds of the checkout inherit it."""

    reference = "eclass-update"
    says = "updating {name}.eclass touches {count} ebuilds"
    hint = "rebuild and look at them: {first}"

    name: str
    count: int
    first: str
    """The first ten, with commas between."""


class MaskLeftBehind(NoticeKind, frozen=True, kw_only=True):
    """A newer ebuild is copied that only its source's own package.mask hides: emerge would take it."""

    reference = "mask-left-behind"
    says = "emerge would take {cpv}, which {source} masks by {mask}"
    hint = "put {mask} into profiles/coreos/base/package.mask of coreos-overlay"

    cpv: str
    source: str
    mask: str


class FormerName(NoticeKind, frozen=True, kw_only=True):
    """A package is imported that the checkout still has under its former name."""

    reference = "former-name"
    says = "{package} was called {old}, and the checkout still has it under that name"
    hint = "remove {old} and follow the move in what depends on it"

    package: str
    old: str


class FetchRestricted(NoticeKind, frozen=True, kw_only=True):
    """A package has RESTRICT=fetch."""

    reference = "fetch-restricted"
    says = "{cpv}: its files cannot be downloaded by emerge"
    hint = "put them on Flatcar's mirror before the first build, if their licence allows that"

    cpv: str


class Interactive(NoticeKind, frozen=True, kw_only=True):
    """A package has PROPERTIES=interactive."""

    reference = "interactive"
    says = "{cpv}: it asks a person while it is built"
    hint = "a build in the SDK has nobody to answer: see whether it can be told beforehand"

    cpv: str


class Live(NoticeKind, frozen=True, kw_only=True):
    """A package has PROPERTIES=live."""

    reference = "live"
    says = "{cpv}: it is built from whatever its repository holds that day"
    hint = "no two builds are the same, and none works without a network"

    cpv: str


class NoUse(NoticeKind, frozen=True, kw_only=True):
    """A new package does nothing in Flatcar: it only installs files of another init system, say."""

    reference = "no-use"
    says = "{cpv} is of no use in Flatcar: {purpose}"
    hint = "--provide {cpv} does without it"

    cpv: str
    purpose: str


class MetapackageLine(NoticeKind, frozen=True, kw_only=True):
    """The metapackage has a line for a requested package that says another version."""

    reference = "metapackage-line"
    says = "{file} asks for {line} already, which is not {dependency}"
    hint = "change that line to {dependency} by hand, if it is to be exactly that"

    file: str
    line: str
    dependency: str


class MangleScript(NoticeKind, frozen=True, kw_only=True):
    """A system extension has a script that changes what its packages have installed."""

    reference = "mangle-script"
    says = "{script} changes what the packages of {target} install"
    hint = "see whether what it removes and adds fits the new packages, too"

    script: str
    target: str


class InTheWay(NoticeKind, frozen=True, kw_only=True):
    """A package of a target and one of the plan cannot be in one root: a blocker, or one slot."""

    reference = "in-the-way"
    says = "{reason} on {views}: they cannot be in one root"
    hint = "take {package} out of what asks for it (overlaytool why {package}), or update it"

    reason: str
    views: str
    package: str


class Downgrade(NoticeKind, frozen=True, kw_only=True):
    """With --allow-downgrade: a version or an eclass becomes older."""

    reference = "downgrade"
    says = "it goes back: {change}"

    change: str


class PatchOfGoneVersion(NoticeKind, frozen=True, kw_only=True):
    """A directory of user patches is for a version that the checkout no longer has."""

    reference = "patch-of-gone-version"
    says = "{directory} is for a version that is gone"
    hint = "move it to the new version when it is still needed, else remove it"

    directory: str


class CheckUserPatches(NoticeKind, frozen=True, kw_only=True):
    """Flatcar keeps user patches for a package that is updated."""

    reference = "check-user-patches"
    says = "{directory}: {patches} for the new {package}"
    hint = "see that they still apply: emerge in the SDK says which does not"

    directory: str
    patches: str
    """``2 patches``."""
    package: str


class HookOfGoneVersion(NoticeKind, frozen=True, kw_only=True):
    """A hook is for a version that the checkout no longer has."""

    reference = "hook-of-gone-version"
    says = "{file} is for a version that is gone"
    hint = "rename it to the new version when it is still needed, else remove it"

    file: str


class CheckHook(NoticeKind, frozen=True, kw_only=True):
    """Flatcar keeps a hook for a package that is updated."""

    reference = "check-hook"
    says = "{file}: a hook for the new {package}"
    hint = "see that it still fits: it runs in the phases of every version"

    file: str
    package: str


class SelinuxPatches(NoticeKind, frozen=True, kw_only=True):
    """A new SELinux policy package lacks the link to Flatcar's patches of the policy."""

    reference = "selinux-patches"
    says = "{package} is new: the policy's patches have to be linked for it"
    hint = "ln -s flatcar-selinux-patches {link}, as for selinux-base there"

    package: str
    link: str


class AccountId(NoticeKind, frozen=True, kw_only=True):
    """A new acct-user or acct-group package brings a user or group id."""

    reference = "account-id"
    says = "{package} is new: see that its id is free in Flatcar"
    hint = "{variable} in profiles/coreos/targets/generic/make.defaults sets another one"

    package: str
    variable: str
