"""The workflow of ``sysext``: what is in an extension, whether an image takes it. See also `workflow`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import IMAGES
from overlaytool.model.build import SysextBuild
from overlaytool.model.resolution import Into
from overlaytool.model.sysext import Extension, SysextCheck
from overlaytool.sdk.opening import Choice
from overlaytool.sdk.stages import Reporter, Selection
from overlaytool.sysext import check as checks
from overlaytool.sysext import read, sysupdate
from overlaytool.workflow import build as builds
from overlaytool.workflow.build import BuildPlace


def show(file: Path) -> Extension:
    """What is in an extension.

    :raises ImageError: when it is none, or is damaged.
    """
    return read.extension(file)


def check(files: Sequence[Path], image: Path) -> tuple[SysextCheck, ...]:
    """Each extension against the image, and against the others.

    :raises ImageError: when one of them, or the image, cannot be read.
    """
    extensions = [read.extension(file) for file in files]
    return tuple(
        checks.check(each, read.host(image, [other for other in extensions if other is not each]))
        for each in extensions
    )


def build(
    place: BuildPlace,
    request: SysextBuild,
    atoms: tuple[str, ...],
    selection: Selection,
    choice: Choice,
    reporter: Reporter,
) -> tuple[Extension, SysextCheck]:
    """Emerge the packages in the SDK container, have build_sysext pack them, and check what came out.

    :raises StageFailed: when a stage fails, with the reason and the next command.
    :raises SdkError: when there is no image that the extension could belong to, or none came out.
    """
    image = place.checkout.path / IMAGES / "images" / place.board.name / "latest"
    if not image.is_dir():
        raise SdkError(
            f"there is no image of {place.board.name} that a system extension could belong to",
            details=(f"there is no {image}",),
            hint="overlaytool sdk image builds one",
        )
    builds.build(place, atoms, Into.IMAGE, selection, choice, reporter, sysext=request)
    file = image.resolve() / "sysext" / f"{request.name}.raw"
    if not file.is_file():
        raise SdkError(f"build_sysext ended well, and there is no {file}")
    made = read.extension(file)
    return made, checks.check(made, read.host(image.resolve()))


def mangle_script(place: BuildPlace, name: str, given: Path | None) -> str | None:
    """The script that changes the files before they are packed: the one named, else the usual one.

    :raises SdkError: for a script outside of the checkout, which the container does not see.
    """
    root = place.checkout.path
    if given is None:
        usual = [f"build_library/sysext_mangle_{stem}" for stem in (name, f"flatcar-{name}")]
        return next((path for path in usual if (root / path).is_file()), None)
    path = given.resolve()
    if not path.is_relative_to(root) or not os.access(path, os.X_OK):
        raise SdkError(
            f"{given} cannot be run in the container",
            hint=f"it has to be an executable file below {root}, as build_library/sysext_mangle_NAME is",
        )
    return str(path.relative_to(root))


def write_sysupdate(extension: Extension, url: str) -> tuple[Path, ...]:
    """The transfer file and SHA256SUMS.

    :raises WriteError: when they cannot be written.
    """
    return sysupdate.write(extension, url)
