"""What an image holds, and what it gained: read from the reports that build_image writes beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from overlaytool.errors import ImageError, SdkError
from overlaytool.flatcar.checkout import IMAGES, Checkout
from overlaytool.image.packages import from_licenses
from overlaytool.image.reports import STEM, details, release
from overlaytool.model.build import ImageGain, ImageReport
from overlaytool.model.image import each_link_once

REPORTS = (
    f"{STEM}_packages.txt",
    f"{STEM}_contents_wtd.txt",
    f"{STEM}_licenses.json",
    "version.txt",
)


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
        names = {name for package in from_licenses(licenses) for name in package.licenses}
        files = details(contents)
    except ImageError as error:
        raise SdkError(
            f"the reports in {directory} cannot be understood", details=(error.message, *error.details)
        ) from error
    return ImageReport(
        version=dict(release(version)).get("FLATCAR_VERSION", "unknown"),
        packages=tuple(sorted(packages.split())),
        files=tuple((entry.path, size) for entry, size in each_link_once(files)),
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
