"""What an image holds, and what it gained: read from the reports that build_image writes beside it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import IMAGES, Checkout
from overlaytool.model.build import ImageGain, ImageReport

STEM = "flatcar_production_image"
REPORTS = (
    f"{STEM}_packages.txt",
    f"{STEM}_contents_wtd.txt",
    f"{STEM}_licenses.json",
    "version.txt",
)
ENTRY = re.compile(r"^(?P<mode>\S{10}) (?P<device>\d+) (?P<inode>\d+) \d+ (?P<size>\d+) \./(?P<path>.*)$")
"""``write_contents_with_technical_details``: permissions, device, inode, links, bytes, path."""


def latest(checkout: Checkout, board: str) -> Path | None:
    """The directory of the board's last image on this machine, None where there is none."""
    link = checkout.path / IMAGES / "images" / board / "latest"
    return link.resolve() if link.is_dir() else None


def keep(directory: Path, place: Path) -> None:
    """Copy an image's reports away: an image of the same version is going to replace it."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in REPORTS:
        if (directory / name).is_file():
            shutil.copyfile(directory / name, place / name)


def read(directory: Path) -> ImageReport:
    """The reports in an image's directory.

    :raises SdkError: when one of them is missing or cannot be understood.
    """
    packages, contents, licenses, version = (_text(directory / name) for name in REPORTS)
    try:
        projects = json.loads(licenses)
        names = {name for project in projects for name in project["licenses"]}
    except (ValueError, TypeError, KeyError) as error:
        raise SdkError(f"{directory / REPORTS[2]} is no list of projects with licenses: {error}") from error
    return ImageReport(
        version=_version(version),
        packages=tuple(sorted(packages.split())),
        files=_files(contents),
        licenses=tuple(sorted(names)),
    )


def gain(before: ImageReport, after: ImageReport) -> ImageGain:
    """What the image ``after`` has that ``before`` had not."""
    old, new = dict(before.files), dict(after.files)
    return ImageGain(
        before=before.version,
        packages_added=_less(after.packages, before.packages),
        packages_removed=_less(before.packages, after.packages),
        files_added=tuple((path, size) for path, size in after.files if path not in old),
        files_removed=tuple(path for path, _ in before.files if path not in new),
        size_before=before.size,
        size_after=after.size,
        licenses_added=_less(after.licenses, before.licenses),
    )


def _less(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    known = set(others)
    return tuple(name for name in some if name not in known)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SdkError(
            f"{path.name} cannot be read: {error.strerror}",
            details=(str(path),),
            hint="build_image writes it at its end: has it got that far?",
        ) from error


def _version(text: str) -> str:
    values = dict(line.partition("=")[::2] for line in text.splitlines())
    return values.get("FLATCAR_VERSION", "unknown").strip("\"'")


def _files(text: str) -> tuple[tuple[str, int], ...]:
    """Regular files and links. A directory's size says nothing, and a hard link's bytes count once."""
    files: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for line in text.splitlines():
        found = ENTRY.match(line)
        if not found or found["mode"][0] == "d":
            continue
        identity = (found["device"], found["inode"])
        files[found["path"]] = 0 if identity in seen else int(found["size"])
        seen.add(identity)
    return tuple(sorted(files.items()))
