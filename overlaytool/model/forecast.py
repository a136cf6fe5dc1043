"""What packages would cost an image, before it is built, and what the build would refuse at its end."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class RefusalKind(StrEnum):
    """What build_image refuses after all packages were built and installed."""

    DYNAMIC_ID = "dynamic-id"
    """A line of sysusers.d that leaves a user's or group's number open."""
    PAM_FILE = "pam-file"
    """A file in /etc/pam.d or /etc/security."""
    USR_CONFLICT = "usr-conflict"
    """The same path below / and below /usr, which are one in the image."""


class Refusal(Struct, frozen=True, kw_only=True):
    """One reason for which the build would end."""

    kind: RefusalKind
    cpv: str
    path: str
    """Without a leading slash."""
    line: str = ""
    """Of the file, where it is about one."""
    hint: str


class PackageForecast(Struct, frozen=True, kw_only=True):
    """What one binary package would bring into the image."""

    cpv: str
    files: int
    size: int
    """Bytes of its files in the image, each hard link once."""
    compressed: int
    """Bytes that they would take in a btrfs with zstd, in blocks of 4096."""
    kernel: int = 0
    """Bytes of the vmlinuz in it, which goes to the EFI system partition."""


class Forecast(Struct, frozen=True, kw_only=True):
    """What a plan's packages would cost."""

    packages: tuple[PackageForecast, ...]
    """The largest first."""
    unknown: tuple[str, ...]
    """Packages of which there is no binary package here."""
    used: int | None
    """Bytes in use in /usr of the image that they come into; None where there is no image."""
    limit: int
    """Bytes that /usr may take."""
    kernel_limit: int
    refusals: tuple[Refusal, ...]

    @property
    def compressed(self) -> int:
        """Bytes that all of them would add."""
        return sum(each.compressed for each in self.packages)

    @property
    def left(self) -> int | None:
        """Bytes that would be left of the budget; negative where it does not fit; None where nobody knows."""
        return None if self.used is None else self.limit - self.used - self.compressed
