"""``overlaytool plan``: resolve and show; write nothing."""

from __future__ import annotations

from datetime import date

import typer

from overlaytool.cli import console
from overlaytool.cli.commands.add import end_with_work
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import AtomArguments, Format, FormatOption, Wishes


@grouped
def plan(
    context: typer.Context, atoms: AtomArguments, wishes: Wishes, format: FormatOption = Format.TEXT
) -> None:
    """Show what adding packages takes, and why. Writes nothing."""
    from overlaytool import workflow
    from overlaytool.workflow.workspace import containment

    request = wishes.request(atoms)
    with wishes.open(context) as space:
        planned = workflow.prepare(space, request)
        if format is Format.TEXT:
            from overlaytool.cli.views import plan as plan_view

            plan_view.show(planned.plan, planned.resolution)
        workflow.check(space, planned, date.today())
        contained = containment()
    if format is Format.JSON:
        from overlaytool.plan import document as plan_json

        console.write(plan_json.to_json(planned.plan, containment=contained))
    end_with_work(planned.plan)
