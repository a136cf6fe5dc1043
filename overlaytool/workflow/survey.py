"""``survey``: what each package of a tree would cost.

trees --content--> packages --kept--> what is left --workers--> lines --summary, compare--> results
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from fnmatch import fnmatchcase
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from overlaytool.errors import StaleError, UnknownPackageError
from overlaytool.flatcar import targets
from overlaytool.git.head import head_commit
from overlaytool.model.plan import CheckoutState, TreeCommit
from overlaytool.model.resolution import Into
from overlaytool.progress import Task
from overlaytool.survey import compare as comparing
from overlaytool.survey.compare import Comparison
from overlaytool.survey.content import IMAGE, Content
from overlaytool.survey.kept import Kept
from overlaytool.survey.line import Answer, Line, Outcome
from overlaytool.survey.measure import failed
from overlaytool.survey.order import Order, code
from overlaytool.survey.prepared import Prepared
from overlaytool.survey.rate import Rate
from overlaytool.survey.summary import Summary, summary
from overlaytool.workflow.standing import Standing
from overlaytool.workflow.surveying import check, close, content, work
from overlaytool.workflow.workspace import Workspace

if TYPE_CHECKING:
    from overlaytool.survey.engine import Crew

BATCH = 12
"""Packages in a task: a second of work, so that what a task costs the scheduler does not count."""
ALONE = 24
"""So few are worked out in this process."""

SPEAK_AFTER = 60.0
"""Seconds after which it is said how far things are, for who sees no bar."""

type Emit = Callable[[Line], None]
type Say = Callable[[str], None]


class Wish(Struct, frozen=True, kw_only=True):
    """What is wanted of a survey."""

    patterns: tuple[str, ...] = ()
    """``app-misc/``, ``app-misc/tmux``, ``dev-libs/lib*``; empty: every package."""
    into: Into = Into.IMAGE
    accept_keywords: bool = True
    trust: bool = False
    """Whether ebuilds of any tree may be sourced where a machine cannot contain them."""
    scheduler: str | None = None
    """Of Dask; None: processes on this machine."""
    workers: int = 1
    """How many processes, without a scheduler."""
    compare: Path | None = None
    """An earlier survey."""
    fresh: bool = False
    """Whether everything is worked out again."""


class Surveyed(Struct, frozen=True, kw_only=True):
    """What a survey found."""

    lines: tuple[Line, ...]
    """By package."""
    summary: Summary
    known: int
    """How many lines had been worked out before."""
    comparison: Comparison | None
    checkout: CheckoutState
    sources: tuple[TreeCommit, ...]
    into: Into
    boards: tuple[str, ...]


def survey(space: Workspace, wish: Wish, *, emit: Emit, say: Say) -> Surveyed:
    """Work out every package's line that is not known yet. Writes the user's cache, nothing else.

    :param emit: is given each line as soon as it and all before it are known; packages are in order.
    :param say: is given messages for the user.
    :raises UnknownPackageError: for a pattern that fits no package.
    :raises BaselineError: where what is to be compared with is no survey.
    :raises NetworkError, SurveyError, ToolMissingError: where there is nobody to do the work.
    :raises WriteError: where the cache cannot be written.
    :raises StaleError: where the trees were changed meanwhile.
    """
    before = comparing.read(wish.compare) if wish.compare else None
    order = _order(space, wish, trees="")
    with space.progress.task("reading the trees"):
        trees = content(order)
    order = _order(space, wish, trees=trees.total)
    packages = select(trees.packages(), wish.patterns)
    with closing(Kept(space.config.cache)) as kept:
        trees.answer(IMAGE, _image(space, wish.into, trees, kept))
        known = {} if wish.fresh else kept.known(order.question, packages, trees.key, trees.total)
        lines = _Lines(packages, emit)
        for package, line in known.items():
            lines.add(package, line)
        left = [package for package in packages if package not in known]
        if left:
            with space.progress.task("surveying", total=len(packages)) as task:
                task.advance(len(known))
                _work_out(order, wish, left, trees, kept, lines, task, say)
            with space.progress.task("reading the trees once more"):
                unchanged = content(order).total == trees.total
            kept.settle(trees.total, unchanged=unchanged)
            if not unchanged:
                raise StaleError("the trees were changed while they were surveyed", hint="run it again")
    return _surveyed(space, wish, tuple(lines), len(known), before)


def _order(space: Workspace, wish: Wish, trees: str) -> Order:
    return Order(
        checkout=str(space.checkout.path),
        sources=tuple((name, str(path)) for name, path in space.sources.items()),
        boards=tuple(board.name for board in space.boards),
        into=str(wish.into),
        accept_keywords=wish.accept_keywords,
        trust=wish.trust,
        trees=trees,
        code=code(),
    )


def select(packages: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The packages that one of the patterns fits: a category with its slash, a name, shell wildcards.

    :raises UnknownPackageError: for a pattern that fits none.
    """
    chosen: set[str] = set()
    there = set(packages)
    for pattern in patterns:
        whole = f"{pattern}*" if pattern.endswith("/") else pattern if "/" in pattern else f"*/{pattern}"
        found = (
            {whole} if whole in there else {package for package in packages if fnmatchcase(package, whole)}
        )
        if not found:
            raise UnknownPackageError(
                f"no package fits {pattern}",
                hint="a category is written with its slash: app-misc/",
            )
        chosen |= found
    return [package for package in packages if not patterns or package in chosen]


