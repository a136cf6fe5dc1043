"""Reads metadata of binary packages."""

from __future__ import annotations

import struct
from pathlib import Path

from pkgcore.binpkg.xpak import MalformedXpak, Xpak


def installed_size(path: Path) -> int | None:
    """Bytes of the files that a binary package in xpak format installs, as Portage summed them up.

    None where there is no such file, where it is in another format, or where it does not say.
    """
    try:
        size = Xpak(str(path))["SIZE"]
    except (OSError, MalformedXpak, struct.error, KeyError, ValueError):
        return None
    text = size.decode(errors="replace") if isinstance(size, bytes) else str(size)
    return int(text) if text.strip().isdigit() else None
