"""``overlaytool remove``: packages out of what asks for them, with all that only they needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import carry_out
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import (
    BoardOption,
    Format,
    FormatOption,
    ProvideOption,
    ReasonOption,
    Writing,
    line_of_text,
    workspace,
)

if TYPE_CHECKING:
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.remove import RemoveRequest

ASK = "\nTake this out of the checkout?"


@grouped
def remove(
    context: typer.Context,
    atoms: Annotated[list[str], typer.Argument(metavar="ATOM...", help="Packages to take out.")],
    board: BoardOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    *,
    writing: Writing,
    format: FormatOption = Format.TEXT,
) -> None:
    """Take packages out of what asks for them, and then all that only they needed.

    Refused where a target still needs one of them, with the chain by which it does.
    """
    from overlaytool.workflow.remove import RemoveRequest

    request = RemoveRequest(
        packages=tuple(atoms),
        provide=tuple(provide or ()),
        reason=line_of_text(reason),
        branch=writing.branch,
    )
    with workspace(context, boards=board, with_sources=False) as space:
        if writing.commit and not writing.dry_run:
            _commit(space, request, writing, format)
        else:
            _run(space, request, writing, format)


def _run(space: Workspace, request: RemoveRequest, writing: Writing, format: Format) -> None:
    from overlaytool import workflow
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.cli.views import remove as view
    from overlaytool.workflow import proof
    from overlaytool.workflow import remove as removing

    if not writing.dry_run:
        plan_view.show_recovery(workflow.recover(space))
    removal, text = removing.plan(space, request), format is Format.TEXT
    if text:
        view.show(removal)
    subject = None
    if not writing.dry_run:
        carry_out.ask(writing, ASK)
        carry_out.write(space, lambda: removing.apply(space, removal), text=text)
        subject = proof.Subject(base="HEAD") if writing.verify else None
    carry_out.end(space, subject, lambda: view.to_data(removal), format)


def _commit(space: Workspace, request: RemoveRequest, writing: Writing, format: Format) -> None:
    from overlaytool.cli.views import remove as view
    from overlaytool.workflow import proof
    from overlaytool.workflow import remove as removing

    done, text = removing.commit(space, request), format is Format.TEXT
    if text:
        view.show(done.removal)
    carry_out.commit(space, lambda: done.series, writing, text=text)
    subject = proof.Subject(base="HEAD", tip=done.series.tip) if writing.verify else None
    carry_out.end(space, subject, lambda: view.to_data(done.removal), format, done.series)
