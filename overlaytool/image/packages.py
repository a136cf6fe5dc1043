"""Which package a file of an image belongs to.

The image itself has no package database: build_image deletes it. What names files is, best first: the
database in `…_sysext.squashfs`, or in a sysext's `…_pkginfo.raw`; `_licenses.json` beside the image; its copy
in the image, `/usr/share/licenses/licenses.json.bz2`. The last two leave out virtual and acct-*.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from msgspec.structs import replace

from overlaytool.errors import ImageError
from overlaytool.image.filesystem import FileSystem
from overlaytool.model.image import FileEntry, FileKind, InstalledPackage

DATABASE = "var/db/pkg"
IN_IMAGE = "usr/share/licenses/licenses.json.bz2"
NAME = re.compile(r"(?P<name>[\w+.-]+/[\w+.-]+?)-(?P<version>\d[\w.]*(-r\d+)?)(::(?P<repository>[\w-]+))?")
"""``category/name-version::repository`` (PMS 3.1.2, 3.2): the version begins after the last hyphen before
it."""
MERGED = ("bin", "sbin", "lib", "lib32", "lib64")
"""Directories of / that are symlinks into /usr."""
DEPENDENCY = re.compile(r"(?<![\w!])[<>=~]*([a-z][\w+-]*/[\w+.-]+)")


def parse(line: str) -> InstalledPackage:
    """A package from ``category/name-version::repository``.

    :raises ImageError: when it is none.
    """
    found = NAME.fullmatch(line.strip())
    if not found:
        raise ImageError(f"{line.strip()!a} is no package with a version")
    return InstalledPackage(
        name=found["name"], version=found["version"], repository=found["repository"] or ""
    )


def from_list(text: str) -> tuple[InstalledPackage, ...]:
    """The packages of a ``_packages.txt``.

    :raises ImageError: when a line is none.
    """
    return tuple(parse(line) for line in text.splitlines() if line.strip())


def from_licenses(text: str | bytes) -> tuple[InstalledPackage, ...]:
    """The packages of a ``_licenses.json``, with licences and files.

    :raises ImageError: when it is no such document.
    """
    try:
        return tuple(
            replace(
                parse(entry["project"]),
                licenses=tuple(sorted(map(str, entry["licenses"]))),
                files=tuple(_listed(entry.get("files") or "")),
            )
            for entry in json.loads(text)
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ImageError(f"this is no list of projects with licenses: {error}") from error


def from_sbom(text: str) -> tuple[InstalledPackage, ...]:
    """The packages of a ``_sbom.json`` (SPDX) that Portage installed; syft names them ``category/name``.

    :raises ImageError: when it is no such document.
    """
    try:
        found = [(entry["name"], entry.get("versionInfo", "")) for entry in json.loads(text)["packages"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ImageError(f"this is no SPDX document: {error}") from error
    named = (f"{name}-{version}" for name, version in found)
    return tuple(parse(each) for each in sorted(named) if NAME.fullmatch(each))


def _listed(text: str) -> Iterator[str]:
    """``PATH MD5`` and ``PATH -> TARGET``, a line each."""
    for line in text.split("\n"):
        path = line.partition(" -> ")[0] if " -> " in line else line.rpartition(" ")[0]
        if path.startswith("/"):
            yield path.lstrip("/")


def from_database(files: FileSystem) -> tuple[InstalledPackage, ...]:
    """The packages of Portage's database in a file system, with licences, files and what they need.

    :raises ImageError: when a part of it cannot be read.
    """
    found = []
    for entry in files.walk():
        if not entry.path.startswith(DATABASE) or not entry.path.endswith("/CONTENTS"):
            continue
        place = entry.path.rpartition("/")[0]
        values = {
            key: files.read(f"{place}/{key}").decode(errors="replace").strip()
            if files.stat(f"{place}/{key}")
            else ""
            for key in ("CONTENTS", "LICENSE", "RDEPEND", "repository")
        }
        words = set(re.sub(r"[()|?]", " ", values["LICENSE"]).split())
        found.append(
            replace(
                parse(place.removeprefix(f"{DATABASE}/")),
                repository=values["repository"],
                licenses=tuple(sorted(word for word in words if not word.endswith("?") and word != "||")),
                files=tuple(_contents(values["CONTENTS"])),
                depends=tuple(sorted(set(_names(values["RDEPEND"])))),
            )
        )
    return tuple(sorted(found, key=lambda each: each.cpv))


def _contents(text: str) -> Iterator[str]:
    """Lines of CONTENTS: ``obj PATH MD5 MTIME``, ``sym PATH -> TARGET MTIME``; directories are not owned."""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "obj":
            yield rest.rsplit(" ", 2)[0].lstrip("/")
        elif kind == "sym":
            yield rest.partition(" -> ")[0].lstrip("/")


def _names(text: str) -> Iterator[str]:
    for found in DEPENDENCY.finditer(text):
        word = found[1]
        versioned = NAME.fullmatch(word.rstrip("*"))
        yield versioned["name"] if versioned and found[0][0] in "<>=~" else word


def combine(*lists: Iterable[InstalledPackage]) -> tuple[InstalledPackage, ...]:
    """One list of several: what an earlier one says of a package counts, a later one fills what it leaves
    out."""
    found: dict[str, InstalledPackage] = {}
    for each in (package for packages in lists for package in packages):
        known = found.get(each.cpv, each)
        found[each.cpv] = replace(
            known,
            repository=known.repository or each.repository,
            licenses=known.licenses or each.licenses,
            files=known.files or each.files,
            depends=known.depends or each.depends,
        )
    return tuple(found[cpv] for cpv in sorted(found))


def own(packages: Iterable[InstalledPackage], files: Iterable[FileEntry]) -> tuple[InstalledPackage, ...]:
    """The same packages with the files that are in the image, under the paths that they have there, and
    sizes.

    Packages record paths as they install them; the image has /etc in /usr/share/flatcar/etc, and directories
    such as /usr/sbin that are symlinks.
    """
    present = {entry.path: entry for entry in files}
    place = cache(lambda directory: _without_links(directory, present))
    found = []
    for package in packages:
        mine = {}
        for path in package.files:
            directory, _, name = path.rpartition("/")
            for candidate in _candidates(directory):
                here = posixpath.join(place(candidate), name)
                if here in present:
                    mine[here] = present[here]
                    break
        sizes = {entry.inode or entry.path: entry.size for entry in mine.values()}
        found.append(replace(package, files=tuple(sorted(mine)), size=sum(sizes.values())))
    return tuple(found)


def _candidates(directory: str) -> Iterator[str]:
    yield directory
    top = directory.partition("/")[0]
    if top in MERGED:
        yield f"usr/{directory}"
    elif top == "etc":
        yield f"usr/share/flatcar/{directory}"


def _without_links(directory: str, present: Mapping[str, FileEntry]) -> str:
    """A directory with the symlinks on its way followed, as far as they stay inside."""
    at, links = "", 0
    todo = directory.split("/")[::-1]
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            at = posixpath.dirname(at)
            continue
        here = posixpath.join(at, part)
        entry = present.get(here)
        if entry and entry.kind is FileKind.SYMLINK and links < 40:
            links += 1
            at = "" if entry.target.startswith("/") else at
            todo += entry.target.split("/")[::-1]
        else:
            at = here
    return at
