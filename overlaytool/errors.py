"""What can go wrong, one exception class and one exit status for each kind.

An error says what was asked, what was found and what to do next: ``message`` is the first line,
``details`` the indented lines below it, ``hint`` the last one. Nothing here formats or prints.
"""

from __future__ import annotations

from typing import ClassVar


class OverlaytoolError(Exception):
    """Base of everything that is reported to the user as ``error: ...``.

    :param message: one line, no full stop: what was asked and why it cannot be done.
    :param details: what was found, a line each, in reading order.
    :param hint: what to do next, where something can be done.
    """

    exit_status: ClassVar[int] = 3

    def __init__(self, message: str, *, details: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.hint = hint
        self.about: str | None = None
        """The ``category/name`` at which a search ended, where it was one."""


class UsageError(OverlaytoolError):
    """The command line itself: an unknown option, a missing argument, options that exclude each other."""

    exit_status = 2


class ConfigError(OverlaytoolError):
    """``overlaytool.toml`` or an environment variable says something that cannot be used."""

    exit_status = 3


class CheckoutError(OverlaytoolError):
    """No checkout of flatcar/scripts, or one whose profiles or metapackages are not there."""

    exit_status = 4


class RepositoryError(OverlaytoolError):
    """The given path is not an ebuild repository."""

    exit_status = 5


class UnknownPackageError(OverlaytoolError):
    """No tree has a package of that name."""

    exit_status = 6


class AmbiguousPackageError(OverlaytoolError):
    """A name without its category stands for more than one package.

    :param typed: what was typed, and ``choices`` what could stand in its place.
    """

    exit_status = 7

    def __init__(
        self,
        message: str,
        *,
        details: tuple[str, ...] = (),
        hint: str | None = None,
        typed: str = "",
        choices: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, details=details, hint=hint)
        self.typed, self.choices = typed, choices


class MalformedAtomError(OverlaytoolError):
    """Text that PMS section 8.3 does not accept as a package dependency specification."""

    exit_status = 8


class MaskedError(OverlaytoolError):
    """Every version that would do is masked."""

    exit_status = 9


class KeywordError(OverlaytoolError):
    """Every version that would do lacks a keyword, and none may be accepted."""

    exit_status = 10


class MetadataError(OverlaytoolError):
    """An ebuild could not be sourced."""

    exit_status = 11


class UnsatisfiableError(OverlaytoolError):
    """No candidate satisfies an atom."""

    exit_status = 12


class ConflictError(OverlaytoolError):
    """Two selections exclude each other: one slot, a blocker, or a cycle of updates."""

    exit_status = 13


class ManifestError(OverlaytoolError):
    """A Manifest is missing, or does not cover the distfiles of the ebuilds beside it."""

    exit_status = 14


class UnsafeSourceError(OverlaytoolError):
    """A package directory holds what must not be copied: links that leave it, devices, odd names."""

    exit_status = 15


class WriteError(OverlaytoolError):
    """A file could not be written: read-only tree, no space, no permission."""

    exit_status = 16


class LockedError(OverlaytoolError):
    """Another overlaytool is at work in the same place."""

    exit_status = 17


class StaleError(OverlaytoolError):
    """The trees are no longer those that a plan, a change set or a series was made from."""

    exit_status = 18


class GitError(OverlaytoolError):
    """git refused, or the repository's state does not allow what was asked."""

    exit_status = 19


class NetworkError(OverlaytoolError):
    """A remote could not be reached."""

    exit_status = 20


class ToolMissingError(OverlaytoolError):
    """A program or library that this command needs is not installed, or is too old."""

    exit_status = 21


class SdkError(OverlaytoolError):
    """A stage of the build in the SDK container failed."""

    exit_status = 22


class OutputError(OverlaytoolError):
    """A report cannot be written in the asked form or place."""

    exit_status = 23


class HungError(OverlaytoolError):
    """A program was ended because it passed its time limit."""

    exit_status = 24


class PortageError(OverlaytoolError):
    """Portage itself failed: no answer about the checkout, neither good nor bad."""

    exit_status = 25


class PlanError(OverlaytoolError):
    """A document that should hold a plan does not."""

    exit_status = 26


class UncommittedError(OverlaytoolError):
    """Files that would be replaced or deleted hold work that is not committed."""

    exit_status = 27


class BaselineError(OverlaytoolError):
    """A file that should hold the findings of an earlier audit does not."""

    exit_status = 28


class DowngradeError(OverlaytoolError):
    """A plan would replace versions or eclasses of the checkout by older ones, without --allow-downgrade."""

    exit_status = 29


class ImageError(OverlaytoolError):
    """A disk image, a file system or a report of build_image cannot be read, or is damaged."""

    exit_status = 30


class ContainmentError(OverlaytoolError):
    """This machine cannot contain the code of an untrusted tree's ebuilds."""

    exit_status = 31


class VmError(OverlaytoolError):
    """A virtual machine could not be started: no script, no disk, no file that gets into it."""

    exit_status = 32


class BootError(OverlaytoolError):
    """A virtual machine was started, and never became ready."""

    exit_status = 33


class PortTakenError(OverlaytoolError):
    """The port that a virtual machine should listen on belongs to somebody else."""

    exit_status = 34


class MovedError(OverlaytoolError):
    """A package cannot be updated: it has another name in the source."""

    exit_status = 35


class ForkError(OverlaytoolError):
    """A package cannot be updated: coreos-overlay has its own copy."""

    exit_status = 36


class DroppedError(OverlaytoolError):
    """A package cannot be updated: the source no longer has it."""

    exit_status = 37


class AbsentError(OverlaytoolError):
    """A package cannot be updated: the checkout does not have it."""

    exit_status = 38


class SurveyError(OverlaytoolError):
    """A survey cannot run: no worker has the same trees and the same overlaytool."""

    exit_status = 41


class NothingDoneError(OverlaytoolError):
    """There is nothing to take back."""

    exit_status = 43


WORK_LEFT = 39
"""The exit status of what was done and leaves work for a person: what a plan lists as manual work."""


class NeededError(OverlaytoolError):
    """What was to be removed is still needed."""

    exit_status = 40


IMAGE_REFUSED = 42
"""The exit status of what was planned or done, and build_image will refuse its result."""
