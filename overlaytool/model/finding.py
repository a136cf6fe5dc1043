"""What an audit finds: each kind is a class, which says why it matters and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Something does not work, or builds something else than was meant."""
    WARNING = "warning"
    """Something is left over, or missing, and will mislead the next person."""
    NOTE = "note"
    """Worth a look; may well be meant."""


class Delete(Struct, frozen=True):
    """Take a file away, or all files below a directory."""

    path: str


class DropLine(Struct, frozen=True):
    """Take an entry out of a profile's file, with its comment where it is the last one below that."""

    path: str
    line: int
    """Counted from 1, as in the audited checkout."""
    text: str


class CutLine(Struct, frozen=True):
    """Take one line out of any file, and nothing else."""

    path: str
    line: int
    text: str


class DropValue(Struct, frozen=True):
    """Take one value out of an entry of a profile's file; the entry too where it was its only one."""

    path: str
    line: int
    atom: str
    value: str


class ReplaceLine(Struct, frozen=True):
    """Another line in place of one."""

    path: str
    line: int
    text: str
    new: str


class Rename(Struct, frozen=True):
    """Another name for a file."""

    path: str
    new: str


class ListNames(Struct, frozen=True):
    """Names into the automation list, and out of it."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


type Edit = Delete | CutLine | DropLine | DropValue | ReplaceLine | Rename | ListNames


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a checkout, or worth a look."""

    reference: ClassVar[str]
    """The kind's name in every format: ``dead-eclass``."""
    severity: ClassVar[Severity]
    why: ClassVar[str]
    """Why it matters: one or two sentences, for a person who never met it."""
    hint: ClassVar[str]
    """What to do about it."""
    about: ClassVar[str] = "checkout"
    """What of the checkout it is about, for grouping: ``profiles``, ``packages``, …"""

    subject: str
    """A package, an eclass, an entry: what the message is about."""
    file: str | None = None
    """Relative to the checkout, with forward slashes. Where a directory is meant, that."""
    line: int | None = None
    """Counted from 1; None where the file as a whole is meant."""

    @property
    def message(self) -> str:
        """What was found, in one sentence without a full stop."""
        raise NotImplementedError

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What certainly puts it right; empty where a person has to decide."""
        return ()

    @property
    def commit_subject(self) -> str:
        """The subject of the commit with these edits."""
        return f"{self.subject}: Put right"

    @property
    def fixable(self) -> bool:
        """Whether ``--fix`` puts it right."""
        return bool(self.edits)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same while lines move and versions change: how a baseline knows it again."""
        return (self.reference, self.subject, self.file or "")
