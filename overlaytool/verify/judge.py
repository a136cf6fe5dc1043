"""Ask Portage about a checkout: every board, its production image, and the build host, side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.plan import Selected
from overlaytool.model.resolution import Board, Into
from overlaytool.model.verdict import Complaint, JudgedView, Verdict, ViewKind
from overlaytool.progress import Progress, SilentTask, Task
from overlaytool.verify import complaints, emerge, extensions, root
from overlaytool.verify.emerge import MetadataLookup
from overlaytool.verify.run import Run
from overlaytool.verify.steps import NO_STEPS, Steps

BINARIES_ONLY = {"--usepkg": True, "--usepkgonly": True, "--binpkg-respect-use": "y"}
"""How build_image's emerge_to_image calls emerge."""
UNWATCHED = SilentTask()


class Question(Struct, frozen=True, kw_only=True):
    """What Portage is asked."""

    checkout: Checkout
    boards: tuple[Board, ...]
    lookup: MetadataLookup
    """Where Portage has the metadata of ebuilds from."""
    atoms: tuple[str, ...]
    """The packages in question; empty for all that the metapackages pull in."""
    into: Into = Into.IMAGE
    """Where the packages belong: those for a sysext are no matter of the production image."""
    steps: Steps = NO_STEPS
    """What was changed in the checkout since ``base``."""
    selected: tuple[Selected, ...] = ()
    """What a plan says that emerge will take, to be compared with what it takes."""
    with_metapackage: bool = False
    """Whether the metapackage that got the request is resolved with the packages, as the build will do it.

    What they do to the rest of the image shows only then: slots and USE flags that both want.
    """
    linked: tuple[Path, ...] = ()
    """Trees that links in the checkout lead to."""
    base: str | None = None
    """The commit to compare with; None for no comparison."""
    limit: float = emerge.LIMIT
    """Seconds for one process of Portage."""


def verify(
    question: Question, progress: Progress, base: Callable[[], AbstractContextManager[Checkout]] | None = None
) -> Verdict:
    """Ask Portage, and compare what it complains of with the checkout at the plan's base.

    :param base: opens the checkout as it was before the plan; called only when there are complaints.
    :raises ToolMissingError: when Portage is missing or too old.
    :raises HungError: when it does not come to an end.
    :raises PortageError: when it fails in a way that is no answer.
    """
    version = emerge.portage_version()
    with progress.task("Asking Portage") as task:
        views, found = ask(question, task)
    if found and base is not None:
        with progress.task("Asking Portage about the checkout before the plan") as task, base() as checkout:
            _, old = ask(replace(question, checkout=checkout), task)
        found = _mark_old(found, old)
    found = tuple(sorted(found, key=lambda complaint: complaint.before))
    return Verdict(atoms=question.atoms, portage=version, base=question.base, views=views, complaints=found)


def ask(question: Question, task: Task) -> tuple[tuple[JudgedView, ...], tuple[Complaint, ...]]:
    """Every view of one checkout, in the order of the boards, the build host last."""
    places: list[Board | None] = [] if question.into is Into.SDK and question.atoms else [*question.boards]
    if question.into is Into.SDK or not question.atoms:
        places.append(None)
    asking = _Asking(question, task)
    with ThreadPoolExecutor(max_workers=min(len(places), os.cpu_count() or 1)) as pool:
        try:
            answers = list(pool.map(asking.one, places))
        except BaseException:
            asking.processes.end_all()  # nobody waits for the others any more
            raise
    views = tuple(view for answer in answers for view in answer[0])
    return views, tuple(complaint for answer in answers for complaint in answer[1])


class _Counter:
    """Counts the ebuilds that Portage has read, over all processes, and shows it."""

    def __init__(self, task: Task) -> None:
        self._task, self._count, self._lock = task, 0, threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._count += 1
            if self._count % 20 == 0:
                self._task.describe(f"Asking Portage: {self._count} ebuilds read")


