"""The automation list against what portage-stable holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.model.finding import Edit, Finding, ListNames, Severity

WHOLE = frozenset({".", "licenses", "profiles", "scripts", "metadata/glsa", "eclass"})
"""Entries that stand for a directory that is no package."""


class ListedWithoutPackage(Finding, frozen=True, kw_only=True):
    """An entry of the automation list for which portage-stable has nothing."""

    reference = "listed-without-package"
    severity = Severity.WARNING
    about = "automation"
    why = (
        "The weekly update asks for every entry of the list, and reports those that are not there as"
        " nonexistent, week for week."
    )
    hint = "take the line out of the list, or import the package"

    @property
    def message(self) -> str:
        return f"the automation list names {self.subject}, which portage-stable does not have"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (ListNames(drop=(self.subject,)),)

    @property
    def commit_subject(self) -> str:
        return f".github: Drop {self.subject} from automation"


class PackageWithoutEntry(Finding, frozen=True, kw_only=True):
    """A package or eclass of portage-stable that the automation list does not name."""

    reference = "not-listed"
    severity = Severity.WARNING
    about = "automation"
    why = "What is not on the list is never updated: its copy grows old in silence, security fixes too."
    hint = "add it to the list, or leave it there commented out with the reason above it"

    entry: str
    """The line that is missing."""

    @property
    def message(self) -> str:
        return f"{self.entry} is in portage-stable and not on the automation list"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (ListNames(add=(self.entry,)),)

    @property
    def commit_subject(self) -> str:
        return f".github: Add {self.entry} to automation"


class ListedTwice(Finding, frozen=True, kw_only=True):
    """An entry that the automation list holds more than once."""

    reference = "listed-twice"
    severity = Severity.NOTE
    about = "automation"
    why = "The script that sorts the list drops repeated lines; whoever sorts it next gets your change."
    hint = "take one of the lines out"

    @property
    def message(self) -> str:
        return f"the automation list names {self.subject} more than once"


def check(state: State) -> Iterator[Finding]:
    """Both ways, and repeated lines."""
    text = state.text(PACKAGES_LIST)
    if text is None:
        return
    lines = [line.strip() for line in text.split("\n")]
    listed = {entry.name for entry in state.list_entries if not entry.commented_out}
    known = {entry.name for entry in state.list_entries}
    there = {*_packages(state), *_eclasses(state)}
    for name in sorted(listed - there - WHOLE):
        if not (state.checkout.portage_stable / name).exists():
            yield ListedWithoutPackage(subject=name, file=PACKAGES_LIST, line=lines.index(name) + 1)
    for name in sorted(there - known):
        if not {name.partition("/")[0], "."} & listed:
            where = f"{PORTAGE_STABLE}/{name}"
            yield PackageWithoutEntry(subject=name, entry=name, file=where)
    for name, times in sorted(Counter(line for line in lines if line and line[0] != "#").items()):
        if times > 1:
            last = len(lines) - lines[::-1].index(name)
            yield ListedTwice(subject=name, file=PACKAGES_LIST, line=last)


def _packages(state: State) -> set[str]:
    return {
        name
        for name, places in state.packages.items()
        if any(place.repository == PORTAGE_STABLE.name for place in places)
    }


def _eclasses(state: State) -> set[str]:
    top = f"{PORTAGE_STABLE}/"
    return {path.removeprefix(top) for path in state.eclass_texts if path.startswith(top)}
