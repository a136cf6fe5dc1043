"""An update of everything, in the terminal and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.views import review as review_view
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.git.head import head_commit
from overlaytool.model.resolution import Notice
from overlaytool.model.upkeep import EditedCopy, EditOutcome, LineChange
from overlaytool.plan.keyword_upkeep import EntryChange
from overlaytool.plan.planner import ACCEPT_KEYWORDS
from overlaytool.report import review as reports
from overlaytool.workflow.upkeep import Updated

SCHEMA = 2
MOST_LINES = 30
"""Lines of a difference that are shown."""
_OUTCOMES = {
    EditOutcome.REAPPLIED: ("green", "applies to the new copy: put onto it in a commit of its own"),
    EditOutcome.UPSTREAM: ("green", "is in Gentoo by now"),
    EditOutcome.CONFLICT: ("bold red", "does not apply to the new copy"),
    EditOutcome.UNKNOWN: ("bold red", "the history does not say what was copied"),
}


def show(updated: Updated) -> None:
    """What the views gain, the keyword entries, what is new, what is left to a person."""
    if not updated.change_set.steps:
        console.show("Up to date: there is nothing to change.")
    else:
        review_view.show(updated.review)
    _show_keywords(updated.keywords)
    _show_lines(updated.lines)
    _show_edits(updated.edits)
    if updated.imported:
        console.show("")
        console.show(("newly needed", "bold"))
        for name in updated.imported:
            console.show((f"  {name}", "green"))
    if updated.removable:
        console.show("")
        console.show(("reached from no target any more", "bold"))
        console.show(f"  {', '.join(updated.removable)}")
        console.show((f"  overlaytool remove {' '.join(updated.removable)}", "cyan"))
    _show_notices("to look at", updated.to_look_at)
    _show_notices("left to you", updated.manual_work)
    counts = Counter(step.kind for step in updated.change_set.steps)
    console.show("")
    console.show(", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no steps")


def _show_notices(title: str, notices: Sequence[Notice]) -> None:
    """What is said, with one hint for all that share it."""
    if not notices:
        return
    console.show("")
    console.show((title, "bold yellow"))
    for hint, members in groupby(notices, key=lambda notice: notice.hint):
        for notice in members:
            console.show(f"  {notice.message.replace(f'{OVERLAY}/', '')}")
        if hint:
            console.show((f"    {hint}", "cyan"))


def _show_keywords(changes: Sequence[EntryChange]) -> None:
    if not changes:
        return
    console.show("")
    console.show(("package.accept_keywords", "bold"))
    for change in changes:
        if change.entry is not None:
            console.show((f"  - {' '.join((change.entry.atom, *change.entry.values))}", "red"))
        if change.atom is not None:
            console.show((f"  + {' '.join((change.atom, *change.keywords))}", "green"))
        console.show((f"      {change.reason}", "dim"))


def _show_lines(changes: Sequence[LineChange]) -> None:
    """Lines of profiles by file, each with its number."""
    for file, members in groupby(changes, key=lambda change: change.file):
        console.show("")
        console.show((file, "bold"))
        for change in members:
            console.show((f"  - {change.before}", "red"), f"  (line {change.line})")
            if change.after is not None:
                console.show((f"  + {change.after}", "green"))
            console.show((f"      {change.reason}", "dim"))


def _show_edits(edits: Sequence[EditedCopy]) -> None:
    """Copies that Flatcar changed, with what it changed."""
    if not edits:
        return
    console.show("")
    console.show(("copies with changes of Flatcar's own", "bold"))
    for edit in edits:
        style, words = _OUTCOMES[edit.outcome]
        console.show(f"  {edit.package}  ", (words, style))
        for commit, subject in edit.commits:
            console.show((f"      {commit[:12]} {subject}", "dim"))
        lines = edit.diff.splitlines()
        for line in lines[:MOST_LINES]:
            console.show(f"      {line}")
        if len(lines) > MOST_LINES:
            console.show((f"      [{len(lines) - MOST_LINES} more lines: --format json has them]", "dim"))


def to_data(updated: Updated, sources: Mapping[str, Path], boards: Sequence[str]) -> dict[str, Any]:
    """The document: the plan's fields that apply, and ``changes`` as the contract has it."""
    return {
        "schema": SCHEMA,
        "request": ["update", "--all"],
        "boards": list(boards),
        "base": updated.base,
        "sources": [{"name": name, "commit": head_commit(path)} for name, path in sources.items()],
        "copied": list(updated.copied),
        "imported": list(updated.imported),
        "entries": to_builtins(updated.entries),
        "keywords": [
            {
                "atom": change.atom,
                "keywords": list(change.keywords),
                "file": ACCEPT_KEYWORDS,
                "comment": change.reason,
            }
            for change in updated.keywords
            if change.atom is not None
        ],
        "keywords_removed": [
            {
                "atom": change.entry.atom,
                "file": ACCEPT_KEYWORDS,
                "line": change.entry.line + 1,
                "because": str(change.why),
            }
            for change in updated.keywords
            if change.entry is not None
        ],
        "lines": to_builtins(updated.lines),
        "edits": to_builtins(updated.edits),
        "removable": [{"package": name, "because": "no target reaches it"} for name in updated.removable],
        "steps": [
            {"kind": str(step.kind), "action": str(step.action), "subject": step.subject}
            for step in updated.change_set.steps
        ],
        "changes": reports.to_data(updated.review)["changes"],
        "to_look_at": to_builtins(updated.to_look_at),
        "manual_work": to_builtins(updated.manual_work),
    }
