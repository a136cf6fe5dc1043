"""A directory that build_image has written: the image and its reports, each checked against the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from overlaytool.errors import ImageError
from overlaytool.image import disk, disk_image, extension, packages, partitions, reports
from overlaytool.image.filesystem import open_filesystem
from overlaytool.image.findings import Findings
from overlaytool.image.reports import STEM, Reports
from overlaytool.model.image import Component, FileEntry, FileKind, InstalledPackage

IMAGES = (f"{STEM}.bin", "flatcar_production_qemu_uefi_image.img", "flatcar_production_qemu_image.img")
"""The image itself, or what image_to_vm.sh made of it."""
WRAPPED = ("", ".bz2", ".xz", ".gz", ".zst")
INCLUDED = "rootfs-included-sysexts"
INITRDS = {"initrd": "_initrd_contents", "real-initrd": "_realinitrd_contents"}
UNPACKED = re.compile(r"rootfs-\d+/")
"""The directory of an archive of the initrd, as its report has it."""
SHOWN = 3
"""Paths that a contradiction names."""
SIZE = re.compile(r"^/usr\s+\S+\s+([\d.,]+)([KMGT]?)\s", re.MULTILINE)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def read(directory: Path, found: Findings) -> None:
    """Take in a build directory.

    :raises ImageError: when it has neither an image nor a report.
    """
    beside = Reports(directory=directory, stem=STEM)
    image = disk_in(directory)
    if image is None and not any(directory.glob(f"{STEM}_*")) and not any(_extensions(directory)):
        raise ImageError(
            f"{directory} is no directory of build_image",
            details=(f"it has neither {STEM}.bin nor a report that begins with {STEM}_",),
            hint="overlaytool image show [FILE|DIR], such as __build__/images/images/amd64-usr/latest",
        )
    _packages(beside, found)
    if image:
        with found.part(image.name), disk.opened(image) as stream:
            disk_image.read(stream, found)
    for name, read_report in (("version.txt", found.take_release),):
        with found.part(name):
            values = Reports(directory=directory, stem="").read(name, reports.release)
            if values:
                read_report(_as_release(values))
    _hashes_and_kernel(beside, found)
    _files(beside, found)
    with found.part(f"{STEM}_disk_usage.txt"):
        beside.read("_disk_usage.txt", lambda text: _compare_usage(text, found))
    for path in _extensions(directory):
        _extension(path, found)


def disk_in(directory: Path) -> Path | None:
    """The image of a build directory, None where there is none."""
    names = (f"{name}{suffix}" for name in IMAGES for suffix in WRAPPED)
    return next((directory / name for name in names if (directory / name).is_file()), None)


def _extensions(directory: Path) -> Iterator[Path]:
    for place in (directory / INCLUDED, directory):
        for suffix in WRAPPED:
            for path in sorted(place.glob(f"*.raw{suffix}")):
                if not path.name.removesuffix(suffix).endswith("_pkginfo.raw"):
                    yield path


def _as_release(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """version.txt in the words of os-release."""
    known = dict(values)
    names = (
        ("VERSION", "FLATCAR_VERSION"),
        ("VERSION_ID", "FLATCAR_VERSION_ID"),
        ("BUILD_ID", "FLATCAR_BUILD_ID"),
    )
    return tuple((name, known[old]) for name, old in names if old in known)


def _packages(beside: Reports, found: Findings) -> None:
    """Lists of packages: the database in _sysext.squashfs, then the licences; _packages.txt for the base
    alone."""
    database = beside.path("_sysext.squashfs")
    if database:
        with found.part(database.name):
            found.packages.append(_database(database))
    for suffix, parse in (("_licenses.json", packages.from_licenses), ("_sbom.json", packages.from_sbom)):
        with found.part(f"{STEM}{suffix}"):
            if (listed := beside.read(suffix, parse)) is not None:
                found.packages.append(listed)
    with found.part(f"{STEM}_packages.txt"):
        found.listed = beside.read("_packages.txt", packages.from_list)


def _database(path: Path) -> tuple[InstalledPackage, ...]:
    with disk.opened(path) as stream:
        content = stream
        if partitions.is_partitioned(stream):
            content = partitions.content(stream, extension.data_partition(partitions.read(stream), path.name))
        with open_filesystem(content) as files:
            return packages.from_database(files)


def _hashes_and_kernel(beside: Reports, found: Findings) -> None:
    with found.part(f"{STEM}_verity.txt"):
        if (value := beside.read("_verity.txt", reports.root_hash)) is not None:
            found.stated.append((f"{STEM}_verity.txt", value))
    kernel = beside.path(".vmlinuz")
    if kernel:
        with found.part(kernel.name):
            found.take_kernel(kernel.read_bytes(), kernel.name)
    with found.part(f"{STEM}_kernel_config.txt"):
        if (options := beside.read("_kernel_config.txt", reports.kernel_config)) is not None:
            found.take_config(options)


def _files(beside: Reports, found: Findings) -> None:
    """What _contents_wtd.txt and _contents.txt say: checked where the image is there, taken where it is
    not."""
    base = next((each for each in found.components if each.name == "base"), None)
    for suffix, parse in (("_contents_wtd.txt", reports.details), ("_contents.txt", reports.listing)):
        name = f"{STEM}{suffix}"
        with found.part(name):
            listed = beside.read(suffix, parse)
            if listed is None:
                continue
            if base is None:
                base = Component(name="base", source=name, files=listed)
                found.components.insert(0, base)
            else:
                found.contradictions += _differences(name, base, listed)
    for component, stem in INITRDS.items():
        if any(each.name == component for each in found.components):
            continue
        for suffix, parse in ((f"{stem}_wtd.txt", reports.details), (f"{stem}.txt", reports.listing)):
            with found.part(f"{STEM}{suffix}"):
                listed = beside.read(suffix, parse)
                if listed is not None:
                    files = tuple(_unpacked(listed))
                    found.components.append(Component(name=component, source=f"{STEM}{suffix}", files=files))
                    break


def _unpacked(listed: Iterable[FileEntry]) -> Iterator[FileEntry]:
    for entry in listed:
        path = UNPACKED.sub("", entry.path, count=1) if UNPACKED.match(entry.path) else entry.path
        if not re.fullmatch(r"rootfs-\d+", path):
            yield replace(entry, path=path)


def _differences(name: str, part: Component, listed: tuple[FileEntry, ...]) -> Iterator[str]:
    """Where a report and the image do not agree, in words."""
    ours = {entry.path: entry for entry in part.files if _compared(entry)}
    theirs = {entry.path: entry for entry in listed if _compared(entry)}
    other = [path for path in ours.keys() & theirs.keys() if _facts(ours[path]) != _facts(theirs[path])]
    for words, paths in (
        (f"{name} lists what {part.name} does not have", theirs.keys() - ours.keys()),
        (f"{name} does not list what {part.name} has", ours.keys() - theirs.keys()),
        (f"{name} has another kind or size than {part.name}", other),
    ):
        if paths:
            first = ", ".join(sorted(paths)[:SHOWN])
            yield f"{words}: {len(paths)} paths, such as {first}"


def _compared(entry: FileEntry) -> bool:
    """Without the mount points themselves and what mkfs makes, which no report lists alike."""
    return "/" in entry.path and not entry.path.endswith("lost+found")


def _facts(entry: FileEntry) -> tuple[FileKind, int]:
    return entry.kind, entry.size if entry.kind is FileKind.FILE else 0


def _compare_usage(text: str, found: Findings) -> None:
    used = next((each.used for each in found.budgets if each.name == "/usr"), None)
    row = SIZE.search(text)
    if row is None:
        raise ImageError("it has no line about /usr")
    said = float(row[1].replace(",", ".")) * UNITS[row[2]]
    if used is not None and abs(said - used) > max(0.05 * used, 2 * UNITS["M"]):
        found.contradictions.append(
            f"{STEM}_disk_usage.txt has {row[1]}{row[2]} in use in /usr, its file system {used:,} bytes"
        )


def _extension(path: Path, found: Findings) -> None:
    """A sysext beside the image, with its reports; one that the image carries has been read there already."""
    name = path.name.partition(".raw")[0]
    beside = Reports(directory=path.parent, stem=name)
    listed: tuple[InstalledPackage, ...] = ()
    with found.part(f"{name}_packages.txt"):
        listed = beside.read("_packages.txt", packages.from_list) or ()
    info = beside.path("_pkginfo.raw")
    if info:
        with found.part(info.name):
            listed = packages.combine(_database(info), listed)
    known = next((each for each in found.components if each.name == name), None)
    if known:
        found.components[found.components.index(known)] = replace(known, packages=listed)
    else:
        with found.part(path.name), disk.opened(path) as stream:
            extension.read(stream, name, str(path.relative_to(found.subject)), found, listed)
    part = next((each for each in found.components if each.name == name), None)
    if part:
        with found.part(f"{name}_contents_wtd.txt"):
            contents = beside.read("_contents_wtd.txt", reports.details)
            found.contradictions += (
                _differences(f"{name}_contents_wtd.txt", part, contents) if contents else ()
            )
