"""package.use and its like: entries for packages that are not there, and flags that they do not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from overlaytool.audit.state import State
from overlaytool.ebuild import inspect
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar.inventory import Entry
from overlaytool.model.finding import DropLine, DropValue, Edit, Finding, Severity

FILES = tuple(
    f"package.use{kind}" for kind in ("", ".force", ".mask", ".stable", ".stable.force", ".stable.mask")
)


class UseForNothing(Finding, frozen=True, kw_only=True):
    """An entry of package.use or its like that no ebuild of the checkout matches."""

    reference = "use-for-nothing"
    severity = Severity.WARNING
    about = "profiles"
    why = "The package or version is gone. The entry does nothing, until the package comes back."
    hint = "take the line out"

    entry: str
    text: str
    there: tuple[str, ...]

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"{self.entry} matches no ebuild: {found}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (DropLine(self.file or "", self.line or 0, self.text),)

    @property
    def commit_subject(self) -> str:
        return f"overlay profiles: Drop obsolete USE flags for {self.subject}"


class FlagNotThere(Finding, frozen=True, kw_only=True):
    """A flag in package.use or its like that no ebuild of the package has."""

    reference = "flag-not-there"
    severity = Severity.WARNING
    about = "profiles"
    why = (
        "Setting a flag that an ebuild does not have does nothing. Where it has been renamed, what you meant"
        " to switch is as it is by default."
    )
    hint = "take the flag out, or write the name that it has now"

    entry: str
    flag: str
    """As it stands: ``-doc``."""

    @property
    def message(self) -> str:
        return f"no ebuild that {self.entry} matches has the flag {self.flag.lstrip('-')}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (DropValue(self.file or "", self.line or 0, self.entry, self.flag),)

    @property
    def commit_subject(self) -> str:
        return f"overlay profiles: Drop obsolete USE flags for {self.subject}"


class FlagOfOtherVersion(Finding, frozen=True, kw_only=True):
    """A flag in package.use or its like that the chosen version does not have, while another one has it."""

    reference = "flag-of-other-version"
    severity = Severity.NOTE
    about = "profiles"
    why = "It does nothing for what is built now, and comes back into effect with the other version."
    hint = "take the flag out when the other version goes"

    entry: str
    flag: str
    chosen: tuple[str, ...]
    having: tuple[str, ...]

    @property
    def message(self) -> str:
        flag = self.flag.lstrip("-")
        return f"{', '.join(self.chosen)} has no flag {flag}; only {', '.join(self.having)} has it"


def check(state: State) -> Iterator[Finding]:
    """Every entry of the overlay's profiles."""
    atoms = [(entry, state.atom(entry)) for entry in state.entries(*FILES)]
    matched = {id(entry): state.matching(atom) for entry, atom in atoms if atom is not None}
    entries = [entry for entry, atom in atoms if atom is not None]
    likely = [candidate for found in matched.values() for candidate in found[:1]]
    state.source.prefetch(likely)
    for entry in entries:
        found = matched[id(entry)]
        if not found:
            there = tuple(each.cpv for each in state.source.checkout_candidates(entry.package))
            yield UseForNothing(**_common(entry), text=entry.text, there=there)
        else:
            yield from _flags(state, entry, found)


def _flags(state: State, entry: Entry, found: tuple[EbuildCandidate, ...]) -> Iterator[Finding]:
    """The flags that the chosen ebuilds lack. The others are sourced only to tell which finding it is."""
    views = state.views(entry.file)
    chosen = list(
        dict.fromkeys(each for view in views for each in state.visible(view, entry.package) if each in found)
    )
    flags = {flag: word for word in entry.values if "*" not in (flag := word.lstrip("-"))}
    missing = {flag for flag in flags if not _having(state, entry, chosen, flag)}
    if missing:
        state.source.prefetch(found)
    for flag in (flag for flag in flags if flag in missing):
        having = _having(state, entry, found, flag)
        if not having:
            yield FlagNotThere(**_common(entry), flag=flags[flag])
        elif chosen:
            yield FlagOfOtherVersion(
                **_common(entry),
                flag=flags[flag],
                chosen=tuple(sorted(each.cpv for each in chosen)),
                having=having,
            )


def _having(state: State, entry: Entry, among: Iterable[EbuildCandidate], flag: str) -> tuple[str, ...]:
    """Those of the ebuilds that have a flag in a view of the entry."""
    views = state.views(entry.file)
    return tuple(
        candidate.cpv
        for candidate in among
        if any(flag in inspect.effective_flags(state.source.profile(view), candidate) for view in views)
    )


def _common(entry: Entry) -> dict[str, Any]:
    return {"subject": entry.package, "file": entry.file, "line": entry.line, "entry": entry.word}
