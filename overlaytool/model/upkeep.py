"""What an update of everything finds besides packages: edited copies, lines of profiles."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class EditOutcome(StrEnum):
    """What became of an edit of Flatcar's own when its copy was brought up to Gentoo."""

    REAPPLIED = "reapplied"
    """It applies to the new copy, and was put onto it in a commit of its own."""
    UPSTREAM = "upstream"
    """Gentoo has the same by now: nothing is left of it."""
    CONFLICT = "conflict"
    """It does not apply. The copy was left as it is; on a branch that is synced already, the edit is lost."""
    UNKNOWN = "unknown"
    """The history does not say what was copied. The copy was left as it is."""


class EditedCopy(Struct, frozen=True, kw_only=True):
    """A copy in portage-stable that Flatcar changed."""

    package: str
    commits: tuple[tuple[str, str], ...]
    """Commit and subject of those that changed it, newest first."""
    outcome: EditOutcome
    diff: str
    """What Flatcar changed, unified; empty where that is not known."""
    conflicts: tuple[str, ...] = ()
    """Files on which the edit does not apply, relative to the package's directory."""


class LineChange(Struct, frozen=True, kw_only=True):
    """A line of a profile's file that an update edits."""

    file: str
    line: int
    """Counted from 1, before the edit."""
    before: str
    after: str | None
    """None: the line goes."""
    package: str
    reason: str
    """One sentence."""
