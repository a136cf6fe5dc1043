"""Is each changed package needed? Ask Portage again, with the checkout laid out by links without it.

For an update that means: with the copy from before it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from msgspec.structs import replace

from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, Checkout
from overlaytool.model.verdict import Unneeded
from overlaytool.progress import Progress
from overlaytool.support.scratch import scratch
from overlaytool.verify import judge
from overlaytool.verify.judge import Question


def unneeded(
    question: Question, progress: Progress, base: Callable[[], AbstractContextManager[Checkout]]
) -> tuple[Unneeded, ...]:
    """The added and updated packages without which every view resolves as well.

    :param question: one that Portage has no complaints about.
    :param base: opens the checkout as it was before the change.
    """
    found = []
    with ExitStack() as stack:
        before = stack.enter_context(base())
        packages = sorted(
            package
            for package in question.steps.added | question.steps.updated
            if _ebuilds(question.checkout, package) != _ebuilds(before, package)
        )
        task = stack.enter_context(progress.task("Leaving out", len(packages)))
        for package in packages:
            task.describe(f"Leaving out {package}")
            if _holds_without(question, package, before):
                found.append(_finding(package, package in question.steps.updated))
            task.advance()
    return tuple(found)


def _ebuilds(checkout: Checkout, package: str) -> dict[str, bytes]:
    """The ebuilds of a package. Its other files change no dependency: they are wanted for their own sake."""
    return {
        f"{tree}/{path.name}": path.read_bytes()
        for tree in (PORTAGE_STABLE, OVERLAY)
        for path in sorted((checkout.path / tree / package).glob("*.ebuild"))
    }


def _holds_without(question: Question, package: str, before: Checkout) -> bool:
    with scratch() as place:
        checkout = lay_out_without(question.checkout, package, before, Path(place).resolve())
        linked = (*question.checkout.repositories, *before.repositories)
        _, complaints = judge.ask(replace(question, checkout=checkout, linked=linked), judge.UNWATCHED)
    return not complaints


def lay_out_without(checkout: Checkout, package: str, before: Checkout, place: Path) -> Checkout:
    """The checkout below ``place`` by links, with one package as it was before.

    Profiles are copied: Portage follows a profile to its real place, and has to find itself in the
    repository that it started from.
    """
    category, _, left_out = package.partition("/")
    for tree in (PORTAGE_STABLE, OVERLAY):
        here, there = checkout.path / tree, place / tree
        there.mkdir(parents=True)
        for item in here.iterdir():
            if item.name == "profiles":
                shutil.copytree(item, there / item.name, symlinks=True)
            elif item.name == category:
                (there / category).mkdir()
                for sibling in item.iterdir():
                    if sibling.name != left_out:
                        (there / category / sibling.name).symlink_to(sibling)
            else:
                (there / item.name).symlink_to(item)
        old = before.path / tree / package
        if old.is_dir():
            (there / category).mkdir(exist_ok=True)
            (there / category / left_out).symlink_to(old)
    for name in ("setup_board", "build_library", "build_image", "build_torcx_store"):
        if (checkout.path / name).exists():
            (place / name).symlink_to(checkout.path / name)
    return replace(checkout, path=place)


def _finding(package: str, updated: bool) -> Unneeded:
    if updated:
        return Unneeded(
            package=package,
            message=f"{package} need not be updated: everything resolves with the copy from before",
            hint="leave the update out, unless it is wanted for its own sake",
        )
    return Unneeded(
        package=package,
        message=f"{package} is not needed: everything resolves without it",
        hint="leave it out; overlaytool why says what asked for it",
    )
