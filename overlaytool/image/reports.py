"""The reports that build_image and build_sysext write beside an image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import ImageError
from overlaytool.model.image import FileEntry, FileKind
from overlaytool.support.assignments import assignments

STEM = "flatcar_production_image"
DETAILS = re.compile(
    r"(?P<mode>[-dlcbps][-rwxsStT]{9}) (?P<device>\d+) (?P<inode>\d+) \d+ (?P<size>\d+) \./(?P<path>.*)",
    re.DOTALL,
)
"""A line of ``_contents_wtd.txt``: ``%M device inode links size ./path``."""
LISTED = re.compile(
    r"(?P<mode>[-dlcbps][-rwxsStT]{9}) +\d+ +\S+ +\S+ +(?P<size>\d+)"
    r" \d{4}-\d\d-\d\d \d\d:\d\d \./(?P<path>.*)",
    re.DOTALL,
)
"""A line of ``_contents.txt``: ``%M %2n %-7u %-7g %7s DATE TIME ./path[ -> target]``."""
LETTERS = {
    "-": FileKind.FILE,
    "d": FileKind.DIRECTORY,
    "l": FileKind.SYMLINK,
    "c": FileKind.CHARACTER_DEVICE,
    "b": FileKind.BLOCK_DEVICE,
    "p": FileKind.FIFO,
    "s": FileKind.SOCKET,
}
OPTION = re.compile(r"(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)")


class Reports(Struct, frozen=True, kw_only=True):
    """The files of one image or sysext in a build directory, by what they are."""

    directory: Path
    stem: str

    def path(self, suffix: str) -> Path | None:
        """The report with that suffix, ``_packages.txt``, None where there is none."""
        found = self.directory / f"{self.stem}{suffix}"
        return found if found.is_file() else None

    def read[T](self, suffix: str, parse: Callable[[str], T]) -> T | None:
        """What a report says, None where there is none.

        :raises ImageError: when it is there and cannot be read or understood; it names the file.
        """
        path = self.path(suffix)
        if path is None:
            return None
        try:
            return parse(path.read_text(encoding="utf-8", errors="surrogateescape"))
        except OSError as error:
            raise ImageError(f"{path} cannot be read: {error.strerror}") from error
        except ImageError as error:
            raise ImageError(
                f"{path} cannot be understood", details=(error.message, *error.details)
            ) from error


def release(text: str) -> tuple[tuple[str, str], ...]:
    """The assignments of an os-release or version.txt, without quotes."""
    return tuple(assignments(text).items())


def kernel_config(text: str) -> tuple[tuple[str, str], ...]:
    """Options and values of a kernel configuration, sorted; an option that is not set has ``n``."""
    found = (OPTION.fullmatch(line) for line in text.splitlines())
    return tuple(sorted((each[1] or each[3], each[2] or "n") for each in found if each))


def root_hash(text: str) -> str:
    """The hash in a ``_verity.txt``.

    :raises ImageError: when there is none.
    """
    value = text.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ImageError(f"{value[:80]!a} is no root hash")
    return value


def details(text: str) -> tuple[FileEntry, ...]:
    """The files of a ``_contents_wtd.txt``, without the directory itself.

    :raises ImageError: when nothing in it is such a line.
    """
    return _entries(text, DETAILS)


def listing(text: str) -> tuple[FileEntry, ...]:
    """The files of a ``_contents.txt``, which does not tell hard links apart.

    :raises ImageError: when nothing in it is such a line.
    """
    return _entries(text, LISTED)


def _entries(text: str, form: re.Pattern[str]) -> tuple[FileEntry, ...]:
    found = tuple(sorted(_parsed(text, form), key=lambda entry: entry.path))
    if text.strip() and not found:
        raise ImageError("no line of it is about a file")
    return found


def _parsed(text: str, form: re.Pattern[str]) -> Iterator[FileEntry]:
    numbers: dict[tuple[str, str], int] = {}
    for line in text.split("\n"):
        found = form.fullmatch(line)
        if not found or not found["path"]:
            continue
        groups = found.groupdict()
        kind = LETTERS[groups["mode"][0]]
        path, _, target = (
            groups["path"].partition(" -> ") if kind is FileKind.SYMLINK else (groups["path"], "", "")
        )
        inode = 0
        if "inode" in groups:  # a number counts on its own device only
            inode = numbers.setdefault((groups["device"], groups["inode"]), len(numbers) + 1)
        size = int(groups["size"]) if kind is FileKind.FILE else 0
        yield FileEntry(
            path=path, kind=kind, size=size, mode=_mode(groups["mode"]), inode=inode, target=target
        )


def _mode(text: str) -> int:
    """Permission bits of ``-rwsr-xr-x``."""
    mode = 0
    for index, letter in enumerate(text[1:]):
        if letter not in "-ST":
            mode |= 1 << (8 - index)
        if letter in "sStT":
            mode |= {2: 0o4000, 5: 0o2000, 8: 0o1000}[index]
    return mode
