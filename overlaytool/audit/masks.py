"""package.mask and package.unmask: entries that hide nothing, and show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from overlaytool.audit.state import State
from overlaytool.flatcar.inventory import Entry
from overlaytool.model.finding import Finding, Severity

FILES = ("package.mask", "package.unmask")


class MaskForNothing(Finding, frozen=True, kw_only=True):
    """An entry of package.mask or package.unmask that no ebuild of the checkout matches."""

    reference = "mask-for-nothing"
    severity = Severity.NOTE
    about = "profiles"
    why = (
        "It hides nothing today. A mask may be meant to guard against what could come; one for versions that"
        " are gone is left over."
    )
    hint = "take the line out, unless it is a guard"

    entry: str
    there: tuple[str, ...]

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"{self.entry} matches no ebuild: {found}"


class UnmaskForNothing(Finding, frozen=True, kw_only=True):
    """An entry of package.unmask for a package or version that the checkout does not have."""

    reference = "unmask-for-nothing"
    severity = Severity.WARNING
    about = "profiles"
    why = (
        "It was written for a transition that is over; the next one starts with an unmask that does nothing."
    )
    hint = "take the line out"

    entry: str
    there: tuple[str, ...]

    @property
    def message(self) -> str:
        found = f"the checkout has {', '.join(self.there[:4])}" if self.there else "there is no such package"
        return f"{self.entry} unmasks no ebuild: {found}"


class EntryNotReadable(Finding, frozen=True, kw_only=True):
    """A line of a profile's file that does not begin with an atom."""

    reference = "entry-not-readable"
    severity = Severity.ERROR
    about = "profiles"
    why = "emerge leaves out a line that it cannot read: what it was meant to do is not done."
    hint = "correct the atom; operators need a version, and a version needs an operator"

    @property
    def message(self) -> str:
        return f"{self.subject} is no atom"


def check(state: State) -> Iterator[Finding]:
    """Every entry; what is masked from some version on guards against those that may come."""
    for entry in state.entries(*FILES):
        atom = state.atom(entry)
        if atom is None or state.matching(atom):
            continue
        there = tuple(each.cpv for each in state.source.checkout_candidates(entry.package))
        common: dict[str, Any] = {
            "subject": entry.package,
            "file": entry.file,
            "line": entry.line,
            "entry": entry.word,
        }
        if "package.unmask" in entry.file:
            yield UnmaskForNothing(**common, there=there)
        elif not (there and entry.word.lstrip("-").startswith(">")):
            yield MaskForNothing(**common, there=there)
    yield from _unreadable(state)


def _unreadable(state: State) -> Iterator[Finding]:
    names = (
        "package.accept_keywords",
        "package.keywords",
        "package.use",
        "package.use.mask",
        "package.use.force",
    )
    for entry in state.entries(*FILES, *names):
        if state.atom(entry) is None and not _is_pattern(entry):
            yield EntryNotReadable(subject=entry.word, file=entry.file, line=entry.line)


def _is_pattern(entry: Entry) -> bool:
    """Whether the word is one of Portage's patterns, ``*/*`` or ``dev-python/*`` (portage(5))."""
    return "*/" in entry.word or entry.word.endswith("/*")
