"""What every command that writes does with what it has worked out: ask, write or commit, verify, say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.options import Format, Writing, keep_out_of_git

if TYPE_CHECKING:
    from overlaytool.model.change import FileChange
    from overlaytool.model.series import Series
    from overlaytool.model.verdict import Verdict
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.proof import Subject

ASK_TO_WRITE = "\nWrite this into the checkout?"


def ask(writing: Writing, question: str = ASK_TO_WRITE, *, default: bool = True) -> None:
    """Go on, unless a person says no.

    :raises Exit: with status 1 then.
    :raises UsageError: where nobody answers.
    """
    if not writing.yes and not console.confirm(question, default=default, unattended=None):
        raise typer.Exit(1)


def write(
    space: Workspace, apply: Callable[[], tuple[FileChange, ...]], *, text: bool
) -> tuple[FileChange, ...]:
    """Write files, and count them."""
    from overlaytool.cli.views import plan as plan_view

    changes = apply()
    if changes:
        keep_out_of_git(space)
        if text:
            plan_view.show_changes(changes)
    return changes


def commit(space: Workspace, make: Callable[[], Series], writing: Writing, *, text: bool) -> Series:
    """Make commits, switch to them where that is wanted, and list them."""
    from overlaytool.cli.views import series as series_view
    from overlaytool.workflow import series

    made = make()
    keep_out_of_git(space)
    if writing.checkout:
        series.check_out(space, made)
    if text:
        series_view.show_commits(made, checked_out=writing.checkout)
    return made


def end(
    space: Workspace,
    subject: Subject | None,
    document: Callable[[], dict[str, Any]],
    format: Format,
    series: Series | None = None,
) -> None:
    """Ask Portage, where there is a subject; write the document; what Portage refuses is status 1."""
    from overlaytool.cli.views import verify as verify_view
    from overlaytool.workflow import proof

    verdict: Verdict | None = proof.verify(space, subject) if subject is not None else None
    if format is Format.JSON:
        more = {"series": to_builtins(series)} if series is not None else {}
        if verdict is not None:
            more["verdict"] = verify_view.to_data(verdict)
        write_json(document() | more)
    elif verdict is not None:
        console.show("")
        verify_view.show(verdict)
    if verdict is not None and not verdict.holds:
        raise typer.Exit(1)


def write_json(document: dict[str, Any]) -> None:
    """The one document on standard output."""
    console.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
