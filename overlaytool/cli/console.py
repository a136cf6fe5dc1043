"""The only module that prints: results on standard output, everything else on standard error.

Text that goes into a file or a pipe is written as it is, without rich, which takes longer to load than a
plan takes to show.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, TextIO

from overlaytool.cli.options import ColorChoice
from overlaytool.progress import SilentTask, Task
from overlaytool.support.text import inert, visible

if TYPE_CHECKING:
    from rich.console import Console

    from overlaytool.errors import OverlaytoolError

TAKEN_FOR_TERMINAL = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"})
"""Variables that tell rich of a terminal."""

REPORT = "this is a bug in overlaytool: please report it, with the lines above"

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
    """Write a line; what standard error does not take is lost.

    :raises WriteError: where standard output cannot be written.
    """
    try:
        _write_line(line, stream, console)
    except BrokenPipeError:
        if stream is sys.stdout:
            raise
    except OSError as error:
        if stream is sys.stdout:
            raise unwritable(error) from None


def unwritable(error: OSError) -> OverlaytoolError:
    """What is said when standard output takes nothing more."""
    from overlaytool.errors import WriteError

    return WriteError(f"standard output cannot be written: {error.strerror}")


def _write_line(line: Line, stream: TextIO, console: Callable[[], Console]) -> None:
    line = tuple(visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in line)
    if _may_be_terminal(stream):
        from rich.text import Text

        text = Text.assemble(*line)
        if not stream.isatty():  # colours for a pipe
            console().print(text)
            return
        from overlaytool.cli.wrap import wrapped

        for part in wrapped(text, console().width):
            console().print(part)
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
    """A result whose bytes matter: no markup, no wrapping, no colours.

    :raises WriteError: where standard output cannot be written.
    """
    try:
        sys.stdout.write(inert(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from None


def write_bytes(content: bytes) -> None:
    """A result that may be no text, as it is.

    :raises WriteError: where standard output cannot be written.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from None


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


def confirm(question: str, *, default: bool, unattended: bool | None) -> bool:
    """Ask, and wait for a line on standard input: typed, or piped in by ``echo y |``.

    :param default: what an empty line says.
    :param unattended: the answer where nobody answers; None makes that an error.
    :raises UsageError: for want of an answer.
    """
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        with suppress(OSError):
            sys.stderr.write(f"{question} {choices} ")
            sys.stderr.flush()
        answer = sys.stdin.readline()
        if not (sys.stdin.isatty() and answer.endswith("\n")):  # nobody has pressed Enter
            _print(("",), sys.stderr, err)
        match answer.strip().lower():
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
            case "" if answer:
                return default
            case "":
                return _unanswered(unattended)
            case other:
                _print((f"{other!r} is neither yes nor no",), sys.stderr, err)


def choose(question: str, choices: Sequence[str]) -> str | None:
    """Let a person on a terminal choose; None where there is none, or nothing is chosen."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    _print((question,), sys.stderr, err)
    for number, choice in enumerate(choices, 1):
        _print((f"  {number}  ", (choice, "green")), sys.stderr, err)
    while True:
        with suppress(OSError):
            sys.stderr.write(f"Which one? [1-{len(choices)}] ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip()
        if not line.endswith("\n"):
            _print(("",), sys.stderr, err)
        if not answer:
            return None
        if answer.isdecimal() and 0 < int(answer) <= len(choices):
            return choices[int(answer) - 1]
        if answer in choices:
            return answer
        _print((f"{answer!r} is none of the numbers",), sys.stderr, err)


def _unanswered(unattended: bool | None) -> bool:
    if unattended is None:
        from overlaytool.errors import UsageError

        raise UsageError(
            "nobody is there to say yes",
            details=("standard input ended without an answer; nothing was written",),
            hint="--yes writes without asking, --dry-run stops before it",
        )
    return unattended


def show_error(error: OverlaytoolError, *, as_json: bool = False) -> None:
    """An error in three parts: what was asked, what was found, what to do next.

    As JSON it is one object on a line of its own.
    """
    if as_json:
        _show_json(
            kind=type(error).__name__,
            status=error.exit_status,
            message=error.message,
            details=error.details,
            hint=error.hint,
        )
        return
    lines: list[Line] = [
        (("error: ", "bold red"), error.message),
        *((f"  {line}",) for line in error.details),
    ]
    if error.hint:
        lines.append((("  hint: ", "bold cyan"), error.hint))
    for line in lines:
        _print(line, sys.stderr, err)


def show_bug(error: BaseException, *, status: int, as_json: bool) -> None:
    """An exception that nobody expected."""
    import traceback

    trace = "".join(traceback.format_exception(error))
    if as_json:
        _show_json(kind="Bug", status=status, message=repr(error), details=trace.splitlines(), hint=REPORT)
    else:
        _print((trace,), sys.stderr, err)
        _print((REPORT,), sys.stderr, err)


def _show_json(*, kind: str, status: int, message: str, details: Sequence[str], hint: str | None) -> None:
    import json

    error = {"kind": kind, "status": status, "message": message, "details": list(details), "hint": hint}
    with suppress(OSError):
        print(json.dumps({"schema": 1, "error": error}), file=sys.stderr)


def show_ended(word: str, notes: Sequence[str] = ()) -> None:
    """A signal has ended the command; ``notes`` say how to go on, where there is a way."""
    _print((word,), sys.stderr, err)
    for note in notes:
        _print((("  hint: ", "bold cyan"), note), sys.stderr, err)


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

        columns = [
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        ]
        with Bars(*(columns if total else columns[:2]), console=err(), transient=True) as bars:
            yield _BarTask(bars.add_task(visible(text), total=total), bars)


class _BarTask:
    def __init__(self, identity: object, bars: object) -> None:
        self._identity, self._bars = identity, bars

    def advance(self, steps: int = 1) -> None:
        self._bars.advance(self._identity, steps)  # type: ignore[attr-defined]

    def describe(self, text: str) -> None:
        self._bars.update(self._identity, description=visible(text))  # type: ignore[attr-defined]
