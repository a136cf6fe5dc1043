"""Notices of updates of everything, of forks and of reviews."""

from __future__ import annotations

from overlaytool.model.notices.kind import NoticeKind


class EditedCopyLeft(NoticeKind, frozen=True, kw_only=True):
    """A package of portage-stable was edited in Flatcar, and `update --all` left it as it is."""

    reference = "edited-copy"
    says = "{package} carries an edit of Flatcar's own: {subject} ({commit}){details}"
    hint = (
        "it was left as it is: update it alone, then apply the edit again;"
        " git show {commit} -- {path} shows it"
    )

    package: str
    subject: str
    """Of the commit that edited it."""
    commit: str
    """Its first twelve hex digits."""
    details: str
    """How many more commits there are, and what they do not apply to."""
    path: str


class EditedCopyOverwritten(NoticeKind, frozen=True, kw_only=True):
    """A package of portage-stable was edited in Flatcar, and a sync replaced it."""

    reference = "edited-copy"
    says = "{package} carries an edit of Flatcar's own: {subject} ({commit}){details}"
    hint = "the sync took it away: apply it again; git show {commit} -- {path} shows it"

    package: str
    subject: str
    commit: str
    details: str
    path: str


class EditReapplied(NoticeKind, frozen=True, kw_only=True):
    """Flatcar's edit of a package was applied to Gentoo's new copy."""

    reference = "edit-reapplied"
    says = "{package}: Flatcar's own change was put onto Gentoo's new copy: {subject}"
    hint = "look at its commit: a hook, a user-patch or a fork would survive each sync"

    package: str
    subject: str


class EditUpstream(NoticeKind, frozen=True, kw_only=True):
    """Gentoo's new copy of a package has what Flatcar had edited."""

    reference = "edit-upstream"
    says = "{package}: Gentoo has Flatcar's own change by now: {subject}"

    package: str
    subject: str


class AvoidableImport(NoticeKind, frozen=True, kw_only=True):
    """A package would be imported for a USE flag that can be switched off."""

    reference = "avoidable-import"
    says = "{atom} is only needed as {parent} has a flag on"
    hint = "where it is not worth the import: {line} in {file}, and take it out again"

    atom: str
    parent: str
    line: str
    file: str


class ObsoleteEclass(NoticeKind, frozen=True, kw_only=True):
    """The automation list names an eclass that Gentoo does not have."""

    reference = "obsolete-eclass"
    says = "{name} is in the automation list, and Gentoo does not have it"
    hint = "take it out of the list, and the file with it when nothing inherits it"

    name: str


class Unsatisfied(NoticeKind, frozen=True, kw_only=True):
    """After an update of everything, nothing satisfies a dependency of a target."""

    reference = "unsatisfied"
    says = "nothing satisfies {atom} on {views}: {askers}; {present}"
    hint = "{remedy}"

    atom: str
    views: str
    askers: str
    present: str
    """What the checkout has of the package, and why it is not taken."""
    remedy: str


class ListedNotHere(NoticeKind, frozen=True, kw_only=True):
    """The automation list names a package that portage-stable does not have."""

    reference = "nonexistent-package"
    says = "{package} is in the automation list, and portage-stable does not have it"
    hint = "take the line out of the list"

    package: str


class ListedMoved(NoticeKind, frozen=True, kw_only=True):
    """The automation list names a package that has another name in Gentoo."""

    reference = "moved-package"
    says = "Gentoo has {package} as {new} now"
    hint = "overlaytool add {new}, then remove {package}"

    package: str
    new: str


class ListedDropped(NoticeKind, frozen=True, kw_only=True):
    """The automation list names a package that Gentoo no longer has."""

    reference = "dropped-package"
    says = "Gentoo does not have {package} any more"
    hint = "overlaytool remove {package}, or fork it: overlaytool fork {package}"

    package: str


class HeldBack(NoticeKind, frozen=True, kw_only=True):
    """A package would refuse Gentoo's copy of a fork that is dropped."""

    reference = "held-back"
    says = "{parent} {dep_class}s on {atom}, which no ebuild of Gentoo satisfies"
    hint = "update it as well"

    parent: str
    dep_class: str
    atom: str


class ForkUnknown(NoticeKind, frozen=True, kw_only=True):
    """It is not known which ebuild a fork was made from."""

    reference = "fork-unknown"
    says = "{file}: the ebuild that it came from is neither in Gentoo nor in the history"
    hint = "compare it by hand with {newest}"

    file: str
    newest: str


class ForkPristine(NoticeKind, frozen=True, kw_only=True):
    """A fork is the same as the ebuild that it was made from."""

    reference = "fork-pristine"
    says = "{file} is as in {origin}"

    file: str
    origin: str


class ForkUpstream(NoticeKind, frozen=True, kw_only=True):
    """Gentoo's newest ebuild has every line that a fork changed."""

    reference = "fork-upstream"
    says = "{file}: all that it changed against {origin} is in {newest} by now"

    file: str
    origin: str
    newest: str


class ForkChange(NoticeKind, frozen=True, kw_only=True):
    """A fork has lines of its own that Gentoo's newest ebuild does not have."""

    reference = "fork-change"
    says = "{file} differs from {origin}: {lines}"
    hint = "what is still meant has to become {forms}"

    file: str
    origin: str
    lines: str
    """The first of them, with semicolons between."""
    forms: str
    """Where Flatcar keeps changes of that form: ``a patch in coreos/user-patches``."""


class ForkFile(NoticeKind, frozen=True, kw_only=True):
    """A fork has a file of its own in ``files/``."""

    reference = "fork-file"
    says = "{file} is the fork's own: Gentoo does not have it"
    hint = "a hook or another package has to install it, where it is still wanted"

    file: str


class ForkUse(NoticeKind, frozen=True, kw_only=True):
    """A fork had USE flags otherwise by default than Gentoo's ebuild has them."""

    reference = "fork-use"
    says = "{flags} went into {file}: the fork had it so by default"
    hint = "take the line out where Gentoo's default will do"

    flags: str
    file: str


class ForkPatch(NoticeKind, frozen=True, kw_only=True):
    """A fork applied a patch that Gentoo does not have."""

    reference = "fork-patch"
    says = "the fork's patch went to {file}"
    hint = "see that it applies to Gentoo's version: emerge in the SDK stops where it does not"

    file: str


class ReviewUnsourceable(NoticeKind, frozen=True, kw_only=True):
    """An ebuild that a branch changes cannot be sourced, so its metadata are not compared."""

    reference = "unsourceable"
    says = "{problem}"

    problem: str
