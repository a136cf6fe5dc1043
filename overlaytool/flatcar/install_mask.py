"""INSTALL_MASK of the production image: what emerge leaves out of the packages that it installs there."""

from __future__ import annotations

import re
from pathlib import Path

from overlaytool.flatcar.checkout import TREES

PROFILES = TREES / "coreos-overlay/profiles/coreos"
FILES = tuple(f"{name}/make.defaults" for name in ("base", "targets/generic", "targets/generic/prod"))
"""From what all profiles share to the production image's: each goes on with the one before."""
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
