"""Finds what belongs to a package outside its directory: profile entries, hooks, patches, mentions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from overlaytool.errors import GitError
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.inventory import Inventory, names_package
from overlaytool.git.repository import Repository
from overlaytool.model.removal import Mention, RemovedEntry, RemovedFile

FILES = (
    *("package.accept_keywords", "package.keywords", "package.mask", "package.unmask", "package.provided"),
    *("package.use", "package.use.mask", "package.use.force"),
    *("package.use.stable", "package.use.stable.mask", "package.use.stable.force"),
)
HOOKS = f"{OVERLAY}/coreos/config/env"
PATCHES = f"{OVERLAY}/coreos/user-patches"
_VERSION = re.compile(r"-\d[\w.]*(?:-r\d+)?\Z")
NOT_SEARCHED = (
    ":!changelog",
    ":!CHANGELOG.md",
    f":!{PORTAGE_STABLE}",
    ":!.github/workflows/portage-stable-packages-list",
)
SCRIPTS = (
    "build_library",
    "ci-automation",
    "sdk_lib",
    ".github",
    "jenkins",
    "*.sh",
    "build_*",
    "bootstrap_*",
    "image_to_vm*",
)
SHORT = 4
"""Names with fewer letters are words of other things."""


def entries_of(
    inventory: Inventory, packages: Collection[str], unused: Collection[str], kept: Collection[str]
) -> Iterator[RemovedEntry]:
    """The lines of profile files about packages that go.

    :param unused: CPVs of package.provided that nobody needs any more.
    :param kept: CPVs that package.provided is to have.
    """
    for entry in inventory.entries(*FILES):
        provided = "package.provided" in entry.file
        if provided and entry.word in kept:
            continue
        if provided and entry.word in unused:
            because = "only what goes depended on it"
        elif entry.package in packages:
            because = "the package goes"
        else:
            continue
        yield RemovedEntry(
            package=entry.package, file=entry.file, line=entry.line, text=entry.text, because=because
        )


def hooks_of(inventory: Inventory, packages: Collection[str]) -> Iterator[RemovedFile]:
    """Hooks of ``coreos/config/env`` and directories of ``coreos/user-patches``."""
    for top in (HOOKS, PATCHES):
        names = dict.fromkeys(
            "/".join(path.removeprefix(f"{top}/").split("/")[:2]) for path in inventory.tree.list(top)
        )
        for name in names:
            bare = name.partition(":")[0]
            if bare in packages or _VERSION.sub("", bare) in packages:
                yield RemovedFile(name=name, path=f"{top}/{name}", because="the package goes")


def mentions(repository: Repository, packages: Iterable[str], gone: Collection[str]) -> Iterator[Mention]:
    """Where scripts, profiles and workflows still name the packages, as git sees the work tree.

    Anything may name ``category/name``; the bare name counts in scripts.

    :param gone: files and directories that go, whose lines do not count.
    """
    for package in packages:
        bare = package.rpartition("/")[2]
        found = list(_grep(repository, package, (".", *NOT_SEARCHED)))
        if len(bare) >= SHORT:
            found += _grep(repository, bare, SCRIPTS, NOT_SEARCHED)
        for file, line, text in dict.fromkeys(found):
            if not any(file == path or file.startswith(f"{path}/") for path in gone):
                yield Mention(name=package, file=file, line=line, text=text.strip())


def in_ebuilds(inventory: Inventory, packages: Iterable[str], gone: Collection[str]) -> Iterator[Mention]:
    """Ebuilds that stay and name a package that goes: for another version, USE flag or root. One for each."""
    for package in packages:
        seen: set[str] = set()
        for path, text in inventory.ebuild_texts.items():
            directory = path.rpartition("/")[0]
            if directory in gone or directory in seen or not names_package(text, package):
                continue
            for number, line in enumerate(text.split("\n"), 1):
                if names_package(line.partition("#")[0], package):
                    seen.add(directory)
                    yield Mention(name=package, file=path, line=number, text=line.strip())
                    break


def _grep(
    repository: Repository, word: str, paths: Iterable[str], without: Iterable[str] = ()
) -> Iterator[tuple[str, int, str]]:
    status, stdout, _stderr = repository.attempt(
        *("grep", "--full-name", "-n", "-I", "-z", "-F", "-w", "-e", word, "--", *paths, *without),
    )
    if status > 1:
        raise GitError(f"git grep failed for {word}")
    for line in stdout.split("\n"):
        parts = line.split("\0")
        if len(parts) == 3 and parts[1].isdigit():
            yield parts[0], int(parts[1]), parts[2]
