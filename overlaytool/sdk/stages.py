"""The pipeline of a build: named stages, each with a log of its own, resumed where it broke."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.errors import OverlaytoolError, SdkError, WriteError
from overlaytool.model.build import (
    BuildFailure,
    BuildRequest,
    BuildResult,
    BuildRun,
    FailureKind,
    StageName,
    StageRecord,
    StageState,
)
from overlaytool.sdk import commands, emerge_log, failures, image_report, journal, lock
from overlaytool.sdk.container import Container
from overlaytool.sdk.emerge_log import Step
from overlaytool.support import process
from overlaytool.support.process import Completed

PACKAGES = (StageName.START, StageName.EMERGE, StageName.METAPACKAGE)
"""What `sdk emerge` does."""
IMAGES = (StageName.START, StageName.IMAGE, StageName.VM_IMAGE)
"""What `sdk image` does."""
EVERYTHING = tuple(stage for stage in StageName if stage is not StageName.SYSEXT)
"""What `add --build` does."""
SYSEXTS = (StageName.START, StageName.EMERGE, StageName.SYSEXT)
"""What `sysext build` does: it needs the image's package base, and binary packages of its own."""
BUILD_LOG_LINES = 12
"""Lines of a package's build log that an error shows."""


class Reporter(Protocol):
    """Who watches a build."""

    def began(self, stage: StageName, log: Path) -> None:
        """A stage begins; its whole output goes to ``log``."""

    def known(self, record: StageRecord) -> None:
        """A stage has been done before and is not done again."""

    def line(self, text: str) -> None:
        """One line of output."""

    def step(self, step: Step) -> None:
        """emerge has come to a package."""

    def ended(self, record: StageRecord) -> None:
        """A stage has ended, well or not."""


class StageFailed(SdkError):
    """A stage ended with an error."""

    def __init__(self, failure: BuildFailure, record: StageRecord, build_log: Sequence[str]) -> None:
        details = [*failure.excerpt]
        if failure.build_log:
            details += [f"build log: {failure.build_log} in the container; its last lines:", *build_log]
        details.append(f"whole output: {record.log}")
        super().__init__(
            f"stage {record.stage} failed: {failure.summary}", details=tuple(details), hint=failure.advice
        )
        self.failure = failure
        self.record = record


class Selection(Struct, frozen=True, kw_only=True):
    """Which stages are wanted."""

    stages: tuple[StageName, ...]
    start: StageName | None = None
    """``--from``: this one and what comes after it, whether done or not."""
    only: StageName | None = None
    """``--only``: this one alone, whether done or not."""

    @property
    def explicit(self) -> bool:
        """Whether the user said where to go on, so that the last run is continued as it stands."""
        return self.start is not None or self.only is not None

    def wanted(self) -> tuple[StageName, ...]:
        """The stages in order.

        :raises SdkError: when the stage that was named is none of these.
        """
        named = self.only or self.start
        if named and named not in self.stages:
            raise SdkError(
                f"no stage {named} here", hint=f"the stages are {', '.join(self.stages)}, in this order"
            )
        if self.only:
            return (self.only,)
        return self.stages[self.stages.index(self.start) :] if self.start else self.stages


def build(
    container: Container,
    request: BuildRequest,
    selection: Selection,
    *,
    fingerprint: str,
    reporter: Reporter,
) -> BuildRun:
    """Run the stages that are wanted and not done.

    :raises StageFailed: when one of them fails; what was done before it stays known.
    :raises LockedError: when another build is under way in the container.
    :raises SdkError: when the container cannot be made or does not see the checkout.
    """
    wanted = selection.wanted()
    with lock.held(container.state, container.name), process.termination_as_interrupt(), ExitStack() as up:
        pipeline = _Pipeline(container, request, reporter, image_follows=StageName.IMAGE in wanted)
        pipeline.start(up)
        pipeline.take_up(selection, fingerprint)
        for stage in wanted:
            if stage is StageName.START or (stage is StageName.EMERGE and not pipeline.run.request.atoms):
                continue
            record = pipeline.run.record(stage)
            if not selection.explicit and record and pipeline.is_done(stage):
                reporter.known(record)
            else:
                pipeline.perform(stage)
        return pipeline.run


def continues(last: BuildRun | None, request: BuildRequest, selection: Selection, fingerprint: str) -> bool:
    """Whether a request goes on with the last run: it is the same work on the same trees, or told to."""
    if last is None or last.request.board != request.board or last.request.into != request.into:
        return False
    if last.request.sysext != request.sysext:
        return False
    same_atoms = not request.atoms or last.request.atoms == request.atoms
    return same_atoms and (selection.explicit or last.fingerprint == fingerprint)


