"""What a change does to copies in portage-stable that are not as Gentoo has them.

The weekly sync takes each edit of a copy back. So an edit that was made in the copy itself is said, and one
that was there before and that the change takes away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.flatcar.tree import Tree
from overlaytool.git.copies import Edit, edited_by_hand
from overlaytool.git.repository import Repository
from overlaytool.model.notices.checking import EditedInPlace, EditLost
from overlaytool.model.resolution import Notice


def find(
    repository: Repository, base: str, tip: str | None, paths: Iterable[str], after: Tree, gentoo: Path | None
) -> tuple[Notice, ...]:
    """A notice for each copy that was edited, and for each edit that is lost.

    :param tip: the commit to look at; None for the work tree.
    :param paths: what differs below the trees, relative to the checkout.
    :param gentoo: a Gentoo tree to compare uncommitted changes with, where there is one.
    """
    names = frozenset(filter(None, map(_package, paths)))
    if not names:
        return ()
    before = edited_by_hand(repository, base, str(PORTAGE_STABLE), names)
    edited = dict(_committed(repository, base, tip or "HEAD", names - before.keys()))
    if tip is None:
        edited |= dict(_uncommitted(repository, names - before.keys() - edited.keys(), gentoo))
    return (
        *(
            EditLost(
                package=name, what=edit.last, commit=edit.commits[0][0][:12], path=_directory(name)
            ).notice
            for name, edit in before.items()
            if after.list(_directory(name)) and not _kept(repository, name, edit, after)
        ),
        *(EditedInPlace(package=name, what=what).notice for name, what in sorted(edited.items())),
    )


def _package(path: str) -> str | None:
    """The package of portage-stable that a path belongs to, or None."""
    parts = PurePosixPath(path).parts
    depth = len(PORTAGE_STABLE.parts)
    inside = parts[:depth] == PORTAGE_STABLE.parts and len(parts) > depth + 2
    is_category = inside and ("-" in parts[depth] or parts[depth] == "virtual")
    return "/".join(parts[depth : depth + 2]) if is_category else None


def _directory(name: str) -> str:
    return f"{PORTAGE_STABLE}/{name}"


def _committed(
    repository: Repository, base: str, tip: str, names: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The packages whose last change since the base is an edit, each with the commits."""
    if names:
        for name, edit in edited_by_hand(repository, f"{base}..{tip}", str(PORTAGE_STABLE), names).items():
            yield name, edit.last


def _uncommitted(
    repository: Repository, names: Collection[str], gentoo: Path | None
) -> Iterator[tuple[str, str]]:
    """The packages of which files were changed and none came or went, and that are not as Gentoo has them."""
    output = repository.run("diff", "--name-status", "--no-renames", "-z", "HEAD", "--", str(PORTAGE_STABLE))
    words = output.decode("utf-8", "surrogateescape").split("\0")
    changed: dict[str, list[tuple[str, str]]] = {}
    for status, path in zip(words[::2], words[1::2], strict=False):
        name = _package(path)
        if name in names and name is not None:
            changed.setdefault(name, []).append((status, path))
    for name, entries in changed.items():
        untracked = repository.run("ls-files", "--others", "--exclude-standard", "--", _directory(name))
        if untracked or any(status != "M" for status, _path in entries):
            continue
        files = [path for _status, path in entries]
        if gentoo is None or any(_differs(repository, path, gentoo) for path in files):
            yield name, f"{', '.join(PurePosixPath(path).name for path in files)} (not committed)"


def _differs(repository: Repository, path: str, gentoo: Path) -> bool:
    """Whether a file of the work tree is not as a Gentoo tree has it."""
    theirs = gentoo / PurePosixPath(path).relative_to(PORTAGE_STABLE)
    try:
        return (repository.top / path).read_bytes() != theirs.read_bytes()
    except OSError:
        return True


def _kept(repository: Repository, name: str, edit: Edit, after: Tree) -> bool:
    """Whether every line that an edit had added is in some file of the package still."""
    files = (after.read(path) for path in after.list(_directory(name)))
    lines = {line.strip() for file in files if file is not None for line in file.content.splitlines()}
    added: set[bytes] = set()
    for commit, _subject in edit.commits:
        diff = repository.run("show", "--format=", "-U0", commit, "--", _directory(name))
        added |= {
            line[1:].strip() for line in diff.splitlines() if line[:1] == b"+" and not line.startswith(b"+++")
        }
    return added - {b""} <= lines
