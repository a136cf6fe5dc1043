"""The workflow of ``sysext``: what is in an extension, whether an image takes it. See also `workflow`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlaytool.model.sysext import Extension, SysextCheck
from overlaytool.sysext import check as checks
from overlaytool.sysext import read


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
