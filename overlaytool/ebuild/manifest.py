"""Manifests of package directories (GLEP 74): the distfiles that have checksums there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from overlaytool.support.files import read_text


def distfile_sizes(manifest: str) -> Mapping[str, int]:
    """The size in bytes of every distfile that has a DIST line."""
    lines = (line.split(maxsplit=3) for line in manifest.splitlines() if line.startswith("DIST "))
    return {fields[1]: int(fields[2]) for fields in lines if len(fields) > 2 and fields[2].isdigit()}


@cache
def sizes_in(directory: Path) -> Mapping[str, int]:
    """The same for a package directory; empty where it has no Manifest."""
    try:
        return distfile_sizes(read_text(directory / "Manifest", errors="replace"))
    except OSError:
        return {}
