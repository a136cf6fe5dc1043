"""Is each import needed? Ask Portage again, with the checkout laid out by links without that package.

For an update that means: with the copy from before it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, Checkout
from overlaytool.model import Action, Import, Unneeded
from overlaytool.progress import Progress
from overlaytool.verify import judge
from overlaytool.verify.judge import Question


def unneeded(
    question: Question,
    progress: Progress,
    base: Callable[[], AbstractContextManager[Checkout]] | None = None,
) -> tuple[Unneeded, ...]:
    """The imports of the plan without which every view resolves as well.

    :param question: one that Portage has no complaints about.
    :param base: opens the checkout as it was before the plan; without it, updates are not looked at.
    """
    imports = question.plan.imports if question.plan else ()
    found = []
    with (
        base() if base is not None else nullcontext() as before,
        progress.task("Leaving out", len(imports)) as task,
    ):
        for entry in imports:
            task.describe(f"Leaving out {entry.package}")
            if (entry.action is Action.ADD or before is not None) and _holds_without(question, entry, before):
                found.append(_finding(entry))
            task.advance()
    return tuple(found)


def _holds_without(question: Question, entry: Import, before: Checkout | None) -> bool:
    with tempfile.TemporaryDirectory(prefix="overlaytool-without-") as place:
        checkout = lay_out_without(question.checkout, entry, before, Path(place).resolve())
        _, complaints = judge.ask(replace(question, checkout=checkout), judge.UNWATCHED)
    return not complaints


def lay_out_without(checkout: Checkout, entry: Import, before: Checkout | None, place: Path) -> Checkout:
    """The checkout below ``place`` by links, without one imported package.

    Profiles are copied: Portage follows a profile to its real place, and has to find itself in the
    repository that it started from.

    :param before: where the package's directory is taken from instead; None for an addition.
    """
    category, _, left_out = entry.package.partition("/")
    for tree in (PORTAGE_STABLE, OVERLAY):
        here = checkout.path / tree
        there = place / tree
        there.mkdir(parents=True)
        concerned = tree.name == entry.repository
        for item in here.iterdir():
            if item.name == "profiles":
                shutil.copytree(item, there / item.name, symlinks=True)
            elif concerned and item.name == category:
                (there / category).mkdir()
                for package in item.iterdir():
                    if package.name != left_out:
                        (there / category / package.name).symlink_to(package)
            else:
                (there / item.name).symlink_to(item)
        if concerned and before is not None and (old := before.path / tree / entry.package).is_dir():
            (there / category / left_out).symlink_to(old)
    for name in ("setup_board", "build_library"):
        if (checkout.path / name).exists():
            (place / name).symlink_to(checkout.path / name)
    return replace(checkout, path=place)


def _finding(entry: Import) -> Unneeded:
    if entry.action is Action.UPDATE:
        return Unneeded(
            package=entry.package,
            message=f"{entry.package} need not be updated: everything resolves with the copy from before",
            hint="leave the update out, unless it is wanted for its own sake",
        )
    return Unneeded(
        package=entry.package,
        message=f"{entry.package} is not needed: everything resolves without it",
        hint="leave it out; overlaytool why says what asked for it",
    )
