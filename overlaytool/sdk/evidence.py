"""Keeps the results of the stages of a build, for the text of the pull request."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from overlaytool.flatcar import targets
from overlaytool.model.build import BuildRequest, StageName, StageRecord, StageState
from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.sdk.emerge_log import Step
from overlaytool.sdk.stages import Reporter
from overlaytool.support import evidence

STAGES = {StageName.METAPACKAGE: Stage.EMERGE, StageName.IMAGE: Stage.IMAGE, StageName.VM_IMAGE: Stage.VM}
STAGES[StageName.SYSEXT] = Stage.SYSEXT
"""The metapackage's stage speaks for all packages: it ends well when the whole image can be emerged."""
LINES = 25
"""Lines of output that a reviewer gets to see."""


class Witness:
    """A reporter that passes everything on, and writes down what it saw."""

    def __init__(self, reporter: Reporter, request: BuildRequest, *, state: Path, tree: str) -> None:
        self._reporter = reporter
        self._request = request
        self._state = state
        self._tree = tree
        self._lines: deque[str] = deque(maxlen=LINES)
        self._packages = 0

    def began(self, stage: StageName, log: Path) -> None:
        """A stage begins."""
        self._lines.clear()
        self._packages = 0
        self._reporter.began(stage, log)

    def known(self, record: StageRecord) -> None:
        """A stage is not done again, and was witnessed when it was."""
        self._reporter.known(record)

    def line(self, text: str) -> None:
        """One line of output."""
        self._lines.append(text)
        self._reporter.line(text)

    def step(self, step: Step) -> None:
        """emerge has come to a package."""
        self._packages = step.total
        self._reporter.step(step)

    def ended(self, record: StageRecord) -> None:
        """A stage has ended: its evidence, unless it was broken off."""
        stage = STAGES.get(record.stage)
        if stage and record.state is not StageState.INTERRUPTED:
            self._record(stage, record)
        self._reporter.ended(record)

    def _record(self, stage: Stage, record: StageRecord) -> None:
        passed = record.state is StageState.DONE
        packages = f", {self._packages} packages" if self._packages else ""
        evidence.record(
            self._state,
            Evidence(
                stage=stage,
                command=_command(stage, self._request),
                outcome=Outcome.PASSED if passed else Outcome.FAILED,
                summary=f"{'done' if passed else 'failed'} after {record.seconds:.0f} s{packages}",
                output="\n".join(self._lines),
                tree=self._tree,
                when=record.finished,
            ),
        )


def _command(stage: Stage, request: BuildRequest) -> str:
    """The command in the container, as a person would type it there."""
    if stage is Stage.EMERGE:
        words = (f"emerge-{request.board}", *request.atoms, targets.metapackage(request.into))
        return " ".join(words)
    if stage is Stage.SYSEXT and request.sysext:
        return " ".join(("./build_sysext", f"--board={request.board}", request.sysext.name, *request.atoms))
    script = "./build_image" if stage is Stage.IMAGE else "./image_to_vm.sh"
    return f"{script} --board={request.board}"
