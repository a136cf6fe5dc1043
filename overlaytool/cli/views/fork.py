"""A fork, or the end of one, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.views.audit import plain
from overlaytool.errors import GitError
from overlaytool.series.message import message, subject

if TYPE_CHECKING:
    from overlaytool.workflow.fork import Forking


def show(made: Forking, verb: str) -> None:
    """The steps, and what is left for a person."""
    console.show((f"{verb} {made.package}", "bold"))
    if made.planned is not None:
        from overlaytool.cli.views import plan as plan_view

        plan_view.show(made.planned.plan, made.planned.resolution)
    console.show(("\nSteps", "bold"))
    for step in made.changes.steps:
        try:
            title = subject(message(step))
        except GitError:  # a tree without commits is no fault until it is to be cited
            title = step.subject
        console.show(f"  {title}")
    if made.work:
        console.show(("\nWork for you", "bold"))
        for notice in made.work:
            console.show("  ", (plain(notice.message), "magenta"))
            if notice.hint:
                console.show((f"    {notice.hint}", "dim"))


def to_data(made: Forking) -> dict[str, Any]:
    """``{"schema", "package", "files", "plan", "work"}``."""
    from overlaytool.plan.document import to_data as plan_data

    return {
        "schema": 1,
        "package": made.package,
        "files": [
            {"path": change.path, "action": "delete" if change.after is None else "write"}
            for change in made.changes.net
        ],
        "plan": plan_data(made.planned.plan) if made.planned else None,
        "work": to_builtins(made.work),
    }
