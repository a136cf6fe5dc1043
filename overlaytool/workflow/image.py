"""``image``: look into an image, and compare two.

file or directory --look--> contents --diff--> change --> terminal, page, json
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlaytool import config as configuration
from overlaytool.errors import ImageError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.image.diff import diff
from overlaytool.image.look import look
from overlaytool.model.image import ImageContents
from overlaytool.model.image_change import ImageChange
from overlaytool.progress import Progress, SilentProgress
from overlaytool.sdk import image_report


def show(path: Path, progress: Progress | None = None) -> ImageContents:
    """What is in an image, a sysext, a kernel or a directory of build_image.

    :raises ImageError: when there is nothing that can be read.
    """
    _check(path)
    return look(path, progress or SilentProgress())


def compare(old: Path, new: Path, progress: Progress | None = None) -> ImageChange:
    """What differs between two of them.

    :raises ImageError: when there is nothing in one of them that can be read.
    """
    for path in (old, new):
        _check(path)
    return diff(look(old, progress or SilentProgress()), look(new, progress or SilentProgress()))


def latest(checkout: Path | None, config: Path | None, boards: Sequence[str]) -> Path:
    """The directory of the last image that was built in a checkout.

    :raises CheckoutError: when there is no checkout, or no such board.
    :raises ImageError: when no image was built on this machine.
    """
    found = checkouts.find(checkout)
    settings = configuration.load(config, checkout=found.path)
    names = boards or settings.boards or (checkouts.host_board(),)
    for name in names:
        if directory := image_report.latest(found, found.board(name).name):
            return directory
    raise ImageError(
        f"no image of {' or '.join(names)} was built in {found.path}",
        hint="build one with: overlaytool sdk image; or name one: overlaytool image show FILE|DIR",
    )


def _check(path: Path) -> None:
    if not path.exists():
        raise ImageError(f"there is no {path}", hint="name an image, a .raw, or a directory of build_image")
