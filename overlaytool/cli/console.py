"""The only module that prints: results on standard output, everything else on standard error.

Text that goes into a file or a pipe is written as it is, without rich, which takes longer to load than a
plan takes to show.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TextIO

from overlaytool.cli.options import ColorChoice
from overlaytool.progress import SilentTask, Task

if TYPE_CHECKING:
    from rich.console import Console

    from overlaytool.errors import OverlaytoolError

TAKEN_FOR_TERMINAL = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"})
"""Variables that tell rich of a terminal."""

type Part = str | tuple[str, str]
"""Text, or text and the style that it has on a terminal, ``bold green``."""

type Line = tuple[Part, ...]
"""A line, or several, in parts."""

_settings = {"color": ColorChoice.AUTO, "quiet": False, "verbose": False}


def configure(*, color: ColorChoice, quiet: bool, verbose: bool) -> None:
    """Take the global options; once, before anything is shown."""
    _settings.update(color=color, quiet=quiet, verbose=verbose)
    out.cache_clear()
    err.cache_clear()


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    color = _settings["color"]
    return Console(
        stderr=stderr,
        force_terminal=True if color is ColorChoice.ALWAYS else None,
        no_color=True if color is ColorChoice.NEVER else None,
        highlight=False,
        soft_wrap=True,
    )


@cache
def out() -> Console:
    """Standard output."""
    return _console(stderr=False)


@cache
def err() -> Console:
    """Standard error."""
    return _console(stderr=True)


def _print(line: Line, stream: TextIO, console: Callable[[], Console]) -> None:
    if _may_be_terminal(stream):
        from rich.text import Text

        console().print(Text.assemble(*line))
    else:
        print("".join(part if isinstance(part, str) else part[0] for part in line), file=stream)


def _may_be_terminal(stream: TextIO) -> bool:
    """Whether rich could take a stream for a terminal."""
    if _settings["color"] is ColorChoice.ALWAYS or not TAKEN_FOR_TERMINAL.isdisjoint(os.environ):
        return True
    return stream.isatty()


def show(*result: Part) -> None:
    """A line of a result."""
    _print(result, sys.stdout, out)


def write(text: str) -> None:
    """A result whose bytes matter: no markup, no wrapping, no colours."""
    sys.stdout.write(text)
    sys.stdout.flush()


def verbose() -> bool:
    """Whether to say more."""
    return bool(_settings["verbose"])


def mention(text: str) -> None:
    """A line of detail; only under ``--verbose``."""
    if _settings["verbose"]:
        _print((text,), sys.stderr, err)


def is_live() -> bool:
    """Whether standard error is a terminal on which something may move."""
    return _is_terminal() and not _settings["quiet"] and not _settings["verbose"]


def _is_terminal() -> bool:
    return sys.stderr.isatty() and err().is_terminal


def say(*message: Part) -> None:
    """A message by the way; not under ``--quiet``."""
    if not _settings["quiet"]:
        _print(message, sys.stderr, err)


def confirm(question: str, *, default: bool, unattended: bool) -> bool:
    """Ask on a terminal.

    :param default: what Enter says.
    :param unattended: the answer where there is no terminal, and nobody to ask.
    """
    if not (sys.stdin.isatty() and _is_terminal()):
        return unattended
    from rich.prompt import Confirm

    return Confirm.ask(question, console=err(), default=default)


def show_error(error: OverlaytoolError) -> None:
    """An error in three parts: what was asked, what was found, what to do next."""
    lines: list[Line] = [
        (("error: ", "bold red"), error.message),
        *((f"  {line}",) for line in error.details),
    ]
    if error.hint:
        lines.append((("  hint: ", "bold cyan"), error.hint))
    for line in lines:
        _print(line, sys.stderr, err)


def show_interrupted() -> None:
    """Ctrl-C."""
    _print(("interrupted",), sys.stderr, err)


class TerminalProgress:
    """Progress on standard error: bars on a terminal, nothing elsewhere."""

    @contextmanager
    def task(self, text: str, total: int | None = None) -> Iterator[Task]:
        """Draw a bar while the work goes on; it is wiped out at the end."""
        if _settings["quiet"] or not _is_terminal():
            yield SilentTask()
            return
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
        with Bars(*(columns if total else columns[:2]), console=err(), transient=True) as bars:
            yield _BarTask(bars.add_task(text, total=total), bars)


class _BarTask:
    def __init__(self, identity: object, bars: object) -> None:
        self._identity, self._bars = identity, bars

    def advance(self, steps: int = 1) -> None:
        self._bars.advance(self._identity, steps)  # type: ignore[attr-defined]

    def describe(self, text: str) -> None:
        self._bars.update(self._identity, description=text)  # type: ignore[attr-defined]
