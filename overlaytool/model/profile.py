"""What a line of a profile says: where a decision of the profile's is written down, and why."""

from __future__ import annotations

from msgspec import Struct


class ProfileLine(Struct, frozen=True, kw_only=True):
    """A line of a file in a profile's directory, or of a repository's ``profiles/package.mask``."""

    file: str
    """Relative to the checkout; for a source, its name and the path in it."""
    number: int
    """Counted from 1."""
    text: str
    """The line itself, without a comment at its end."""
    comment: str
    """What is written above the block that the line is in, on one line; empty where nothing is."""

    @property
    def place(self) -> str:
        """File and line, with the trees' common path left out."""
        return f"{self.file.removeprefix('sdk_container/src/third_party/')}:{self.number}"


class FixedFlag(Struct, frozen=True, kw_only=True):
    """A USE flag that a profile does not let package.use change (PMS section 5.2.11)."""

    package: str
    flag: str
    forced: bool
    """Whether it is forced on; else it is masked, and off."""
    line: ProfileLine
    """The line that decides it."""
    every_package: bool
    """Whether the line is about all packages, as those of use.mask and use.force are."""
