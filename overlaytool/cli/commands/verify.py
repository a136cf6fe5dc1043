"""``overlaytool verify``: ask Portage's own resolver, on this machine, without the SDK."""

from __future__ import annotations

from typing import Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import BoardOption, Format, FormatOption, target, workspace
from overlaytool.model.resolution import Into

TIME_LIMIT = 600.0
"""As `overlaytool.verify.emerge.LIMIT`, which is not imported for --help."""

VerifiedAtoms = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ATOM...]", help="Packages; default: all that the metapackages pull in."),
]
WhereOption = Annotated[
    Into,
    typer.Option(
        "--into",
        parser=target,
        metavar="TARGET",
        help="Where they belong: only what goes into the image has to suit it.",
    ),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="COMMIT",
        help="What it complains of there, too, fails nothing; default: HEAD when something is uncommitted.",
    ),
]
MinimalOption = Annotated[
    bool, typer.Option("--minimal", help="Find changed packages that nothing needs; wants a base.")
]
LimitOption = Annotated[
    float, typer.Option("--time-limit", metavar="SECONDS", min=1.0, help="For one process of Portage.")
]


def verify(
    context: typer.Context,
    atoms: VerifiedAtoms = None,
    board: BoardOption = None,
    into: WhereOption = Into.IMAGE,
    base: BaseOption = None,
    minimal: MinimalOption = False,
    time_limit: LimitOption = TIME_LIMIT,
    format: FormatOption = Format.TEXT,
) -> None:
    """Ask Portage's own resolver whether packages, or the whole checkout, can be built into an image."""
    from overlaytool.verify import emerge

    emerge.load_ahead()
    from overlaytool.cli.views import verify as verify_view
    from overlaytool.workflow import proof

    subject = proof.Subject(atoms=tuple(atoms or ()), into=into, base=base, minimal=minimal, limit=time_limit)
    with workspace(context, boards=board, with_sources=False) as space:
        verdict = proof.verify(space, subject)
    if format is Format.JSON:
        console.write(verify_view.to_json(verdict))
    else:
        verify_view.show(verdict)
    if not verdict.holds:
        raise typer.Exit(1)
