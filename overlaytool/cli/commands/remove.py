"""``overlaytool remove``: packages out of what asks for them, with all that only they needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from overlaytool.cli import console
from overlaytool.cli.commands.add import (
    CheckoutOption,
    CommitOption,
    DryRunOption,
    VerifyOption,
    YesOption,
)
from overlaytool.cli.options import (
    BoardOption,
    Format,
    FormatOption,
    ProvideOption,
    ReasonOption,
    wishes,
    workspace,
)

if TYPE_CHECKING:
    from overlaytool.model.verdict import Verdict
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.remove import RemoveRequest


def remove(
    context: typer.Context,
    atoms: Annotated[list[str], typer.Argument(metavar="ATOM...", help="Packages to take out.")],
    board: BoardOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="For --commit; default: remove- and the packages.")
    ] = None,
    checkout: CheckoutOption = False,
    verify: VerifyOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Take packages out of what asks for them, and then all that only they needed.

    Refused where a target still needs one of them, with the chain by which it does.
    """
    from overlaytool.workflow.remove import RemoveRequest

    if (branch or checkout) and not commit:
        raise typer.BadParameter("--branch and --checkout go with --commit")
    wished = wishes(None, None, provide, reason)
    request = RemoveRequest(
        packages=tuple(atoms), provide=wished["provide"], reason=wished["reason"], branch=branch
    )
    how = _How(dry_run=dry_run, yes=yes, checkout=checkout, verify=verify, format=format)
    with workspace(context, boards=board, with_sources=False) as space:
        if commit and not dry_run:
            _commit(space, request, how)
        else:
            _run(space, request, how)


class _How(Struct, frozen=True, kw_only=True):
    """What to do with a removal."""

    dry_run: bool
    yes: bool
    checkout: bool
    verify: bool
    format: Format


def _run(space: Workspace, request: RemoveRequest, how: _How) -> None:
    from overlaytool import workflow
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.cli.views import remove as view
    from overlaytool.workflow import remove as removing

    if not how.dry_run:
        plan_view.show_recovery(workflow.recover(space))
    removal = removing.plan(space, request)
    text = how.format is Format.TEXT
    if text:
        view.show(removal)
    if how.dry_run:
        if not text:
            _write(view.to_data(removal), None)
        return
    if not how.yes and not console.confirm("\nTake this out of the checkout?", default=True, unattended=None):
        raise typer.Exit(1)
    changes = removing.apply(space, removal)
    verdict = _verify(space) if how.verify else None
    if text:
        plan_view.show_changes(changes)
    else:
        _write(view.to_data(removal), verdict)
    _end_with(verdict, how.format)


def _commit(space: Workspace, request: RemoveRequest, how: _How) -> None:
    from msgspec import to_builtins

    from overlaytool.cli.views import remove as view
    from overlaytool.workflow import remove as removing
    from overlaytool.workflow import series

    done = removing.commit(space, request)
    if how.checkout:
        series.check_out(space, done.series)
    verdict = _verify(space, tip=done.series.tip) if how.verify else None
    if how.format is Format.JSON:
        _write(view.to_data(done.removal) | {"series": to_builtins(done.series)}, verdict)
    else:
        view.show(done.removal)
        view.show_committed(done.series, checked_out=how.checkout)
    _end_with(verdict, how.format)


def _verify(space: Workspace, tip: str | None = None) -> Verdict:
    """Ask Portage about all that the metapackages pull in."""
    from overlaytool.workflow import proof

    return proof.verify(space, proof.Subject(base="HEAD", tip=tip))


def _end_with(verdict: Verdict | None, format: Format) -> None:
    from overlaytool.cli.views import verify as verify_view

    if verdict is None:
        return
    if format is Format.TEXT:
        console.show("")
        verify_view.show(verdict)
    if not verdict.holds:
        raise typer.Exit(1)


def _write(document: dict[str, Any], verdict: Verdict | None) -> None:
    from overlaytool.cli.views import verify as verify_view

    if verdict is not None:
        document["verdict"] = verify_view.to_data(verdict)
    console.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
