"""Finds lines of Flatcar's profiles that an update makes useless or outdated, and edits the certain ones.

The audit's own checks look at the profiles before and after; what only the second finds is the update's
doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from overlaytool.apply.copying import Mirrored
from overlaytool.audit import masks, provided, use
from overlaytool.audit.state import State as AuditState
from overlaytool.ebuild import inspect
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar import profiles
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.change import StepKind
from overlaytool.model.finding import DropLine, DropValue, Finding
from overlaytool.model.plan import Action
from overlaytool.model.resolution import Notice, package_name
from overlaytool.model.upkeep import LineChange
from overlaytool.plan.states import State

CHECKS: tuple[Callable[[AuditState], Iterator[Finding]], ...] = (
    use.check,
    masks.check,
    provided.check,
)
UNCERTAIN = (use.FlagOfOtherVersion, provided.ProvidedUnused, provided.ProvidedBesideNewer)
"""Kinds that come and go with versions and mean nothing to do yet."""


class Looked(Struct, frozen=True):
    """The findings of one state, and what it was looked at with."""

    state: AuditState
    findings: tuple[Finding, ...]


def look(checkout: Checkout, state: State) -> Looked:
    """What the audit finds about USE, mask and provided entries of a checkout."""

    def no_advisories(_: object) -> Any:
        raise NotImplementedError

    there = AuditState(checkout, state.source, date.today(), lambda: state.everything, no_advisories)
    found = tuple(finding for check in CHECKS for finding in check(there))
    return Looked(there, found)


class ProfileLines:
    """What an update means for the lines of profiles."""

    def __init__(self, before: Looked, after: Looked, old: State, new: State) -> None:
        self._after, self._old, self._new = after.state, old, new
        known = {_key(finding) for finding in before.findings}
        self._findings = [
            finding
            for finding in after.findings
            if _key(finding) not in known and not isinstance(finding, UNCERTAIN)
        ]
        self.changes: list[LineChange] = []
        self.selects_otherwise = False
        """Whether the edits change what is selected: a flag that no ebuild has changes nothing."""
        self._notices: list[Notice] = []

    def put(self, to: Mirrored) -> None:
        """Make the edits that are certain, a step for each package."""
        for entry in self._after.entries("package.provided"):
            self._follow(to, entry.file, entry.line, entry.word)
        for finding in self._findings:
            if not self._edit(to, finding):
                self._notices.append(_notice(finding))

    @property
    def work(self) -> tuple[Notice, ...]:
        """Lines and files that a person has to look at, each with file and line."""
        return tuple(self._notices)

    # --- package.provided --------------------------------------------------------------------------

    def _follow(self, to: Mirrored, file: str, line: int, cpv: str) -> None:
        """An entry for the version that the build host had names the one that it has now."""
        package = package_name(cpv)
        was, is_now = (_selected(state, package) for state in (self._old, self._new))
        if cpv not in was or cpv in is_now or len(is_now) != 1:
            return
        text = to.draft.read_text(file)
        entry = next((one for one in profiles.entries(text) if one.atom == cpv), None)
        if entry is None:
            return
        (successor,) = is_now
        self.selects_otherwise = True
        lines = text.split("\n")
        lines[entry.line] = lines[entry.line].replace(cpv, successor)
        to.put_text(file, "\n".join(lines))
        reason = f"The build host has {successor} now; an entry for another version satisfies nobody."
        to.draft.finish(
            StepKind.PROVIDED,
            Action.UPDATE,
            package,
            message=f"overlay profiles: Bump provided version of {package}\n\n{reason}\n",
        )
        self.changes.append(
            LineChange(
                file=file, line=line, before=cpv, after=lines[entry.line], package=package, reason=reason
            )
        )
        self._findings = [finding for finding in self._findings if getattr(finding, "entry", None) != cpv]

    # --- findings ----------------------------------------------------------------------------------

    def _edit(self, to: Mirrored, finding: Finding) -> bool:
        """Make the edit of a finding, if nothing but the edit can be meant.

        A flag that is gone while others are new may have been renamed; an entry for one version that is gone
        may be meant for the next. Those are for a person.
        """
        match finding:
            case use.FlagNotThere() if not self._new_flags(finding.subject):
                pass
            case use.UseForNothing() if not finding.there:
                pass
            case _:
                return False
        for edit in finding.edits:
            text = to.draft.read_text(finding.file or "")
            before, after = _edited(text, edit)
            to.put_text(finding.file or "", after)
            self.changes.append(
                LineChange(
                    file=finding.file or "",
                    line=finding.line or 0,
                    before=before,
                    after=_line_at(after, text, before),
                    package=finding.subject,
                    reason=f"{finding.message[:1].upper()}{finding.message[1:]}.",
                )
            )
        message = f"{finding.commit_subject}\n\n{finding.message[:1].upper()}{finding.message[1:]}.\n"
        to.draft.finish(StepKind.USE, Action.UPDATE, finding.subject, message=message)
        return True

    def _new_flags(self, package: str) -> frozenset[str]:
        """The flags that the newest ebuild of a package has and the newest one before had not."""
        after = self._new.source.checkout_candidates(package)[:1]
        before = self._old.source.checkout_candidates(package)[:1]
        flags = [_flags(candidates) for candidates in (before, after)]
        return flags[1] - flags[0]


def _flags(candidates: Iterable[EbuildCandidate]) -> frozenset[str]:
    return frozenset(flag for candidate in candidates for flag in inspect.flags(candidate))


def _selected(state: State, package: str) -> frozenset[str]:
    """The CPVs of a package that any target selects on the build host."""
    places = state.everything.selected.get(package, {})
    return frozenset(cpv for (_target, view), cpvs in places.items() if view == "host" for cpv in cpvs)


def _edited(text: str, edit: object) -> tuple[str, str]:
    """The line that an edit is about, and the text after it."""
    for entry in profiles.entries(text):
        line = text.split("\n")[entry.line]
        if isinstance(edit, DropLine) and line == edit.text:
            return line, profiles.without_entry(text, entry.line)
        if isinstance(edit, DropValue) and entry.atom == edit.atom and edit.value in entry.values:
            return line, profiles.without_values(text, entry, {edit.value})
    return "", text


def _line_at(after: str, before: str, line: str) -> str | None:
    """The new text of a line after an edit, or None where the line was removed."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) != len(new) or line not in old:
        return None
    return new[old.index(line)]


def _notice(finding: Finding) -> Notice:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    return Notice(reference=finding.reference, message=f"{place}: {finding.message}", hint=finding.hint)


def _key(finding: Finding) -> tuple[object, ...]:
    """What stays the same while lines move: the kind, the file, the entry, the flag."""
    return (
        finding.reference,
        finding.subject,
        finding.file,
        getattr(finding, "entry", None),
        getattr(finding, "flag", None),
    )
