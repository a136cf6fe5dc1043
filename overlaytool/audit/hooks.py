"""``coreos/config/env`` and ``coreos/user-patches``: what is done to packages that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.tree import SYMLINK
from overlaytool.model.finding import Delete, Edit, Finding, Severity

HOOKS = f"{OVERLAY}/coreos/config/env"
PATCHES = f"{OVERLAY}/coreos/user-patches"
_VERSIONED = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.]*?)(?:-r(?P<revision>\d+))?\Z")


class HookForNothing(Finding, frozen=True, kw_only=True):
    """An environment hook for a package, or a version, that the checkout does not have."""

    reference = "hook-for-nothing"
    severity = Severity.WARNING
    about = "hooks"
    why = "The file is never sourced. What it did for the package, if that is still meant, is not done."
    hint = "delete it; where the package was renamed or updated, rename the file"

    there: tuple[str, ...]

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"the hook for {self.subject} is for nothing: {found}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Delete(self.file),) if self.file and not self.there else ()

    @property
    def commit_subject(self) -> str:
        return f"overlay coreos/config: Drop overrides for {self.subject}"


class PatchesForNothing(Finding, frozen=True, kw_only=True):
    """A directory of user-patches for a package, or a version, that the checkout does not have."""

    reference = "patches-for-nothing"
    severity = Severity.WARNING
    about = "hooks"
    why = (
        "The patches are applied to nothing. Where they are for a version that was updated, the new one is"
        " built without them, security fixes among them."
    )
    hint = "rename the directory to the version that they are for now, or delete it"

    there: tuple[str, ...]

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"the user-patches for {self.subject} are for nothing: {found}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Delete(self.file),) if self.file and not self.there else ()

    @property
    def commit_subject(self) -> str:
        return f"overlay coreos/user-patches: Drop patches for {self.subject}"


def check(state: State) -> Iterator[Finding]:
    """Both directories. What other directories link to is there for those."""
    for path in state.tree.list(HOOKS):
        parts = path.removeprefix(f"{HOOKS}/").split("/")
        if len(parts) == 2 and (there := _for_nothing(state, "/".join(parts))) is not None:
            yield HookForNothing(subject="/".join(parts), file=path, there=there)
    listed = state.tree.list(PATCHES)
    names = dict.fromkeys("/".join(path.removeprefix(f"{PATCHES}/").split("/")[:2]) for path in listed)
    linked = set(_linked(state, listed))
    for name in names:
        if "/" in name and name not in linked and not name.endswith(".md"):
            there = _for_nothing(state, name.partition(":")[0])
            if there is not None:
                yield PatchesForNothing(subject=name, file=f"{PATCHES}/{name}", there=there)


def _for_nothing(state: State, name: str) -> tuple[str, ...] | None:
    """For a name that stands for no ebuild, those that its package has; None for one that does."""
    if name in state.packages:
        return None
    category, _, rest = name.partition("/")
    match = _VERSIONED.match(rest)
    package = f"{category}/{match['name']}" if match else name
    there = tuple(candidate.cpv for candidate in state.source.checkout_candidates(package))
    if match is None:
        return there
    for candidate in state.source.checkout_candidates(package):
        revision = match["revision"]
        if candidate.listed.version == match["version"] and (
            revision is None or int(revision) == candidate.listed.revision
        ):
            return None
    return there


def _linked(state: State, paths: tuple[str, ...]) -> Iterator[str]:
    """The directories of user-patches that symlinks in others point into."""
    for path in paths:
        entry = state.tree.read(path)
        if entry is None or entry.mode != SYMLINK:
            continue
        target = PurePosixPath(path).parent / entry.content.decode("utf-8", "replace")
        normal: list[str] = []
        for part in target.parts:
            if part == "..":
                normal = normal[:-1]
            else:
                normal.append(part)
        inside = "/".join(normal).removeprefix(f"{PATCHES}/")
        yield "/".join(inside.split("/")[:2])
