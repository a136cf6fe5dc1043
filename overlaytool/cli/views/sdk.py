"""How a build is watched: live on a terminal, plain lines elsewhere; and its result in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from overlaytool.cli import console
from overlaytool.model.build import BuildResult, ImageGain, StageName, StageRecord, StageState

if TYPE_CHECKING:
    from rich.console import RenderableType

    from overlaytool.sdk.emerge_log import Step
    from overlaytool.sdk.stages import Reporter

LAST_LINES = 8
"""Lines of the log below the stages."""
FILES_SHOWN = 12
MARKS = {StageState.DONE: "✓", StageState.FAILED: "✗", StageState.INTERRUPTED: "-"}


@contextmanager
def watch() -> Iterator[Reporter]:
    """Someone who watches a build and shows it."""
    if console.is_live():
        from rich.live import Live

        view = LiveView()
        with Live(view, console=console.err(), refresh_per_second=4, transient=False):
            yield view
    else:
        yield PlainView()


class PlainView:
    """One line for each stage and each package, for a log or a pipe."""

    def began(self, stage: StageName, log: Path) -> None:
        """A stage begins."""
        console.say(f"{stage}: its output goes to {log}")

    def known(self, record: StageRecord) -> None:
        """A stage that is not done again."""
        console.say(f"{record.stage}: done {record.finished}, not done again")

    def line(self, text: str) -> None:
        """One line of output; with --verbose."""
        console.mention(text)

    def step(self, step: Step) -> None:
        """emerge begins with a package."""
        if step.verb in ("building", "unpacking"):
            console.say(f"  {step.number} of {step.total}: {step.verb} {step.package}")

    def ended(self, record: StageRecord) -> None:
        """A stage has ended."""
        console.say(f"{record.stage}: {record.state} after {duration(record.seconds)}")


class LiveView:
    """The stages with their times, the package that is being built, and the log's last lines."""

    def __init__(self) -> None:
        self._ended: list[StageRecord] = []
        self._known: set[StageName] = set()
        self._stage: StageName | None = None
        self._log: Path | None = None
        self._since = time.monotonic()
        self._step: Step | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES)

    def began(self, stage: StageName, log: Path) -> None:
        """A stage begins."""
        self._stage, self._log, self._step, self._since = stage, log, None, time.monotonic()
        self._lines.clear()

    def known(self, record: StageRecord) -> None:
        """A stage that is not done again."""
        self._ended.append(record)
        self._known.add(record.stage)

    def line(self, text: str) -> None:
        """One line of output."""
        if text.strip():
            self._lines.append(text)

    def step(self, step: Step) -> None:
        """emerge has come to a package."""
        self._step = step

    def ended(self, record: StageRecord) -> None:
        """A stage has ended."""
        self._ended.append(record)
        self._stage = None

    def __rich__(self) -> RenderableType:
        """What is on the terminal now."""
        from rich.console import Group
        from rich.text import Text

        parts = [Text(self._past(record)) for record in self._ended]
        if self._stage:
            words = f"… {self._stage:12} {duration(time.monotonic() - self._since)}"
            if self._step:
                done = f"{self._step.number} of {self._step.total}"
                words += f"   {done} {self._step.verb} {self._step.package}"
            parts.append(Text(words, style="bold"))
            parts += [
                Text(f"    {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in self._lines
            ]
            parts.append(Text(f"  {self._log}", style="dim"))
        return Group(*parts)

    def _past(self, record: StageRecord) -> str:
        again = f"done {record.finished}, not done again" if record.stage in self._known else ""
        return f"{MARKS[record.state]} {record.stage:12} {again or duration(record.seconds)}"


def duration(seconds: float) -> str:
    """``75.2`` as ``1:15``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def result_text(result: BuildResult) -> str:
    """What a build has made, for standard output."""
    lines = [f"{result.run.request.board}: build id {result.run.build_id}"]
    if result.report:
        lines += [
            f"image {result.report.version}: {len(result.report.packages)} packages, "
            f"{len(result.report.files)} files, {amount(result.report.size)}",
            f"  {result.image}",
        ]
    if result.gain:
        lines += _gain(result.gain)
    elif result.report:
        lines.append("  no image before it to compare with")
    if result.run.done(StageName.VM_IMAGE):
        lines.append(f"boot it: overlaytool vm run --board {result.run.request.board}")
    return "\n".join(lines) + "\n"


def _gain(gain: ImageGain) -> list[str]:
    change = gain.size_after - gain.size_before
    lines = [f"against {gain.before}: {'+' if change >= 0 else '-'}{amount(abs(change))}"]
    lines += [f"  + {package}" for package in gain.packages_added]
    lines += [f"  - {package}" for package in gain.packages_removed]
    largest = sorted(gain.files_added, key=lambda file: (-file[1], file[0]))
    lines += [f"  + /{path}  {amount(size)}" for path, size in largest[:FILES_SHOWN]]
    if len(largest) > FILES_SHOWN:
        lines.append(f"  + {len(largest) - FILES_SHOWN} more files")
    lines += [f"  - /{path}" for path in gain.files_removed[:FILES_SHOWN]]
    if len(gain.files_removed) > FILES_SHOWN:
        lines.append(f"  - {len(gain.files_removed) - FILES_SHOWN} more files")
    if gain.licenses_added:
        lines.append(f"  licences it had not: {', '.join(gain.licenses_added)}")
    return lines


def amount(size: int) -> str:
    """Bytes in the unit that reads best: ``1536`` as ``1.5 KiB``."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
