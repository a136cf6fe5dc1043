"""Names of changelog entries: ``changelog/KIND/YYYY-MM-DD-words.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from overlaytool.audit.state import State
from overlaytool.model.finding import Edit, Finding, Rename, Severity

KINDS = ("bugfixes", "changes", "security", "updates")
_NAME = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<words>.+?)(?P<suffix>\.md)?\Z")
_SOON = timedelta(days=62)
"""An entry may be dated for the day on which its release is planned."""


class ChangelogName(Finding, frozen=True, kw_only=True):
    """A changelog entry that release tools do not find by its name."""

    reference = "changelog-name"
    severity = Severity.WARNING
    about = "changelog"
    why = "Release notes are put together from these files by name and date: this one is left out."
    hint = "rename it to YYYY-MM-DD-words.md with the day on which it was merged"

    fault: str
    new: str | None
    """The name that is certainly meant, where that can be told."""

    @property
    def message(self) -> str:
        return f"{self.subject} {self.fault}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        if self.new is None or self.file is None:
            return ()
        return (Rename(self.file, f"{self.file.rpartition('/')[0]}/{self.new}"),)

    @property
    def commit_subject(self) -> str:
        return "changelog: Correct the name of an entry"


def check(state: State) -> Iterator[Finding]:
    """Every file of the four kinds, and files of no kind."""
    for path in state.tree.list("changelog"):
        parts = path.split("/")
        if parts[-1].startswith(".") or parts[-1] == "README.md":
            continue
        if len(parts) != 3 or parts[1] not in KINDS:
            yield ChangelogName(
                subject=path.removeprefix("changelog/"),
                file=path,
                fault=f"is in none of {', '.join(KINDS)}",
                new=None,
            )
            continue
        found = _fault(parts[2], state.today)
        if found:
            fault, new = found
            taken = new is not None and state.tree.read(f"changelog/{parts[1]}/{new}") is not None
            yield ChangelogName(subject=parts[2], file=path, fault=fault, new=None if taken else new)


def _fault(name: str, today: date) -> tuple[str, str | None] | None:
    """What is wrong with a name, and the right one; None where nothing is."""
    match = _NAME.match(name)
    if match is None:
        return "does not begin with a date", None
    numbers = tuple(int(match[part]) for part in ("year", "month", "day"))
    try:
        day = date(*numbers)
    except ValueError:
        return f"begins with {match['year']}-{match['month']}-{match['day']}, which is no day", None
    if day > today + _SOON:
        return f"is dated {day.isoformat()}, which is still to come", None
    new = f"{day.isoformat()}-{match['words']}.md"
    if new == name:
        return None
    if not match["suffix"]:
        return "does not end in .md", new
    return "writes month or day with one digit", new
