"""package.accept_keywords: entries that do nothing, or more than they have to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from overlaytool.audit.state import State
from overlaytool.ebuild import inspect
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar.inventory import Entry
from overlaytool.model.finding import DropLine, Edit, Finding, ReplaceLine, Severity

FILES = ("package.accept_keywords", "package.keywords")


class _OfEntry(Finding, frozen=True, kw_only=True):
    """A finding about one line."""

    reference = ""
    severity = Severity.WARNING
    about = "profiles"
    why = ""
    hint = ""

    text: str
    """The line as it stands there."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (DropLine(self.file or "", self.line or 0, self.text),)

    @property
    def commit_subject(self) -> str:
        return f"overlay profiles: Drop obsolete accept keywords for {self.subject}"


class KeywordForNothing(_OfEntry, frozen=True, kw_only=True):
    """An entry of package.accept_keywords that no ebuild of the checkout matches."""

    reference = "keyword-for-nothing"
    severity = Severity.WARNING
    why = (
        "The version is gone. The entry does nothing, and whoever reads the file believes that it explains"
        " what is built."
    )
    hint = "take the line out; if the version now there is unstable too, write an entry for that"

    entry: str
    there: tuple[str, ...]
    """The CPVs that the checkout has instead."""

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"{self.entry} matches no ebuild: {found}"


class KeywordNotNeeded(_OfEntry, frozen=True, kw_only=True):
    """An entry of package.accept_keywords whose ebuilds are stable wherever it counts."""

    reference = "keyword-not-needed"
    severity = Severity.WARNING
    why = "Gentoo has made the version stable since. The entry only hides the day on which it did."
    hint = "take the line out"

    entry: str
    arches: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.entry} is stable by now on {', '.join(self.arches)}"


class KeywordForOneArch(_OfEntry, frozen=True, kw_only=True):
    """An entry of package.accept_keywords that accepts more arches than need it."""

    reference = "keyword-for-one-arch"
    severity = Severity.NOTE
    why = (
        "An entry that says which arch it is for tells when it can go, and does not accept the unstable"
        " revision that may come for the other one."
    )
    hint = "name the arch in the entry"

    entry: str
    keywords: tuple[str, ...]
    """Those that do."""
    stable: tuple[str, ...]

    @property
    def message(self) -> str:
        wanted = " ".join(self.keywords)
        return f"{self.entry} needs only {wanted}: it is stable on {', '.join(self.stable)}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        code, mark, comment = self.text.partition("#")
        kept = f"{code[len(code.rstrip()) :]}{mark}{comment}" if mark else ""
        new = " ".join((self.text.split()[0], *self.keywords)) + kept
        return (ReplaceLine(self.file or "", self.line or 0, self.text, new),)

    @property
    def commit_subject(self) -> str:
        return f"overlay profiles: Accept only {' '.join(self.keywords)} for {self.subject}"


class KeywordTwice(_OfEntry, frozen=True, kw_only=True):
    """An atom that stands twice in one package.accept_keywords with the same keywords."""

    reference = "keyword-twice"
    severity = Severity.WARNING
    why = "Whoever removes one of them wonders why nothing changes."
    hint = "take one of the lines out"

    entry: str
    first: int

    @property
    def message(self) -> str:
        return f"{self.entry} stands on line {self.first} already"


def check(state: State) -> Iterator[Finding]:
    """Every entry of the overlay's profiles."""
    entries = state.entries(*FILES)
    matched = {
        id(entry): state.matching(atom) for entry in entries if (atom := state.atom(entry)) is not None
    }
    state.source.prefetch([candidate for found in matched.values() for candidate in found])
    seen: dict[tuple[str, str, tuple[str, ...]], int] = {}
    for entry in entries:
        if id(entry) not in matched:
            continue
        key = (entry.file, entry.word, entry.values)
        if key in seen:
            yield KeywordTwice(**_common(entry), entry=entry.word, first=seen[key])
            continue
        seen[key] = entry.line
        found = matched[id(entry)]
        if not found:
            there = tuple(each.cpv for each in state.source.checkout_candidates(entry.package))
            yield KeywordForNothing(**_common(entry), entry=entry.word, there=there)
        elif entry.word.startswith(("=", "~")) and not entry.word.endswith("*"):
            yield from _needed(state, entry, found)


def _needed(state: State, entry: Entry, found: tuple[EbuildCandidate, ...]) -> Iterator[Finding]:
    """What an entry for one version is needed for. Others are meant for versions to come."""
    views = state.views(entry.file)
    arches = {state.source.arch(view): state.source.profile(view) for view in views}
    everything = "**" in entry.values or "*" in entry.values or "~*" in entry.values
    named = {word.lstrip("~") for word in entry.values}
    accepted = [arch for arch in arches if everything or not named or arch in named]
    spare = tuple(
        arch for arch in accepted if all(inspect.stable(arches[arch], candidate) for candidate in found)
    )
    needed = tuple(sorted(f"~{arch}" for arch in accepted if arch not in spare))
    if not needed and spare:
        yield KeywordNotNeeded(**_common(entry), entry=entry.word, arches=spare)
    elif spare and not everything:
        yield KeywordForOneArch(**_common(entry), entry=entry.word, keywords=needed, stable=spare)


def _common(entry: Entry) -> dict[str, Any]:
    return {"subject": entry.package, "file": entry.file, "line": entry.line, "text": entry.text}
