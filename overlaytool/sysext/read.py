"""Open an extension image, and the image that is to merge it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from overlaytool.errors import ImageError
from overlaytool.image import disk, partitions
from overlaytool.image.extension import data_partition, is_extension
from overlaytool.image.filesystem import FileSystem, open_filesystem
from overlaytool.image.look import extension_name, look
from overlaytool.image.reports import release as parse_release
from overlaytool.model.image import FileEntry, FileKind, ImageContents
from overlaytool.model.sysext import ElfFile, Extension, Host, Release
from overlaytool.sysext import elf

RELEASES = "usr/lib/extension-release.d/extension-release."
UNITS = "usr/lib/systemd/system/"
UNIT_SUFFIXES = (".service", ".socket", ".timer", ".path", ".target", ".mount", ".conf")
ARCHITECTURES = {"amd64-usr": "x86-64", "arm64-usr": "arm64", "amd64": "x86-64", "arm64": "arm64"}
LOADERS = {"ld-linux-x86-64.so.2": "x86-64", "ld-linux-aarch64.so.1": "arm64"}
"""The dynamic linker tells an image's architecture where os-release does not."""
NO_EXTENSIONS = ("base", "initrd", "real-initrd")
MOST_TEXT = 1 << 20


def extension(path: Path) -> Extension:
    """Read an extension: a plain file system, or a DDI with hash tree and signature.

    :raises ImageError: when it is none, or is damaged.
    :raises ToolMissingError: when the libraries that read images are not installed.
    """
    file_name = extension_name(path)
    seen = look(path)
    with disk.opened(path) as stream:
        size = disk.length(stream)
        if not partitions.is_partitioned(stream):
            with open_filesystem(stream) as inside:
                return _extension(path, file_name, inside, "", inside.facts.kind, size, seen)
        table = partitions.read(stream)
        if not is_extension(table):
            raise ImageError(
                f"{path} is a disk image, and no system extension",
                details=tuple(f"partition {each.number}: {each.label}" for each in table),
                hint="overlaytool image show reads it",
            )
        data = data_partition(table, file_name)
        with open_filesystem(partitions.content(stream, data)) as inside:
            parts = [inside.facts.kind]
            parts += ["verity"] if any(each.type_name.endswith("-verity") for each in table) else []
            parts += ["signature"] if any(each.type_name.endswith("-verity-sig") for each in table) else []
            prefix = "usr/" if data.type_name.startswith("usr-") else ""
            return _extension(path, file_name, inside, prefix, f"DDI: {', '.join(parts)}", size, seen)


def _extension(
    path: Path, file_name: str, inside: FileSystem, prefix: str, form: str, size: int, seen: ImageContents
) -> Extension:
    name = file_name
    release: Release = ()
    programs: list[ElfFile] = []
    texts: list[tuple[str, str]] = []
    files: list[FileEntry] = []
    for entry in inside.walk():
        place = prefix + entry.path
        files.append(entry if not prefix else _placed(entry, place))
        if entry.kind is not FileKind.FILE:
            continue
        if place.startswith(RELEASES):
            name = place.removeprefix(RELEASES)
            release = parse_release(inside.read(entry.path, most=MOST_TEXT).decode(errors="replace"))
        elif place.startswith(UNITS) and place.endswith(UNIT_SUFFIXES):
            texts.append((place, inside.read(entry.path, most=MOST_TEXT).decode(errors="replace")))
        else:
            with inside.open(entry.path) as stream:
                found = elf.read(place, stream)
            programs += [found] if found else []
    damage = [
        f"{check.subject}: block {check.damaged_block}"
        for check in seen.verity
        if check.damaged_block is not None
    ]
    damage += [
        f"{check.subject}: {where} says {value[:16]}…, computed is {check.computed[:16]}…"
        for check in seen.verity
        for where, value in check.stated
        if value != check.computed
    ]
    return Extension(
        name=name,
        file_name=file_name,
        source=str(path),
        form=form,
        size=size,
        release=release,
        files=tuple(sorted(files, key=lambda entry: entry.path)),
        programs=tuple(programs),
        texts=tuple(texts),
        damage=(*damage, *seen.unread),
    )


def _placed(entry: FileEntry, place: str) -> FileEntry:
    return replace(entry, path=place)


def host(path: Path, beside: Sequence[Extension] = ()) -> Host:
    """Read an image, or build_image's directory of one.

    :param beside: other extensions that the machine will have merged.
    :raises ImageError: when it cannot be read, or has no os-release.
    """
    seen = look(path)
    base = seen.component("base")
    if base is None or not dict(seen.release).get("ID"):
        raise ImageError(
            f"{path} has no /usr with an os-release",
            details=seen.unread[:3],
            hint="--image takes a disk image of Flatcar, or the directory that build_image wrote",
        )
    files = tuple(entry for entry in base.files if entry.path.startswith(("usr/", "opt/")))
    own = tuple(
        (each.name, each.files)
        for each in seen.components
        if each.name not in ("base", "initrd", "real-initrd")
    )
    return Host(
        source=str(path),
        release=seen.release,
        architecture=_architecture(seen.release, files),
        files=files,
        extensions=own + tuple((each.name, each.files) for each in beside),
    )


def _architecture(release: Release, files: tuple[FileEntry, ...]) -> str:
    board = ARCHITECTURES.get(dict(release).get("FLATCAR_BOARD", ""))
    names = {entry.path.rpartition("/")[2] for entry in files}
    return board or next((machine for loader, machine in LOADERS.items() if loader in names), "")