class _Pipeline:
    """The state of one call of `build`."""

    def __init__(
        self, container: Container, request: BuildRequest, reporter: Reporter, *, image_follows: bool
    ) -> None:
        self._image_follows = image_follows
        self._container = container
        self._reporter = reporter
        self._began = datetime.now(UTC)
        self.run = BuildRun(
            request=request,
            container=container.name,
            container_id="",
            build_id=container.build_id,
            fingerprint="",
            stages=(),
        )

    def start(self, up: ExitStack) -> None:
        """The container exists, runs until ``up`` closes, and sees the checkout."""
        container, log = self._container, self._log(StageName.START)
        self._reporter.began(StageName.START, log)
        _head(log, f"container {container.name} of {container.image} in {' '.join(container.engine.command)}")
        try:
            if container.running() is None:
                container.create(line=self._reporter.line, log=log)
            up.enter_context(container.up())
            container.end_commands()
            container.check_mounts()
        except OverlaytoolError:
            self._reporter.ended(self._record(StageName.START, StageState.FAILED, log, self._began))
            raise
        self._reporter.ended(self._record(StageName.START, StageState.DONE, log, self._began))

    def take_up(self, selection: Selection, fingerprint: str) -> None:
        """Go on with the last run, where this is the same work in the same container."""
        identity = self._container.identity()
        last = journal.load(self._container.state, self._container.name, self.run.request.board)
        if (
            last
            and last.container_id == identity
            and continues(last, self.run.request, selection, fingerprint)
        ):
            self.run = replace(last, build_id=self._container.build_id, fingerprint=fingerprint)
        else:
            self.run = replace(self.run, container_id=identity, fingerprint=fingerprint)

    def is_done(self, stage: StageName) -> bool:
        """Whether the run has done it, and its result is still there."""
        if stage in IMAGES and not image_report.latest(self._container.checkout, self.run.request.board):
            return False
        return stage is not StageName.SYSEXT and self.run.done(stage)

    def perform(self, stage: StageName) -> None:
        """Run a stage and write down how it ended."""
        container, log, began = self._container, self._log(stage), datetime.now(UTC)
        words = commands.command(stage, self.run.request, container.checkout)
        self._reporter.began(stage, log)
        _head(log, shlex.join(words))
        state = StageState.INTERRUPTED
        try:
            if stage is StageName.IMAGE:
                self._keep_reports()
            done = container.execute(words, line=self._line, log=log)
            state = StageState.DONE if done.ok else StageState.FAILED
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(f"{self._again(stage)} goes on from there")
            raise
        finally:
            record = self._record(stage, state, log, began)
            self.run = journal.with_record(self.run, record)
            journal.save(container.state, self.run)
            self._reporter.ended(record)
        if not done.ok:
            raise self._explained(record, done)

    def _explained(self, record: StageRecord, done: Completed) -> StageFailed:
        again = self._again(record.stage)
        failure = self._gone(again) or failures.explain(done.output, again=again)
        build_log = failure.build_log
        tail = self._container.read(build_log, last=BUILD_LOG_LINES) if build_log else ()
        return StageFailed(failure, record, tail)

    def _again(self, stage: StageName) -> str:
        return go_on(self.run.request, stage, image_follows=self._image_follows)

    def _gone(self, again: str) -> BuildFailure | None:
        if self._container.running():
            return None
        if self._container.engine.alive():
            return BuildFailure(
                kind=FailureKind.CONTAINER_GONE,
                summary=f"the container {self._container.name} has ended",
                advice=f"somebody stopped it, or the machine ran out of memory; `{again}` starts it again",
            )
        return BuildFailure(
            kind=FailureKind.ENGINE_GONE,
            summary=f"{self._container.engine.kind} does not answer any more",
            advice=f"start its service; afterwards `{again}`",
        )

    def _keep_reports(self) -> None:
        directory = image_report.latest(self._container.checkout, self.run.request.board)
        if directory:
            image_report.keep(directory, reports_before(self._container, self.run.request.board))

    def _line(self, text: str) -> None:
        self._reporter.line(text)
        if step := emerge_log.step(text):
            self._reporter.step(step)

    def _log(self, stage: StageName) -> Path:
        name = f"{self._began:%Y%m%d-%H%M%S}-{stage}.log"
        return journal.directory(self._container.state, self._container.name) / "logs" / name

    def _record(self, stage: StageName, state: StageState, log: Path, began: datetime) -> StageRecord:
        now = datetime.now(UTC)
        return StageRecord(
            stage=stage,
            state=state,
            seconds=round((now - began).total_seconds(), 1),
            log=str(log),
            finished=now.isoformat(timespec="seconds"),
        )


def _head(log: Path, text: str) -> None:
    """Begin a stage's log with what is done.

    :raises WriteError: when it cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"$ {text}\n", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"the log {log} cannot be written: {error.strerror}") from error


def result(container: Container, run: BuildRun) -> BuildResult:
    """What a run has made, from build_image's reports where it made an image.

    :raises SdkError: when a report is missing.
    """
    directory = image_report.latest(container.checkout, run.request.board)
    if directory is None or not run.done(StageName.IMAGE):
        return BuildResult(run=run, image=None, report=None, gain=None)
    report = image_report.read(directory)
    kept = reports_before(container, run.request.board)
    before = image_report.read(kept) if kept.is_dir() else None
    gain = image_report.gain(before, report) if before else None
    return BuildResult(run=run, image=str(directory), report=report, gain=gain)


def reports_before(container: Container, board: str) -> Path:
    """Where the reports of a board's image are kept while the next one is made."""
    return journal.directory(container.state, container.name) / f"reports-{board}"


def go_on(request: BuildRequest, stage: StageName, *, image_follows: bool) -> str:
    """The command that goes on from a stage; two of them where `add --build` broke before the image."""
    board = f"--board {request.board}"
    if request.sysext:
        words = ("overlaytool", "sysext", "build", request.sysext.name, *request.atoms)
        return f"{shlex.join(words)} {board} --from {stage}"
    if stage not in PACKAGES:
        return f"overlaytool sdk image {board} --from {stage}"
    packages = shlex.join(("overlaytool", "sdk", "emerge", *request.atoms))
    image = f" && overlaytool sdk image {board}" if image_follows else ""
    return f"{packages} {board} --from {stage}{image}"
