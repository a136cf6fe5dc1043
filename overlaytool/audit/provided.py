"""package.provided: packages that emerge takes for installed (portage(5))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from overlaytool.audit.state import State
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.inventory import Entry
from overlaytool.model.finding import Finding, Severity


class ProvidedBesideEbuilds(Finding, frozen=True, kw_only=True):
    """An entry of package.provided for a version that the checkout's ebuilds of that package do not have."""

    reference = "provided-other-version"
    severity = Severity.WARNING
    about = "profiles"
    why = (
        "What depends on the package is satisfied with a version that nobody has any more. The day it asks"
        " for a newer one, the package itself comes into the image."
    )
    hint = "write the version that the checkout has, or take the line out"

    entry: str
    there: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.entry} is declared provided, and the checkout has {', '.join(self.there[:4])}"


class ProvidedBesideNewer(Finding, frozen=True, kw_only=True):
    """An entry of package.provided for a version that has newer ebuilds beside it."""

    reference = "provided-beside-newer"
    severity = Severity.NOTE
    about = "profiles"
    why = (
        "The build host moves on to the newer one while the boards still claim the old one; the first package"
        " that asks for more brings the real one into the image."
    )
    hint = "raise the version here in the update that makes the newer ebuild the one that is chosen"

    entry: str
    newer: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.entry} is declared provided, and the checkout has {', '.join(self.newer[:4])}"


class ProvidedUnused(Finding, frozen=True, kw_only=True):
    """An entry of package.provided that nothing depends on."""

    reference = "provided-unused"
    severity = Severity.NOTE
    about = "profiles"
    why = (
        "It pretends a package that nobody asks for, and would hide that the image lacks it if somebody did."
    )
    hint = "take the line out"

    entry: str

    @property
    def message(self) -> str:
        return f"nothing that is built depends on {self.entry}"


class ProvidedNotReadable(Finding, frozen=True, kw_only=True):
    """A line of package.provided that is no category, name and version."""

    reference = "provided-not-readable"
    severity = Severity.ERROR
    about = "profiles"
    why = "emerge takes exact versions only, CATEGORY/NAME-VERSION, and leaves the rest out."
    hint = "write the version without an operator"

    @property
    def message(self) -> str:
        return f"{self.subject} is no category, name and version"


def check(state: State) -> Iterator[Finding]:
    """Every entry."""
    for entry in state.entries("package.provided"):
        package = _package(state, entry)
        if package is None:
            yield ProvidedNotReadable(subject=entry.word, file=entry.file, line=entry.line)
            continue
        there = [each.cpv for each in state.source.checkout_candidates(package) if not each.live]
        entered = entry.word.removeprefix("-")
        where: dict[str, Any] = {
            "subject": package,
            "file": entry.file,
            "line": entry.line,
            "entry": entry.word,
        }
        if there and entered not in there:
            yield ProvidedBesideEbuilds(**where, there=tuple(there))
        elif there and there[0] != entered:
            yield ProvidedBesideNewer(**where, newer=tuple(there[: there.index(entered)]))
        if not entry.word.startswith("-") and not _used(state, entry, package):
            yield ProvidedUnused(**where)


def _used(state: State, entry: Entry, package: str) -> bool:
    """Whether a dependency is taken for satisfied by an entry, in a view that it is for."""
    views = {view.name for view in state.views(entry.file)}
    return any(
        view in views and entry.word in cpvs
        for (_target, view), cpvs in state.everything.selected.get(package, {}).items()
    )


def _package(state: State, entry: Entry) -> str | None:
    try:
        return state.source.parse_atom(f"={entry.word.removeprefix('-')}").package
    except MalformedAtomError:
        return None
