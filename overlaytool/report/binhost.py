"""Sizes of binary packages, from the ``Packages`` file that Portage writes beside them.

Its ``SIZE`` is the size of the binary package, compressed, as Portage downloads it. What it installs is more,
and stands in the package itself: it is told where packages lie beside their index, as in a board's PKGDIR.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from overlaytool.ebuild.binpkg import installed_size
from overlaytool.errors import OutputError

EVERY_ARCH = ""
"""The key of an index whose header names no ARCH."""


class BinarySize(NamedTuple):
    """Bytes of a binary package, and of what it installs, as far as that is known."""

    package: int
    installed: int | None


type BinarySizes = Mapping[str, Mapping[str, BinarySize]]
"""By arch and CPV."""


def read_sizes(paths: Iterable[Path], arches: Iterable[str], wanted: Collection[str]) -> BinarySizes:
    """What one or more indexes say; an index without ARCH counts for every arch.

    Of several builds of one version the latest counts.

    :param wanted: the CPVs to look up.
    :raises OutputError: a file is missing or is no package index.
    """
    sizes: dict[str, dict[str, BinarySize]] = {arch: {} for arch in arches}
    for path in paths:
        arch, found = _read(path, wanted)
        for each in sizes if arch == EVERY_ARCH else (arch,):
            sizes.setdefault(each, {}).update(found)
    return sizes


def files(paths: Iterable[Path], arch: str, wanted: Collection[str]) -> dict[str, Path]:
    """The binary packages that lie beside their indexes, by CPV; an index of another arch is left out.

    :raises OutputError: a file is missing or is no package index.
    """
    found: dict[str, Path] = {}
    for path in paths:
        of, latest = _latest(path)
        if of not in (arch, EVERY_ARCH):
            continue
        for cpv in latest.keys() & set(wanted):
            file = path.parent / latest[cpv].get("PATH", f"{cpv}.tbz2")
            if file.is_file():
                found[cpv] = file
    return found


def _read(path: Path, wanted: Collection[str]) -> tuple[str, dict[str, BinarySize]]:
    arch, latest = _latest(path)
    return arch, {
        cpv: BinarySize(
            package=int(stanza["SIZE"]),
            installed=installed_size(path.parent / stanza.get("PATH", f"{cpv}.tbz2")),
        )
        for cpv, stanza in latest.items()
        if cpv in wanted
    }


def _latest(path: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """The arch, and of each version the paragraph of its latest build."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"cannot read the package index {path}",
            details=(str(error),),
            hint="--packages takes the file `Packages` of a binary host, such as PKGDIR/Packages",
        ) from error
    header, *stanzas = _stanzas(text)
    latest: dict[str, tuple[int, dict[str, str]]] = {}
    for stanza in stanzas:
        if "CPV" in stanza and stanza.get("SIZE", "").isdigit():
            build = stanza.get("BUILD_ID", "0")
            entry = (int(build) if build.isdigit() else 0, stanza)
            latest[stanza["CPV"]] = max(entry, latest.get(stanza["CPV"], entry), key=lambda it: it[0])
    if not latest:
        raise OutputError(
            f"{path} is no package index",
            details=("it has no paragraph with CPV and SIZE",),
            hint="--packages takes the file `Packages` of a binary host, such as PKGDIR/Packages",
        )
    return header.get("ARCH", EVERY_ARCH), {cpv: stanza for cpv, (_build, stanza) in latest.items()}


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        pairs = (line.partition(": ") for line in paragraph.splitlines())
        yield {key: value.strip() for key, colon, value in pairs if colon}
