"""Sizes from a binary host's ``Packages`` file, the index that Portage writes beside binary packages.

Its ``SIZE`` is the size of the binary package, compressed, as Portage downloads it: what is installed is
larger, and no index says by how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from overlaytool.errors import OutputError

EVERY_ARCH = ""
"""The key of an index whose header names no ARCH."""


def read_sizes(paths: Iterable[Path], arches: Iterable[str]) -> dict[str, dict[str, int]]:
    """Bytes by arch and CPV from one or more indexes; an index without ARCH counts for every arch.

    Of several builds of one version the latest counts.

    :raises OutputError: a file is missing or is no package index.
    """
    sizes: dict[str, dict[str, int]] = {arch: {} for arch in arches}
    for path in paths:
        arch, found = _read(path)
        for each in sizes if arch == EVERY_ARCH else (arch,):
            sizes.setdefault(each, {}).update(found)
    return sizes


def _read(path: Path) -> tuple[str, dict[str, int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"cannot read the package index {path}",
            details=(str(error),),
            hint="--packages takes the file `Packages` of a binary host, such as PKGDIR/Packages",
        ) from error
    header, *stanzas = _stanzas(text)
    latest: dict[str, tuple[int, int]] = {}
    for stanza in stanzas:
        build, size = (stanza.get(key, "0") for key in ("BUILD_ID", "SIZE"))
        if "CPV" not in stanza or not size.isdigit():
            continue
        entry = (int(build) if build.isdigit() else 0, int(size))
        latest[stanza["CPV"]] = max(entry, latest.get(stanza["CPV"], entry))
    if not latest:
        raise OutputError(
            f"{path} is no package index",
            details=("it has no paragraph with CPV and SIZE",),
            hint="--packages takes the file `Packages` of a binary host, such as PKGDIR/Packages",
        )
    return header.get("ARCH", EVERY_ARCH), {cpv: size for cpv, (_, size) in latest.items()}


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        pairs = (line.partition(": ") for line in paragraph.splitlines())
        yield {key: value.strip() for key, colon, value in pairs if colon}
