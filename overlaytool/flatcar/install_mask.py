"""INSTALL_MASK of the production image: what emerge leaves out of the packages that it installs there."""

from __future__ import annotations

import re
from pathlib import Path

from overlaytool.flatcar.checkout import TREES

PROFILES = TREES / "coreos-overlay/profiles/coreos/targets/generic"
FILES = ("make.defaults", "prod/make.defaults")
"""The profile that all targets share, then the production image's, which goes on with it."""
ASSIGNMENT = re.compile(r'^INSTALL_MASK="([^"]*)"', re.MULTILINE)


def install_mask(checkout: Path) -> tuple[str, ...]:
    """The patterns in order; the last one that matches a path counts. Empty where the profiles set none."""
    found: list[str] = []
    for name in FILES:
        path = checkout / PROFILES / name
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for value in ASSIGNMENT.findall(text):
            found += (word for word in value.split() if not word.startswith("$"))
    return tuple(found)
