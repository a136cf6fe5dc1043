"""Reads what is copied from a source tree, and finds files that must not be copied.

A tree that somebody else made may hold anything. Each file that must not be copied is recorded as an issue,
so that one error names all of them.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from overlaytool.ebuild.manifest import distfile_sizes
from overlaytool.flatcar.tree import MOST_FILES, read_file
from overlaytool.model.change import FileState

type Distfiles = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Package to CPV to the names of its distfiles (SRC_URI, all USE conditionals taken)."""


GITS_OWN = frozenset({".git", "git~1", ".gitattributes", ".gitignore", ".gitmodules", ".mailmap"})
"""Names that git, or git on another file system, acts upon; in small letters."""

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9+_.-]*")
"""PMS sections 3.1.6 and 3.1.7."""


class Issues(Struct):
    """The issues of each kind, a line each."""

    unsafe: list[str] = field(default_factory=list)
    """What must not be copied."""
    manifest: list[str] = field(default_factory=list)
    """Distfiles that no Manifest vouches for."""
    missing: list[str] = field(default_factory=list)
    """What the plan names and the source does not have, or has in another form by now."""


def read_directory(root: Path, directory: str, issues: Issues) -> dict[str, FileState]:
    """Every file and symlink below ``directory`` of the tree at ``root``, by its path inside."""
    top = root / directory
    if top.is_symlink():
        issues.unsafe.append(f"{directory} is a symlink")
        return {}
    if not top.is_dir():
        issues.missing.append(directory)
        return {}
    found: dict[str, FileState] = {}
    seen: dict[str, str] = {}
    try:
        for path in islice(_walk(top), MOST_FILES + 1):
            name = path.relative_to(top).as_posix()
            problem = _problem(top, path, name)
            twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
            if twin != name:
                problem = f"has a name that differs from {_shown(twin)} in case only"
            if problem:
                issues.unsafe.append(f"{directory}/{_shown(name)} {problem}")
            elif state := read_file(path):
                found[name] = state
    except OSError as error:
        issues.unsafe.append(_unreadable(root, error))
    if len(seen) > MOST_FILES:
        issues.unsafe.append(f"{directory} has more than {MOST_FILES} files")
    return found


def read_plain(root: Path, path: str, issues: Issues) -> FileState | None:
    """One regular file: an eclass, a licence."""
    place = root / path
    if not PLAIN_NAME.fullmatch(place.name):
        issues.unsafe.append(f"{_shown(path)} has a name that no eclass or licence can have")
        return None
    if place.is_symlink() or (place.exists() and not place.is_file()):
        issues.unsafe.append(f"{path} is not a regular file")
        return None
    try:
        state = read_file(place)
    except OSError as error:
        issues.unsafe.append(_unreadable(root, error))
        return None
    if state is None:
        issues.missing.append(path)
    return state


def check_manifest(
    package: str, files: Mapping[str, FileState], distfiles: Mapping[str, tuple[str, ...]], issues: Issues
) -> None:
    """Every distfile of every copied ebuild has to have a line in the Manifest beside it (GLEP 74)."""
    manifest = files.get("Manifest")
    covered = distfile_sizes(manifest.content.decode(errors="replace")) if manifest else {}
    for cpv in sorted(distfiles):
        lacking = [name for name in distfiles[cpv] if name not in covered]
        if lacking and manifest is None:
            issues.manifest.append(f"{package} has no Manifest, and {cpv} fetches {', '.join(lacking)}")
        elif lacking:
            issues.manifest.append(f"{package}/Manifest has no DIST line for {', '.join(lacking)} of {cpv}")


def _walk(directory: Path) -> Iterator[Path]:
    """Every path below a directory that is not a directory itself, sorted; symlinks are not followed."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and entry.name.casefold() != ".git":
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _problem(top: Path, path: Path, name: str) -> str | None:
    """Why a file must not be copied, in words that can follow its name."""
    if not _printable(name):
        return "has a name with control characters or bytes that are not UTF-8"
    if path.name.casefold() in GITS_OWN:
        return "is a git repository's own"
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return _link_problem(top, path)
    return None if stat.S_ISREG(mode) else f"is {_kind(mode)}"


def _unreadable(root: Path, error: OSError) -> str:
    return f"{Path(error.filename).relative_to(root)} cannot be read: {error.strerror}"


def _printable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return name.isprintable()


def _shown(name: str) -> str:
    """A name in which control characters are written out, for a message."""
    return name if _printable(name) else ascii(name)[1:-1]


def _link_problem(top: Path, path: Path) -> str | None:
    """A symlink has to stay in its package directory, read as text and followed on disk alike."""
    target = str(path.readlink())
    if not _printable(target):
        return "is a symlink whose target has control characters"
    inside = os.path.normpath(path.relative_to(top).parent / target)
    leaves = target.startswith("/") or inside == ".." or inside.startswith("../")
    if leaves or not path.resolve().is_relative_to(top.resolve()):
        return f"is a symlink that leaves the package directory, to {target}"
    return None


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a fifo"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
