"""Notices about the state of a repository, before commits are made and after a change was made by hand."""

from __future__ import annotations

from overlaytool.model.notices.kind import NoticeKind


class DetachedHead(NoticeKind, frozen=True, kw_only=True):
    """A series is committed while no branch is checked out."""

    reference = "detached-head"
    says = "HEAD is detached: the series starts from {commit}"
    hint = "where a pull request is meant for another commit: git switch main, then again"

    commit: str
    """Its first twelve hex digits."""


class ShallowClone(NoticeKind, frozen=True, kw_only=True):
    """A series is committed in a clone without its history."""

    reference = "shallow-clone"
    says = "the checkout is a shallow clone: some servers do not take a push from one"
    hint = "git fetch --unshallow completes it"


class RevisionNotBumped(NoticeKind, frozen=True, kw_only=True):
    """An ebuild of coreos-overlay was changed, and the symlink that gives it a revision was not renamed."""

    reference = "revision-not-bumped"
    says = "{ebuild} has changed and is still {names}"
    hint = "rename the symlink to the next revision, or a binary package of the old text is used"

    ebuild: str
    names: str


class NotInAutomation(NoticeKind, frozen=True, kw_only=True):
    """A package was added to portage-stable, and not to the automation list."""

    reference = "not-in-automation"
    says = "{package} is new in portage-stable, and not in {file}"
    hint = "put it there, or nothing will update it"

    package: str
    file: str


class LeftInAutomation(NoticeKind, frozen=True, kw_only=True):
    """A package was removed from portage-stable, and not from the automation list."""

    reference = "left-in-automation"
    says = "{package} is gone from portage-stable, and still in {file}"
    hint = "take it out, or the automation reports it every week"

    package: str
    file: str


class EditedInPlace(NoticeKind, frozen=True, kw_only=True):
    """A copy in portage-stable was changed by hand, and not copied from Gentoo."""

    reference = "edited-in-place"
    says = "{package} in portage-stable was edited: {what}"
    hint = (
        "the weekly sync takes that back: use coreos/user-patches or coreos/config/env, or overlaytool fork"
        " {package}"
    )

    package: str
    what: str
    """The commits, or the files where nothing is committed."""


class EditLost(NoticeKind, frozen=True, kw_only=True):
    """A change replaces a copy in portage-stable that carried an edit, and the edit is gone."""

    reference = "edit-lost"
    says = "{package} carried an edit of Flatcar's own, and the change takes it away: {what}"
    hint = "apply it again, where it is still needed: git show {commit} -- {path}"

    package: str
    what: str
    commit: str
    """The first twelve hex digits of the newest commit of the edit."""
    path: str
