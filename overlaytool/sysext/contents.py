"""What is in an extension against what is in the image: conflicts, lost files, architecture, libraries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from overlaytool.model.image import FileEntry, FileKind
from overlaytool.model.sysext import ElfFile, Extension, Host, Problem, Severity

MERGED = ("usr/", "opt/")
"""What systemd-sysext merges; confexts are for /etc."""
OS_RELEASE = ("usr/lib/os-release", "etc/os-release")
LIBRARY_PLACES = ("usr/lib64", "usr/lib", "usr/lib32", "usr/local/lib", "usr/local/lib64")
SHOWN = 20
"""Problems of one kind that are named one by one."""


def check(extension: Extension, host: Host) -> Iterator[Problem]:
    """All of this module's problems."""
    yield from _outside(extension)
    yield from _replaced(extension, host)
    yield from _hidden(extension, host)
    yield from _machines(extension, host)
    yield from _libraries(extension, host)


def _outside(extension: Extension) -> Iterator[Problem]:
    """Files that are not merged, and an os-release, which makes systemd take it for a whole system."""
    paths = [entry.path for entry in extension.files if entry.kind is not FileKind.DIRECTORY]
    lost = [path for path in paths if not path.startswith(MERGED)]
    for path in lost[:SHOWN]:
        yield Problem(
            reference="lost",
            severity=Severity.WARNING,
            subject=f"/{path}",
            message="it is not merged: a system extension brings /usr and /opt only",
            hint="a copy below /usr/share and a line in /usr/lib/tmpfiles.d put it there: C /etc/...",
        )
    for path in paths:
        if path in OS_RELEASE:
            yield Problem(
                reference="os-release",
                severity=Severity.ERROR,
                subject=f"/{path}",
                message="with an os-release it is taken for a whole system and not merged",
            )


def _replaced(extension: Extension, host: Host) -> Iterator[Problem]:
    """Directories in the place of the image's links, and the like: overlayfs shows the upper one."""
    known = {entry.path: entry for entry in host.files}
    for entry in extension.files:
        below = known.get(entry.path)
        if entry.path == "usr/sbin" and entry.kind is FileKind.DIRECTORY and below is None:
            below = FileEntry(path="usr/sbin", kind=FileKind.SYMLINK, size=0, target="bin")
        if below is None or below.kind is entry.kind or not _changes(entry, below):
            continue
        link = f", which leads to {below.target}" if below.target else ""
        yield Problem(
            reference="kind-of-path",
            severity=Severity.ERROR,
            subject=f"/{entry.path}",
            message=f"a {entry.kind} takes the place of the image's {below.kind}{link}",
            hint="put its files into /usr/bin" if entry.path == "usr/sbin" else "leave it out",
        )


def _changes(entry: FileEntry, below: FileEntry) -> bool:
    """A file for a link to a file is a usual replacement; anything with a directory is not."""
    return FileKind.DIRECTORY in (entry.kind, below.kind)


def _hidden(extension: Extension, host: Host) -> Iterator[Problem]:
    """Files that another part has too; which one is seen depends on the names' order."""
    ours = {entry.path for entry in extension.files if _is_content(entry)}
    for source, files in (("the image", host.files), *host.extensions):
        if source == extension.name:
            continue
        both = sorted(ours.intersection(entry.path for entry in files if _is_content(entry)))
        where = source if source == "the image" else f"the extension {source}"
        for path in both[:SHOWN]:
            yield Problem(
                reference="conflict",
                severity=Severity.WARNING,
                subject=f"/{path}",
                message=f"{where} has this file too"
                + (", and it is hidden" if source == "the image" else ""),
                hint="leave it out by a mangle script, where both come from one package",
            )
        if len(both) > SHOWN:
            yield Problem(
                reference="conflict",
                severity=Severity.WARNING,
                subject=where,
                message=f"{len(both) - SHOWN} more files of it are in {where} too",
            )


def _is_content(entry: FileEntry) -> bool:
    return entry.kind is not FileKind.DIRECTORY and entry.path.startswith(MERGED)


def _machines(extension: Extension, host: Host) -> Iterator[Problem]:
    """Programs for another processor."""
    stated = extension.value("ARCHITECTURE")
    wanted = host.architecture or (stated if stated != "_any" else "")
    strange = [program for program in extension.programs if wanted and program.machine != wanted]
    for program in strange[:SHOWN]:
        yield Problem(
            reference="machine",
            severity=Severity.ERROR if program.machine != "x86" else Severity.WARNING,
            subject=f"/{program.path}",
            message=f"it is for {program.machine}, not for {wanted}",
        )


def _libraries(extension: Extension, host: Host) -> Iterator[Problem]:
    """Sonames that neither the extension nor the image has, and programs' dynamic linkers."""
    everything = [*host.files, *extension.files, *(entry for _, files in host.extensions for entry in files)]
    directories = _by_directory(everything)
    missing: dict[str, list[str]] = {}
    sonames = {program.soname for program in extension.programs if program.soname}
    for program in extension.programs:
        for soname in program.needed:
            if not _is_found(soname, program, directories) and soname not in sonames:
                missing.setdefault(soname, []).append(program.path)
        loader = program.interpreter.rpartition("/")[2]
        if loader and not any(loader in names for names in directories.values()):
            missing.setdefault(program.interpreter, []).append(program.path)
    for soname, users in sorted(missing.items()):
        more = f" and {len(users) - 1} more" if len(users) > 1 else ""
        yield Problem(
            reference="missing-library",
            severity=Severity.ERROR,
            subject=soname,
            message=f"/{users[0]}{more} needs it, and neither the extension nor the image has it",
            hint="put the package that has it into the extension",
        )


def _is_found(soname: str, program: ElfFile, directories: dict[str, set[str]]) -> bool:
    places = [str(PurePosixPath(each)).lstrip("/") for each in program.search]
    if "/" in soname:
        place, _, soname = soname.lstrip("/").rpartition("/")
        places = [place]
    return any(
        soname in directories.get(place, ()) for place in (*places, *LIBRARY_PLACES, *_multiarch(directories))
    )


def _multiarch(directories: dict[str, set[str]]) -> Iterator[str]:
    """Debian's directories, and what ld.so.conf.d of a Gentoo compiler names."""
    for place in directories:
        if place.startswith("usr/lib/") and ("-linux-gnu" in place or "/gcc/" in place):
            yield place


def _by_directory(files: Iterable[FileEntry]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in files:
        place, _, name = entry.path.rpartition("/")
        found.setdefault(place, set()).add(name)
    return found
