"""Completes packages, boards and series in a shell. Only lists directories, so that it is fast.

Which parameter gets what is told by its name or its metavar, so that a new command has it by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from overlaytool.errors import OverlaytoolError

type Complete = Callable[[Any, Any, str], list[str]]
"""(context, parameter, what is typed already) → what it may become."""

OPERATORS = "<>=~"
"""What may stand before a package's name in an atom."""


def for_parameter(parameter: Any) -> Complete | None:
    """What completes a parameter; None where click or the shell knows better."""
    if parameter.name == "board":
        return boards
    if parameter.name == "branch":
        return series
    metavar = (parameter.metavar or "").strip("[].")
    return packages if metavar in ("ATOM", "PACKAGE", "CAT/PN") else None


def boards(context: Any, parameter: Any, incomplete: str) -> list[str]:
    """The boards of the checkout."""
    checkout = _checkout(context)
    names = [board.name for board in checkout.boards] if checkout else []
    return [name for name in names if name.startswith(incomplete)]


def series(context: Any, parameter: Any, incomplete: str) -> list[str]:
    """The branches that have a series."""
    from urllib.parse import unquote

    from overlaytool.git.head import common_dir, find_git_dir

    checkout = _checkout(context)
    git = checkout and find_git_dir(checkout.path)
    if not git:
        return []
    files = (common_dir(git) / "overlaytool/series").glob("*.json")  # see overlaytool.series.store
    names = sorted(unquote(file.stem) for file in files)
    return [name for name in names if name.startswith(incomplete)]


def packages(context: Any, parameter: Any, incomplete: str) -> list[str]:
    """Categories until there is a slash, then the packages of one; a bare name finds its packages, too."""
    operator = incomplete[: len(incomplete) - len(incomplete.lstrip(OPERATORS))]
    typed = incomplete[len(operator) :]
    category, slash, name = typed.partition("/")
    trees = list(_trees(context))
    if slash:
        found = {f"{category}/{each}" for each in _inside(trees, category) if each.startswith(name)}
    else:
        categories = {each for each in _inside(trees, "") if "-" in each or each == "virtual"}
        found = {f"{each}/" for each in categories if each.startswith(typed)}
        if typed and not found:
            found = {
                f"{each}/{package}"
                for each in categories
                for package in _inside(trees, each)
                if package.startswith(typed)
            }
    return [operator + each for each in sorted(found)]


def _inside(trees: Iterable[Path], directory: str) -> set[str]:
    """The names of the directories in a directory of any of the trees."""
    names: set[str] = set()
    for tree in trees:
        with suppress(OSError), os.scandir(tree / directory) as entries:
            names.update(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    return names


def _trees(context: Any) -> Iterator[Path]:
    """The checkout's two repositories, and the trees to import from, as far as they are there."""
    from overlaytool import config

    checkout = _checkout(context)
    if checkout is not None:
        yield from (checkout.portage_stable, checkout.overlay)
    with suppress(OverlaytoolError):
        settings = config.load(context.obj and context.obj.config, checkout=checkout and checkout.path)
        yield Path(context.params.get("gentoo") or settings.gentoo.path)
        yield from (source.path for source in settings.sources)
    yield from map(Path, context.params.get("source") or ())


def _checkout(context: Any) -> Any:
    """The checkout that the command would work on; None where it would find none."""
    from overlaytool.flatcar import checkout

    with suppress(OverlaytoolError, OSError):
        return checkout.find(context.obj and context.obj.checkout)
    return None
