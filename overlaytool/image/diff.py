"""What differs between two images, by file, package and part."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec.structs import replace

from overlaytool.model.image import (
    Component,
    FileEntry,
    FileKind,
    ImageContents,
    InstalledPackage,
    each_link_once,
)
from overlaytool.model.image_change import (
    NO_PACKAGE,
    ComponentChange,
    FileChange,
    ImageChange,
    OptionChange,
    PackageChange,
    PackageCost,
)

NUMBERS = re.compile(r"\d+(?:[._]\d+)*")
"""A version number in a path. What is left is what a file is called in any version."""


def diff(old: ImageContents, new: ImageContents) -> ImageChange:
    """What differs between two images."""
    if len(old.components) == len(new.components) == 1:  # two files of one part, whatever they are called
        old = replace(old, components=(replace(old.components[0], name=new.components[0].name),))
    names = dict.fromkeys(each.name for each in (*old.components, *new.components))
    unread = [f"{side.subject}: {part}" for side in (old, new) for part in side.unread]
    return ImageChange(
        old=old.subject,
        new=new.subject,
        version_before=old.version,
        version_after=new.version,
        kernel_before=old.kernel_version,
        kernel_after=new.kernel_version,
        components=tuple(_component(name, old.component(name), new.component(name)) for name in names),
        options=tuple(_options(old, new)),
        licenses_added=tuple(sorted(_licenses(new) - _licenses(old))) if _comparable(old, new) else (),
        licenses_removed=tuple(sorted(_licenses(old) - _licenses(new))) if _comparable(old, new) else (),
        costs=tuple(_costs(old, new)) if _comparable(old, new) else (),
        budgets_before=old.budgets,
        budgets_after=new.budgets,
        unread=tuple(unread),
        untold=tuple(_untold(old, new)),
    )


def _comparable(old: ImageContents, new: ImageContents) -> bool:
    """Whether packages are known of both; else all packages of one would be new."""
    return bool(_all_packages(old)) == bool(_all_packages(new))


def _untold(old: ImageContents, new: ImageContents) -> Iterator[str]:
    for side in (old, new):
        yield from (f"{side.subject}: {each}" for each in side.untold)
    if not _comparable(old, new):
        without = old if not _all_packages(old) else new
        yield f"packages and licences are not compared: nothing tells those of {without.subject}"
    if bool(old.kernel_config) != bool(new.kernel_config):
        without = old if not old.kernel_config else new
        yield f"the kernel configuration is not compared: nothing tells that of {without.subject}"


def _options(old: ImageContents, new: ImageContents) -> Iterator[OptionChange]:
    before, after = dict(old.kernel_config), dict(new.kernel_config)
    if not before or not after:
        return
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield OptionChange(name=name, before=before.get(name), after=after.get(name))


def _all_packages(image: ImageContents) -> dict[str, InstalledPackage]:
    return {package.cpv: package for part in image.components for package in part.packages}


def _licenses(image: ImageContents) -> set[str]:
    return {name for package in _all_packages(image).values() for name in package.licenses}


def _component(name: str, old: Component | None, new: Component | None) -> ComponentChange:
    before, after = _sizes(old), _sizes(new)
    owners = {**_owners(new), **{path: owner for path, owner in _owners(old).items() if path not in after}}
    files = sorted(
        _files(_index(old), _index(new), before, after, owners),
        key=lambda each: (-abs(each.growth), each.after or "", each.before or ""),
    )
    return ComponentChange(
        name=name,
        present_before=old is not None,
        present_after=new is not None,
        size_before=sum(before.values()),
        size_after=sum(after.values()),
        files=tuple(files),
        packages=tuple(_package_changes(old, new, before, after)),
    )


def _index(part: Component | None) -> dict[str, FileEntry]:
    """Files and links by path: that of a directory which has something in it says nothing."""
    return {each.path: each for each in part.files if each.kind is not FileKind.DIRECTORY} if part else {}


def _sizes(part: Component | None) -> dict[str, int]:
    """Bytes by path, each hard link once."""
    return {entry.path: size for entry, size in each_link_once(part.files if part else ())}


def _owners(part: Component | None) -> dict[str, str]:
    packages = part.packages if part else ()
    return {path: package.name for package in packages for path in package.files}


def _files(
    old: Mapping[str, FileEntry],
    new: Mapping[str, FileEntry],
    before: Mapping[str, int],
    after: Mapping[str, int],
    owners: Mapping[str, str],
) -> Iterator[FileChange]:
    pairs = _pairs(old.keys() - new.keys(), new.keys() - old.keys())
    same = ((path, path) for path in old.keys() & new.keys() if _differ(old[path], new[path]))
    for left, right in chain(same, pairs):
        if left and right and left != right and not _differ(old[left], new[right]):
            continue  # it only moved with the version in its path
        yield FileChange(
            before=left,
            after=right,
            size_before=before[left] if left else 0,
            size_after=after[right] if right else 0,
            package=owners.get(right or left or "", NO_PACKAGE),
        )


def _differ(left: FileEntry, right: FileEntry) -> bool:
    """Whether two files can be told apart: by their contents where both were read."""
    if (left.kind, left.size) != (right.kind, right.size):
        return True
    if left.digest and right.digest and left.digest != right.digest:
        return True
    targets = {NUMBERS.sub("#", each.target) for each in (left, right)}
    modes = {each.mode for each in (left, right) if each.mode}
    return len(targets) > 1 or len(modes) > 1


def _pairs(gone: Iterable[str], come: Iterable[str]) -> Iterator[tuple[str | None, str | None]]:
    """Paths that are the same but for numbers belong together, as size-change-report.sh has it."""
    left: dict[str, list[str]] = defaultdict(list)
    right: dict[str, list[str]] = defaultdict(list)
    for paths, found in ((gone, left), (come, right)):
        for path in sorted(paths):
            found[NUMBERS.sub("#", path)].append(path)
    for key in left.keys() | right.keys():
        count = min(len(left[key]), len(right[key]))
        yield from zip(left[key][:count], right[key][:count], strict=True)
        yield from ((path, None) for path in left[key][count:])
        yield from ((None, path) for path in right[key][count:])


def _package_changes(
    old: Component | None, new: Component | None, before: Mapping[str, int], after: Mapping[str, int]
) -> list[PackageChange]:
    sides = (_by_name(old, before), _by_name(new, after))
    found = []
    for name in sides[0].keys() | sides[1].keys():
        (versions_before, size_before), (versions_after, size_after) = (
            side.get(name, ((), 0)) for side in sides
        )
        if (versions_before, size_before) != (versions_after, size_after):
            found.append(
                PackageChange(
                    name=name,
                    before=versions_before,
                    after=versions_after,
                    size_before=size_before,
                    size_after=size_after,
                )
            )
    return sorted(found, key=lambda each: (-abs(each.growth), each.name))


def _by_name(part: Component | None, sizes: Mapping[str, int]) -> dict[str, tuple[tuple[str, ...], int]]:
    """Versions and bytes by package; files without a package under no name."""
    if part is None or not part.packages:
        return {}
    versions: dict[str, list[str]] = defaultdict(list)
    total: dict[str, int] = defaultdict(int)
    owned: set[str] = set()
    for package in part.packages:
        versions[package.name].append(package.version)
        total[package.name] += sum(sizes.get(path, 0) for path in package.files if path not in owned)
        owned.update(package.files)
    total[NO_PACKAGE] = sum(size for path, size in sizes.items() if path not in owned)
    return {name: (tuple(sorted(versions.get(name, ()))), size) for name, size in total.items()}


def _costs(old: ImageContents, new: ImageContents) -> list[PackageCost]:
    """New packages that no other new one needs, each with all new ones that it needs."""
    known = {package.name for package in _all_packages(old).values()}
    added = {each.name: each for each in _all_packages(new).values() if each.name not in known}
    needed = {name: {other for other in each.depends if other in added} for name, each in added.items()}
    roots = added.keys() - {other for name, others in needed.items() for other in others if other != name}
    reached = {root: _reached(root, needed) for root in sorted(roots)}
    found = [
        PackageCost(
            name=root,
            size=sum(added[name].size for name in names),
            packages=tuple(sorted(added[name].cpv for name in names)),
            shared=tuple(
                sorted(
                    added[name].cpv
                    for name in names
                    if any(name in others for other, others in reached.items() if other != root)
                )
            ),
        )
        for root, names in reached.items()
    ]
    return sorted(found, key=lambda each: (-each.size, each.name))


def _reached(root: str, needed: Mapping[str, set[str]]) -> set[str]:
    reached, todo = set[str](), [root]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += needed[name]
    return reached
