"""``overlaytool plan``: resolve and show; write nothing."""

from __future__ import annotations

from datetime import date

import typer

from overlaytool.cli import console
from overlaytool.cli.commands.add import end_with_work
from overlaytool.cli.options import (
    AllowUseOption,
    AtomArguments,
    BoardOption,
    DowngradeOption,
    Format,
    FormatOption,
    GentooOption,
    IntoOption,
    KeywordsOption,
    ProvideOption,
    ReasonOption,
    SourceOption,
    TrustOption,
    UnmaskOption,
    wishes,
    workspace,
)
from overlaytool.model.resolution import Into, Request


def plan(
    context: typer.Context,
    atoms: AtomArguments,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    trust_sources: TrustOption = False,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    allow_downgrade: DowngradeOption = False,
    allow_use: AllowUseOption = None,
    unmask: UnmaskOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show what adding packages takes, and why. Writes nothing."""
    from overlaytool import workflow
    from overlaytool.workflow.workspace import containment

    request = Request(
        atoms=tuple(atoms),
        into=into,
        accept_keywords=accept_keywords,
        allow_downgrade=allow_downgrade,
        **wishes(allow_use, unmask, provide, reason),
    )
    with workspace(
        context, gentoo=gentoo, sources=source, boards=board, trust_sources=trust_sources
    ) as space:
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
