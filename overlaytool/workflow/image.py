"""``image``: look into an image, and compare two.

file or directory --look--> contents --diff--> change --> terminal, page, json
request --plan--> packages of the image --forecast--> bytes, refusals
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlaytool import config as configuration
from overlaytool.errors import ImageError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.install_mask import install_mask
from overlaytool.image import disk, disk_image
from overlaytool.image import forecast as forecasts
from overlaytool.image.build_directory import disk_in
from overlaytool.image.diff import diff
from overlaytool.image.look import look
from overlaytool.model.forecast import Forecast
from overlaytool.model.image import ImageContents
from overlaytool.model.image_change import ImageChange
from overlaytool.model.resolution import Request
from overlaytool.progress import Progress, SilentProgress
from overlaytool.report import binhost
from overlaytool.sdk import image_report
from overlaytool.workflow.planning import plan
from overlaytool.workflow.workspace import Workspace


def show(path: Path, progress: Progress | None = None) -> ImageContents:
    """What is in an image, a sysext, a kernel or a directory of build_image.

    :raises ImageError: when there is nothing that can be read.
    """
    _check(path)
    return look(path, progress or SilentProgress())


def compare(old: Path, new: Path, progress: Progress | None = None, *, quick: bool = False) -> ImageChange:
    """What differs between two of them.

    :param quick: whether files of one size are taken for the same, unread.

    :raises ImageError: when there is nothing in one of them that can be read.
    """
    for path in (old, new):
        _check(path)
    sides = [look(path, progress or SilentProgress(), digests=not quick) for path in (old, new)]
    return diff(*sides)


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


def forecast(
    workspace: Workspace,
    request: Request,
    packages: Sequence[Path],
    image: Path | None,
) -> Forecast:
    """What a plan's packages would cost in the image of the first board, as far as binary packages are here.

    :param packages: indexes of binary packages, `PKGDIR/Packages`.
    :param image: an image or a build's directory that they come into; None: the last one that was built.
    :raises ImageError: when a binary package or the image cannot be read.
    :raises OutputError: when an index cannot be read.
    """
    board = workspace.boards[0]
    _, made = plan(workspace, request)
    files = binhost.files(packages, board.arch, made.new_in_image)
    place = image or image_report.latest(workspace.checkout, board.name)
    if place and place.is_dir():
        place = disk_in(place)
    used = None
    if place:
        with disk.opened(place) as stream:
            used = disk_image.usr_used(stream)
    return forecasts.forecast(
        files,
        set(made.new_in_image) - files.keys(),
        used=used,
        install_mask=install_mask(workspace.checkout.path),
    )


def _check(path: Path) -> None:
    if not path.exists():
        raise ImageError(f"there is no {path}", hint="name an image, a .raw, or a directory of build_image")
