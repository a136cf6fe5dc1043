"""A verdict of Portage, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Part
from overlaytool.model.verdict import Complaint, JudgedView, Verdict
from overlaytool.support.text import counted

MOST_REJECTIONS = 5
"""Candidates that are shown of those that were passed over; the document has them all."""


def show(verdict: Verdict) -> None:
    """The views, then what stands in the way, then what stood there before."""
    for view in verdict.views:
        console.show(*_view(view, verdict))
    new = [complaint for complaint in verdict.complaints if not complaint.before]
    old = [complaint for complaint in verdict.complaints if complaint.before]
    for complaint, boards in _grouped(new):
        _show_complaint(complaint, boards)
    for finding in verdict.unneeded:
        console.show(("unneeded: ", "bold yellow"), finding.message)
        console.show((f"  hint: {finding.hint}", "cyan"))
    for notice in verdict.oversights:
        console.show(("forgotten: ", "bold yellow"), notice.message)
        console.show((f"  hint: {notice.hint}", "cyan"))
    if old:
        console.show(f"\nThese were there before, at {(verdict.base or '')[:12]}, and fail nothing:")
        for complaint, boards in _grouped(old):
            console.show((f"  {complaint.message}{_also(complaint, boards)}", "dim"))
    if verdict.holds:
        console.show((f"Portage {verdict.portage}: it holds", "bold green"))
    else:
        count = len(new) + len(verdict.unneeded)
        console.show((f"Portage {verdict.portage}: {count} complaint{'s' if count != 1 else ''}", "bold"))


def to_json(verdict: Verdict) -> str:
    """The document, with a newline at its end."""
    return json.dumps(to_data(verdict), indent=2, ensure_ascii=False) + "\n"


def to_data(verdict: Verdict) -> dict[str, Any]:
    """The document before it becomes text; for commands whose own document holds a verdict."""
    return {"schema": 1, "holds": verdict.holds, **to_builtins(verdict)}


def _view(view: JudgedView, verdict: Verdict) -> Iterator[Part]:
    mine = [
        one
        for one in verdict.complaints
        if (one.view, one.board, one.target) == (view.view, view.board, view.target)
    ]
    new = sum(not complaint.before for complaint in mine)
    if not view.judged:
        state = ("not judged, since its board does not resolve", "yellow")
    elif new:
        state = (f"{new} complaint{'s' if new != 1 else ''}", "bold red")
    else:
        state = ("resolves" if not mine else "no new complaint", "green")
    yield f"{view.board or 'build host':10} {view.target or view.view:10} "
    yield state
    if view.judged and view.packages:
        yield f"  {counted(view.packages, 'package')}", "dim"
    if not view.complete:
        yield "  there may be more complaints than are listed", "yellow"


def _grouped(complaints: list[Complaint]) -> list[tuple[Complaint, list[str]]]:
    """Complaints that only differ in their board, once, with the boards."""

    def same(complaint: Complaint) -> tuple[str, ...]:
        named = complaint.atom or "", *complaint.cpvs, *complaint.needs
        return (complaint.view, complaint.kind, complaint.root, *named)

    return [
        (members[0], [str(member.board) for member in members])
        for members in (list(group) for _, group in groupby(sorted(complaints, key=same), key=same))
    ]


def _also(complaint: Complaint, boards: list[str]) -> str:
    others = sorted({board for board in boards if board != str(complaint.board)})
    return f" (and for {', '.join(others)})" if others else ""


def _show_complaint(complaint: Complaint, boards: list[str]) -> None:
    kind = (f"\n{complaint.view}: {complaint.kind}: ", "bold red")
    console.show(kind, complaint.message, _also(complaint, boards))
    for above, line in zip(("", *complaint.required_by), complaint.required_by, strict=False):
        console.show(f"  {'required by' if not above else 'for'} {line}")
    for line in complaint.rejections[:MOST_REJECTIONS]:
        console.show((f"  {line}", "dim"))
    more = len(complaint.rejections) - MOST_REJECTIONS
    if more > 0:
        console.show((f"  and {more} more were passed over", "dim"))
    if complaint.step:
        console.show(f"  step: {complaint.step}")
    console.show((f"  hint: {complaint.hint}", "cyan"))
