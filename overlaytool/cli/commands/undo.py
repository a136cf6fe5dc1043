"""``overlaytool undo``: the last add, update or remove is taken back."""

from __future__ import annotations

import typer

from overlaytool.cli import console
from overlaytool.cli.options import DryRunOption, Format, FormatOption, Globals, YesOption


def undo(
    context: typer.Context,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Take back what add, update, remove, fork or unfork did last, as long as nothing touched it since.

    Files that it wrote become what they were before; a branch that --commit made is taken away.
    Again, it takes back the one before.
    """
    from overlaytool.cli.views import undo as view
    from overlaytool.workflow import undo as undoing

    options: Globals = context.obj
    found = undoing.look(options.checkout, options.config)
    text = format is Format.TEXT
    if text:
        view.show(found)
    if found.done is not None and not dry_run:
        if not yes and not console.confirm("\nTake it back?", default=True, unattended=None):
            raise typer.Exit(1)
        undoing.undo(found)
        if text:
            view.show_undone(found)
    if not text:
        console.write(view.to_json(found))
