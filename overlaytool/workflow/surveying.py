"""What a worker of a survey does: it opens the trees once, and plans one package after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from overlaytool import config as configuration
from overlaytool import errors
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.faults import pkgcore_faults_as_errors
from overlaytool.ebuild.sandbox import POOL
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar import checkout as checkouts
from overlaytool.git.head import head_commit
from overlaytool.git.tree_lock import reading
from overlaytool.model.resolution import Into, Request
from overlaytool.progress import SilentProgress
from overlaytool.survey.content import CHECKOUT, IMAGE, Content
from overlaytool.survey.line import Answer, Line
from overlaytool.survey.measure import failed, measured, refused
from overlaytool.survey.order import Order, code
from overlaytool.workflow import planning
from overlaytool.workflow.standing import Standing
from overlaytool.workflow.workspace import Workspace

ENVIRONMENT = (
    errors.ConfigError,
    errors.CheckoutError,
    errors.RepositoryError,
    errors.WriteError,
    errors.LockedError,
    errors.StaleError,
    errors.ToolMissingError,
    errors.ContainmentError,
)
"""What is wrong with the machine or the trees and not with a package: it ends a survey."""

MOST_MEMORY = 450 << 20
"""Bytes that a process may hold before it opens the trees anew."""


class Surveyor:
    """One process's view of the trees."""

    def __init__(self, order: Order) -> None:
        """
        :raises CheckoutError, RepositoryError, LockedError: where the trees cannot be used.
        """
        self.order = order
        self._open = ExitStack()
        found = checkouts.find(Path(order.checkout))
        sources = {name: Path(path) for name, path in order.sources}
        settings = configuration.load(None, checkout=found.path)
        POOL.trust(None if order.trust else [one.path for one in settings.sources if one.trusted])
        boards = tuple(found.board(name) for name in order.boards)
        cache = self._cache = MetadataCache(settings.cache)
        self._open.callback(cache.close)
        self._open.enter_context(reading(sources))
        self.space = Workspace(
            checkout=found,
            config=settings,
            boards=boards,
            sources=sources,
            source=TreeSource(found, sources, cache=cache, boards=boards),
            progress=SilentProgress(),
        )
        self.standing = Standing(self.space)

    def close(self) -> None:
        """Write the metadata cache."""
        self._open.close()

    def answer(self, package: str) -> Answer:
        """What a package costs, and what was looked at to say so."""
        source = self.space.source
        source.noted.clear()
        self.standing.asked_dependents = False
        line = self._line(package, self._first_source(package))
        noted = {package, IMAGE, *source.noted}
        if self.standing.asked_dependents:
            noted.add(CHECKOUT)
        return Answer(line=line, asked=tuple(sorted(noted)))

    def _line(self, package: str, tree: str) -> Line:
        request = Request(
            atoms=(package,), into=Into(self.order.into), accept_keywords=self.order.accept_keywords
        )
        try:
            with pkgcore_faults_as_errors():
                planned = planning.prepare(self.space, request, standing=self.standing)
        except ENVIRONMENT:
            raise
        except errors.OverlaytoolError as error:
            return refused(package, tree, error)
        except Exception as error:
            return failed(package, tree, f"{type(error).__name__}: {error}")
        return measured(package, tree, planned.resolution, planned.plan)

    def _first_source(self, package: str) -> str:
        source = self.space.source
        return next(name for name in source.source_names() if source.source_candidates(name, package))

    def flush(self) -> None:
        """Let other processes have what was sourced."""
        self._cache.flush()


_surveyor: list[Surveyor] = []
"""This process's, for the last order that it had."""


def work(order: Order, packages: Sequence[str]) -> list[Answer]:
    """Plan some packages in this process.

    :raises OverlaytoolError: where the machine or the trees do not do.
    """
    if _surveyor and (_surveyor[0].order != order or memory() > MOST_MEMORY):
        close()
    if not _surveyor:
        _surveyor.append(Surveyor(order))
    surveyor = _surveyor[0]
    answers = [surveyor.answer(package) for package in packages]
    surveyor.flush()
    return answers


def close() -> None:
    """Let go of the trees that this process has open for a survey."""
    while _surveyor:
        _surveyor.pop().close()


def memory() -> int:
    """Bytes that this process has in memory; 0 where that cannot be pkgcore_faults_as_errors."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def check(order: Order) -> None:
    """Whether this process is one for an order.

    :raises OverlaytoolError: where it has other trees, or is another overlaytool; it says which.
    """
    if code() != order.code:
        raise errors.SurveyError("it has another version of overlaytool, or of a library that reads ebuilds")
    for path in (order.checkout, *(path for _name, path in order.sources)):
        if not Path(path).is_dir():
            raise errors.SurveyError(f"it has no {path}")
    if content(order).total != order.trees:
        commits = ", ".join(
            f"{path} at {(head_commit(Path(path)) or 'no commit')[:12]}"
            for path in (order.checkout, *(path for _name, path in order.sources))
        )
        raise errors.SurveyError(f"its trees are not those of this survey: {commits}")


def content(order: Order) -> Content:
    """What is in the trees of an order."""
    found = checkouts.find(Path(order.checkout))
    return Content(
        found.repositories,
        {name: Path(path) for name, path in order.sources},
        (found.path / "build_library",),
    )
