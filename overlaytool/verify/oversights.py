"""What a change forgets that Portage cannot see: a revision, the automation list.

Both make no build fail. Without a new revision the binary package of a metapackage's old text is used again,
and what was added is silently left out; a package that is not in the list is never updated again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from overlaytool.flatcar.automation import PACKAGES_LIST, list_entries
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.tree import SYMLINK, Tree
from overlaytool.model.notices.checking import LeftInAutomation, NotInAutomation, RevisionNotBumped
from overlaytool.model.resolution import Notice


def find(paths: Iterable[str], before: Tree, after: Tree) -> tuple[Notice, ...]:
    """A notice for each thing that was forgotten.

    :param paths: what differs below the trees, relative to the checkout.
    """
    paths = tuple(paths)
    return (*_not_bumped(paths, before, after), *_not_listed(paths, before, after))


def _not_bumped(paths: Iterable[str], before: Tree, after: Tree) -> Iterator[Notice]:
    """Ebuilds of the overlay that changed under the name of a revision that they had already."""
    for path in sorted(paths):
        if not path.startswith(f"{OVERLAY}/") or not path.endswith(".ebuild"):
            continue
        old, new = before.read(path), after.read(path)
        if (
            old is None
            or new is None
            or SYMLINK in (old.mode, new.mode)
            or _code(old.content) == _code(new.content)
        ):
            continue
        names = _names_of(path, before), _names_of(path, after)
        if names[0] and names[0] == names[1]:
            shown = "/".join(PurePosixPath(path).parts[-3:-1])
            yield RevisionNotBumped(ebuild=shown, names=", ".join(sorted(names[1]))).notice


def _code(content: bytes) -> list[bytes]:
    """An ebuild without its comments and empty lines, which no binary package depends on."""
    lines = (line.strip() for line in content.splitlines())
    return [line for line in lines if line and not line.startswith(b"#")]


def _names_of(path: str, tree: Tree) -> frozenset[str]:
    """The names of the symlinks beside an ebuild that give it a revision."""
    directory, _, file = path.rpartition("/")
    revision = re.compile(rf"{re.escape(file.removesuffix('.ebuild'))}-r\d+\.ebuild")
    names = (name.rpartition("/")[2] for name in tree.list(directory))
    return frozenset(name.removesuffix(".ebuild") for name in names if revision.fullmatch(name))


def _not_listed(paths: Iterable[str], before: Tree, after: Tree) -> Iterator[Notice]:
    """Packages that came or went, where the automation list says otherwise."""
    listed = after.read(PACKAGES_LIST)
    if listed is None:
        return
    entries = {entry.name for entry in list_entries(listed.content.decode("utf-8", "replace"))}
    packages = {
        "/".join(parts[:2])
        for path in paths
        if path.startswith(f"{PORTAGE_STABLE}/") and path.endswith(".ebuild")
        if len(parts := PurePosixPath(path).relative_to(PORTAGE_STABLE).parts) == 3
    }
    for package in sorted(packages):
        place = f"{PORTAGE_STABLE}/{package}"
        was, there = bool(before.list(place)), bool(after.list(place))
        if there and not was and package not in entries and package.partition("/")[0] not in entries:
            yield NotInAutomation(package=package, file=PACKAGES_LIST).notice
        elif was and not there and package in entries:
            yield LeftInAutomation(package=package, file=PACKAGES_LIST).notice
