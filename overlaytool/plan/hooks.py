"""Finds user patches, hooks and account ids that a person has to check when packages change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.tree import Tree
from overlaytool.model.notices.planning import (
    AccountId,
    CheckHook,
    CheckUserPatches,
    HookOfGoneVersion,
    PatchOfGoneVersion,
    SelinuxPatches,
)
from overlaytool.model.resolution import Notice
from overlaytool.support.markdown import plural

PATCHES = f"{OVERLAY}/coreos/user-patches"
HOOKS = f"{OVERLAY}/coreos/config/env"
GONE = frozenset({"patch-of-gone-version", "hook-of-gone-version"})
"""What is done to nothing any more: a person has to decide."""
_VERSION = re.compile(r"-(?P<version>\d[\w.]*(?:-r\d+)?)$")


def to_look_at(tree: Tree, updated: dict[str, tuple[str, ...]], imported: Iterable[str]) -> Iterator[Notice]:
    """What an update leaves to a person.

    :param tree: the checkout after the update.
    :param updated: packages whose selected version changes, with the versions that the tree has afterwards.
    :param imported: packages that are new.
    """
    patches, hooks = tree.list(PATCHES), tree.list(HOOKS)
    for package in sorted(updated):
        yield from _patches(package, updated[package], patches)
    for package in sorted(updated):
        yield from _hooks(package, updated[package], hooks)
    for package in sorted(imported):
        yield from _new(package)


def patches_of(tree: Tree, package: str) -> tuple[str, ...]:
    """User patches and hooks that Flatcar keeps for a package, as paths of the checkout, sorted."""
    found = []
    for home in (PATCHES, HOOKS):
        for path in tree.list(home):
            name = "/".join(path[len(home) + 1 :].split("/")[:2])
            if name.partition(":")[0] == package or _of_version(name, package):
                found.append(path)
    return tuple(sorted(found))


def _patches(package: str, versions: tuple[str, ...], paths: tuple[str, ...]) -> Iterator[Notice]:
    """User patches of a package (portage(5)): in a directory of its name, with or without a version."""
    found: dict[str, int] = {}
    for path in paths:
        parts = path[len(PATCHES) + 1 :].split("/")
        if len(parts) > 2 and parts[2].endswith((".patch", ".diff")):
            directory = "/".join(parts[:2])
            if directory.partition(":")[0] == package or _of_version(directory, package):
                found[directory] = found.get(directory, 0) + 1
    for directory, count in sorted(found.items()):
        version = _of_version(directory, package)
        if version is not None and version not in versions:
            yield PatchOfGoneVersion(directory=f"{PATCHES}/{directory}").notice
        else:
            yield CheckUserPatches(
                directory=f"{PATCHES}/{directory}", patches=plural(count, "patch", "patches"), package=package
            ).notice


def _hooks(package: str, versions: tuple[str, ...], paths: tuple[str, ...]) -> Iterator[Notice]:
    for path in paths:
        name = path[len(HOOKS) + 1 :]
        version = _of_version(name, package)
        if version is not None and version not in versions:
            yield HookOfGoneVersion(file=path).notice
        elif name == package:
            yield CheckHook(file=path, package=package).notice


def _of_version(name: str, package: str) -> str | None:
    """The version that a directory's or file's name has behind a package's; None where it is another's."""
    if not name.startswith(f"{package}-"):
        return None
    found = _VERSION.fullmatch(name[len(package) :].partition(":")[0])
    return found["version"] if found else None


def _new(package: str) -> Iterator[Notice]:
    category, _, name = package.partition("/")
    if category == "sec-policy" and name.startswith("selinux-"):
        yield SelinuxPatches(package=package, link=f"{PATCHES}/{package}").notice
    elif category in ("acct-user", "acct-group"):
        variable = f"{category.upper().replace('-', '_')}_{name.upper().replace('-', '_')}_ID"
        yield AccountId(package=package, variable=variable).notice