def _image(space: Workspace, into: Into, trees: Content, kept: Kept) -> bytes:
    """A digest of what the targets have that a request is compared with."""
    asked = blake2b(trees.checkout + trees.general + str(into).encode(), digest_size=16).digest()
    known = kept.whole(asked)
    if known is None:
        standing, state = Standing(space), blake2b(digest_size=16)
        with space.progress.task("looking at what the targets have"):
            for target in dict.fromkeys((Into.IMAGE, *targets.facts(into).beside, into)):
                metapackage = targets.facts(target).metapackage
                if metapackage is not None:
                    for view, names in sorted(standing.all_installed(metapackage).items()):
                        state.update(f"{metapackage} {view} {' '.join(sorted(names))}\n".encode())
        known = state.digest()
        kept.put_whole(asked, known)
    return known


class _Lines:
    """Lines that come in any order, and go out in that of the packages."""

    def __init__(self, packages: Sequence[str], emit: Emit) -> None:
        self._packages, self._emit, self._next = packages, emit, 0
        self._known: dict[str, Line] = {}

    def add(self, package: str, line: Line) -> None:
        """Take a line; let all go out that are not waiting for another one."""
        self._known[package] = line
        while self._next < len(self._packages) and self._packages[self._next] in self._known:
            self._emit(self._known[self._packages[self._next]])
            self._next += 1

    def __iter__(self) -> Iterator[Line]:
        return (self._known[package] for package in self._packages)


def _work_out(
    order: Order,
    wish: Wish,
    left: Sequence[str],
    trees: Content,
    kept: Kept,
    lines: _Lines,
    task: Task,
    say: Say,
) -> None:
    """Have the lines worked out that are left, and keep them."""

    rate, spoken = Rate(len(left)), time.monotonic()

    def take(answers: Sequence[Answer]) -> None:
        nonlocal spoken
        kept.put(
            order.question,
            [answer for answer in answers if answer.line.outcome is not Outcome.FAILED],
            trees.key,
            trees.total,
        )
        for answer in answers:
            lines.add(answer.line.package, answer.line)
        task.advance(len(answers))
        rate.add(len(answers))
        task.describe(f"surveying, {rate}")
        if time.monotonic() - spoken > SPEAK_AFTER:
            spoken = time.monotonic()
            say(f"{rate}")

    if wish.scheduler is None and len(left) <= ALONE:
        try:
            for package in left:
                take(work(order, [package]))
        finally:
            close()
        return
    batches = [left[start : start + BATCH] for start in range(0, len(left), BATCH)]
    with _crew(order, wish, say) as crew:
        died = list(_through(crew, order, batches, take))
        for (package,), reason in _through(
            crew, order, [[name] for batch, _ in died for name in batch], take
        ):
            take([Answer(line=failed(package, trees.source_of(package), reason))])


def _crew(order: Order, wish: Wish, say: Say) -> AbstractContextManager[Crew]:
    from overlaytool.survey import engine

    resource = f"overlaytool-{order.name}"
    if wish.scheduler is None:
        return engine.local(wish.workers, resource, say)
    return engine.remote(wish.scheduler, resource, say, Prepared(partial(check, order)))


def _through(
    crew: Crew, order: Order, batches: Sequence[Sequence[str]], take: Callable[[Sequence[Answer]], None]
) -> Iterator[tuple[Sequence[str], str]]:
    """Have batches worked out; those of which their worker died, and how."""
    for number, result in crew.results(Prepared(partial(work, order)), batches):
        if isinstance(result, str):
            yield batches[number], result
        else:
            take(result)


def _surveyed(
    space: Workspace, wish: Wish, lines: tuple[Line, ...], known: int, before: dict[str, Line] | None
) -> Surveyed:
    return Surveyed(
        lines=lines,
        summary=summary(lines),
        known=known,
        comparison=comparing.compare(before, lines) if before is not None else None,
        checkout=CheckoutState(commit=head_commit(space.checkout.path), version=space.checkout.version),
        sources=tuple(
            TreeCommit(name=name, commit=head_commit(path)) for name, path in space.sources.items()
        ),
        into=wish.into,
        boards=tuple(board.name for board in space.boards),
    )


MOST_REASONS = 200
"""Reasons that the page can be searched for."""


def page(surveyed: Surveyed) -> str:
    """The lines as one HTML file."""
    from overlaytool.report.survey import page as make

    return make(
        surveyed.lines,
        {
            "checkout": {"commit": surveyed.checkout.commit, "version": surveyed.checkout.version},
            "sources": [{"name": tree.name, "commit": tree.commit} for tree in surveyed.sources],
            "into": str(surveyed.into),
            "boards": list(surveyed.boards),
            "reasons": [
                {"words": reason.words, "hint": reason.hint, "packages": list(reason.packages)}
                for reason in surveyed.summary.reasons[:MOST_REASONS]
            ],
        },
    )
