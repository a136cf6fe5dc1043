"""A system extension: what is in it, and whether an image will merge it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.image import FileEntry

type Release = tuple[tuple[str, str], ...]
"""Names and values of os-release or extension-release, in the file's order."""


class ElfFile(Struct, frozen=True, kw_only=True):
    """One program or library (System V ABI, dynamic section)."""

    path: str
    machine: str
    """As systemd names architectures: ``x86-64``, ``arm64``; the ELF name for others."""
    needed: tuple[str, ...] = ()
    """DT_NEEDED: sonames."""
    soname: str = ""
    search: tuple[str, ...] = ()
    """DT_RUNPATH or DT_RPATH, ``$ORIGIN`` resolved; absolute."""
    interpreter: str = ""
    """PT_INTERP."""


class Extension(Struct, frozen=True, kw_only=True):
    """An extension image."""

    name: str
    """What it calls itself, by the name of its extension-release; the file's where it has none."""
    file_name: str
    """The file's name without ``.raw``."""
    source: str
    """The file."""
    form: str
    """``squashfs``, or ``DDI: erofs, verity, signature``."""
    size: int
    """Bytes of the image file."""
    release: Release
    files: tuple[FileEntry, ...]
    """By path, ``usr/bin/htop``."""
    programs: tuple[ElfFile, ...]
    texts: tuple[tuple[str, str], ...] = ()
    """Paths of units and their drop-ins, with their text."""
    damage: tuple[str, ...] = ()
    """What is wrong with its hash tree."""

    def value(self, name: str) -> str:
        """A value of its extension-release, empty where it has none."""
        return dict(self.release).get(name, "")


class Host(Struct, frozen=True, kw_only=True):
    """The image that an extension is to be merged into."""

    source: str
    release: Release
    architecture: str
    """As systemd names it; empty where the image does not tell."""
    files: tuple[FileEntry, ...]
    """Of /usr and /opt, by path."""
    extensions: tuple[tuple[str, tuple[FileEntry, ...]], ...] = ()
    """What the image brings of its own, and others that are to be merged with it: names and files."""

    def value(self, name: str) -> str:
        """A value of its os-release, empty where it has none."""
        return dict(self.release).get(name, "")


class Severity(StrEnum):
    """How much a problem matters."""

    ERROR = "error"
    """It is not merged, or breaks the system or itself."""
    WARNING = "warning"
    """It may not do what was meant."""
    NOTE = "note"
    """Worth knowing."""


class Problem(Struct, frozen=True, kw_only=True):
    """Why an extension will not merge, or will not work."""

    reference: str
    """A stable name of the kind: ``version``, ``missing-library``, ..."""
    severity: Severity
    subject: str
    """A path, a field or a library."""
    message: str
    hint: str = ""


class SysextCheck(Struct, frozen=True, kw_only=True):
    """An extension against an image."""

    extension: str
    host: str
    problems: tuple[Problem, ...]

    @property
    def merges(self) -> bool:
        """Whether there is no problem that keeps it from being merged."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)
