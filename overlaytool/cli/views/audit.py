"""The findings of an audit, for people and for scripts."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from overlaytool.audit.document import to_data
from overlaytool.cli import console
from overlaytool.model.finding import Finding, Severity

if TYPE_CHECKING:
    from overlaytool.model.change import ChangeSet
    from overlaytool.model.series import Series
    from overlaytool.workflow.audit import Audited

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
MOST = 12
"""Findings of a kind that are shown; the rest are counted. ``-v`` and the documents have them all."""


def show(audited: Audited) -> None:
    """By kind: what was found, why it matters and what to do."""
    for _reference, group in groupby(audited.findings, key=lambda finding: finding.reference):
        _show_kind(list(group))
    console.show((_summary(audited), "bold"))


def _show_kind(findings: list[Finding]) -> None:
    kind = findings[0]
    console.show((f"{kind.severity}: ", STYLES[kind.severity]), (kind.reference, "bold"))
    console.show((f"  {kind.why}", "dim"))
    shown = findings if console.verbose() else findings[:MOST]
    for finding in shown:
        place = f"{finding.file}{f':{finding.line}' if finding.line else ''}" if finding.file else ""
        console.show("  ", plain(finding.message), (f"  {plain(place)}", "dim"))
    if len(findings) > len(shown):
        console.show((f"  and {len(findings) - len(shown)} more; -v shows them", "dim"))
    fix = "; --fix does it" if any(finding.fixable for finding in findings) else ""
    console.show(("  hint: ", "cyan"), f"{kind.hint}{fix}\n")


def plain(text: str) -> str:
    """A text of the checkout without what a terminal would take for a command."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _summary(audited: Audited) -> str:
    counts = [
        (sum(finding.severity is severity for finding in audited.findings), severity) for severity in Severity
    ]
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts if count]
    known = f"; {len(audited.known)} known ones are left out" if audited.known else ""
    return (", ".join(words) or "nothing was found") + known


def to_json(audited: Audited) -> str:
    """The document, with a newline at its end."""
    return json.dumps(to_data(audited.findings), indent=2, ensure_ascii=False) + "\n"


def say_fixes(changes: ChangeSet) -> None:
    """The commits that ``--fix`` would make."""
    console.say(f"\n--fix would make {_commits(len(changes.steps))}:")
    for step in changes.steps:
        console.say(f"  {plain(step.subject)}")


def say_fixed(series: Series) -> None:
    """The commits that it made."""
    made = "holds this already" if series.found else f"has {_commits(len(series.commits))} now"
    console.say(f"\nthe branch {series.branch} {made}; your files are as they were")
    for commit in series.commits:
        console.say(f"  {commit.commit[:12]} {plain(commit.subject)}")
    console.say(f"next: git log -p {series.base[:12]}..{series.branch}")


def _commits(count: int) -> str:
    return f"{count} commit{'' if count == 1 else 's'}"