class _Asking:
    """What the processes of one question have in common."""

    def __init__(self, question: Question, task: Task) -> None:
        self._question, self._heard = question, _Counter(task)
        self.processes = emerge.Processes()

    def one(self, board: Board | None) -> tuple[list[JudgedView], list[Complaint]]:
        """One process of Portage: a board with its production image, or the build host."""
        question = self._question
        if board is None:
            return self._carried_out(_host_runs(question), None)
        together = () if question.atoms else extensions.together(question.checkout, board)
        apart = () if question.atoms else extensions.with_flags(question.checkout, board)
        views, found = self._carried_out([*_board_runs(question, board), *together, *apart], board)
        if any(complaint.target is None and complaint.kind in extensions.IN_ONE_ROOT for complaint in found):
            alone = extensions.alone(question.checkout, board)
            more, others = self._carried_out(alone, board)
            views = [view for view in views if view.view is not ViewKind.EXTENSIONS or view.target] + more
            found = [one for one in found if one.view is not ViewKind.EXTENSIONS or one.target] + others
        return views, found

    def _carried_out(self, runs: list[Run], board: Board | None) -> tuple[list[JudgedView], list[Complaint]]:
        """Some runs in one process, with what is selected in all of them held against the plan."""
        question = self._question
        with emerge.standby(self.processes) as portage:
            job = {
                "roots": _roots(portage.directory, question.checkout, board),
                "runs": [run.as_job() for run in runs],
                "new": sorted(question.steps.added),
                "root_deps": question.checkout.root_deps,
                "read": [str(tree) for tree in (*question.checkout.repositories, *question.linked)],
            }
            report = portage.run(job, question.lookup, self._heard, question.limit)
        return _read(question, board, runs, report["runs"])


def _read(
    question: Question, board: Board | None, runs: list[Run], answers: list[dict[str, Any]]
) -> tuple[list[JudgedView], list[Complaint]]:
    name = board.name if board else None
    views: list[JudgedView] = []
    found: list[Complaint] = []
    taken: list[list[str]] = []
    for run, answer in zip(runs, answers, strict=True):
        views.append(
            JudgedView(
                view=run.view,
                board=name,
                atoms=run.atoms,
                packages=len(answer["packages"]),
                judged=answer["judged"],
                complete=not answer["more"],
                target=run.name,
            )
        )
        found += [
            replace(
                complaints.read(finding, view=run.view, board=name, steps=question.steps), target=run.name
            )
            for finding in answer["findings"]
        ]
        if run.view is not ViewKind.PRODUCTION:
            taken += answer["packages"]
    judged = (answer["success"] for run, answer in zip(runs, answers, strict=True))
    if all(judged) or (question.atoms and answers[0]["success"]):
        found += complaints.disagreements(question.selected, name, taken)
    return views, found


def _roots(directory: Path, checkout: Checkout, board: Board | None) -> dict[str, dict[str, str]]:
    roots = {"host": root.host(directory, checkout)}
    if board is not None:
        roots["board"] = root.board(directory, checkout, board)
        roots["production"] = root.production(directory, checkout, board)
    return {name: {"path": str(made.path), "repositories": made.repositories} for name, made in roots.items()}


def _board_runs(question: Question, board: Board) -> list[Run]:
    """The board root, then the image from what was merged there."""
    image, more = targets.metapackage(Into.IMAGE), targets.metapackage(Into.BOARD)
    atoms = question.atoms or (image, more)
    if question.with_metapackage and question.into is not Into.SDK:
        metapackage = targets.facts(question.into).metapackage
        atoms = (*atoms, *((metapackage,) if metapackage is not None else ()))
    in_image = question.into is Into.IMAGE
    shipped = tuple(atom for atom in atoms if atom != more and (in_image or atom not in question.atoms))
    return [
        Run(
            view=ViewKind.BOARD,
            target="board",
            atoms=tuple(dict.fromkeys(atoms)),
            options={},
        ),
        Run(
            view=ViewKind.PRODUCTION,
            target="production",
            atoms=tuple(dict.fromkeys(shipped)),
            options=BINARIES_ONLY,
            binaries_of=ViewKind.BOARD,
        ),
    ][: 2 if shipped else 1]


def _host_runs(question: Question) -> list[Run]:
    alone = question.atoms and not question.with_metapackage
    metapackage = () if alone else (targets.metapackage(Into.SDK),)
    own = () if question.atoms else extensions.of_sdk_build(question.checkout)
    atoms = tuple(dict.fromkeys((*question.atoms, *metapackage, *own)))
    return [Run(view=ViewKind.HOST, target="host", atoms=atoms, options={})]


def _mark_old(found: Sequence[Complaint], old: Sequence[Complaint]) -> tuple[Complaint, ...]:
    known = {_identity(complaint) for complaint in old}
    return tuple(replace(complaint, before=_identity(complaint) in known) for complaint in found)


def _identity(complaint: Complaint) -> tuple[object, ...]:
    """What makes two complaints the same one: not the way to it, nor what was passed over."""
    return (
        complaint.kind,
        complaint.view,
        complaint.board,
        complaint.root,
        complaint.atom,
        complaint.cpvs,
        complaint.needs,
        complaint.target,
    )
