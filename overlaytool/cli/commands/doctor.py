"""``overlaytool doctor``: is this machine ready to build?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.commands.sdk import Sdk, as_json
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import Format, FormatOption, Globals
from overlaytool.model.build import Check, Readiness

EXIT_NOT_READY = 1
MARKS = {
    Readiness.OK: ("ok", "green"),
    Readiness.WARNING: ("warning", "yellow"),
    Readiness.MISSING: ("missing", "bold red"),
}


@grouped
def doctor(
    context: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Commit repairs of the checkout's known faults.")
    ] = False,
    *,
    sdk: Sdk,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fix: commit without asking.")] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Say what this machine and this checkout have of what a build needs.

    Exit status 1: something is missing.
    """
    from overlaytool.workflow import build as build_workflow

    options: Globals = context.obj
    if yes and not fix:
        raise typer.BadParameter("--yes goes with --fix")
    if fix:
        _fix(options.checkout, yes=yes)
    checks = []
    for check in build_workflow.doctor(options.checkout, options.config, sdk.choice(), console.mention):
        checks.append(check)
        if format is Format.TEXT:
            _show(check)
    if format is Format.JSON:
        console.write(as_json("checks", checks))
    if any(check.readiness is Readiness.MISSING for check in checks):
        raise typer.Exit(EXIT_NOT_READY)


def _fix(checkout: Path | None, *, yes: bool) -> None:
    """Commit repairs on the branch that is checked out, after a yes."""
    from overlaytool.workflow import build as build_workflow

    found = build_workflow.faults_of(checkout)
    for fault in found:
        console.say(f"{fault.name}: {fault.summary} ({fault.file})")
    question = "Commit a repair of this on the branch that is checked out?"
    if not found or not (yes or console.confirm(question, default=True, unattended=None)):
        return
    for fault, commit in build_workflow.repair(checkout):
        console.say(f"repaired {fault.name} in {fault.file}: commit {commit[:12]}")


def _show(check: Check) -> None:
    mark, style = MARKS[check.readiness]
    console.show((f"{mark:8}", style), f"{check.name:26}", check.found)
    if check.readiness is not Readiness.OK:
        console.show(f"{'':8}needed: {check.needed}")
    if check.hint:
        console.show(f"{'':8}", ("hint: ", "cyan"), check.hint)
