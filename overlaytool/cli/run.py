"""A command from its words to its exit status: whatever goes wrong becomes a message and a status."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn

import typer

from overlaytool.cli import console, signals
from overlaytool.early import ENDING
from overlaytool.ebuild import runtime
from overlaytool.errors import AmbiguousPackageError, OverlaytoolError, UsageError, WriteError

EXIT_BUG = 70
"""An exception that nobody expected; sysexits.h calls it an internal software error."""

BadUsage: type[Exception] = typer.BadParameter.__mro__[1]
"""click's UsageError. Typer brings a click of its own since 0.27, under a private name."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
"""What a disk says when it cannot be written, wherever that is met."""


def main(arguments: Sequence[str]) -> NoReturn:
    """Run a command and end the process.

    Garbage is neither collected nor taken apart at the end: a command is over before it would matter, and
    each costs a tenth of the time of a plan.
    """
    gc.disable()
    status = 0
    try:
        status = run(arguments)
        signals.ignore()
    except BaseException as error:
        signals.ignore()
        status = _end(error, wants_json(arguments))
    atexit._run_exitfuncs()
    os._exit(_flush(status, wants_json(arguments)))


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command that ends of its own accord; what else happens is raised.

    :raises BaseException: everything that :func:`main` has words for.
    """
    _open_streams()
    signals.listen()
    runtime.start()
    from overlaytool.cli import app

    if "_OVERLAYTOOL_COMPLETE" in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
        app.command()._main_shell_completion({}, "overlaytool")
    if sys.stdout.name == os.devnull:  # see _open_streams
        raise WriteError("standard output is closed", hint="redirect it to a file or to /dev/null")
    while True:
        try:
            app.invoke(arguments)
        except AmbiguousPackageError as error:  # nothing is done yet: names are looked up first
            arguments = _chosen(error, arguments)
        else:
            return 0


def _chosen(error: AmbiguousPackageError, arguments: Sequence[str]) -> list[str]:
    """The command line with the package that a person chooses on a terminal.

    :raises AmbiguousPackageError: where nobody is there to choose.
    """
    places = [number for number, word in enumerate(arguments) if word.strip() == error.typed]
    if not places or wants_json(arguments):
        raise error
    choice = console.choose(error.message, error.choices)
    if choice is None:
        raise error
    return [choice if number in places else word for number, word in enumerate(arguments)]


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether an error has to be a JSON object; asked before options are parsed, since that can fail, too."""
    words = " ".join(arguments).replace("--format=", "--format ").split()
    given = [following for word, following in pairwise(words) if word == "--format"]
    return (given or [os.environ.get("OVERLAYTOOL_FORMAT", "")])[-1] == "json"


def _open_streams() -> None:
    """Open /dev/null for closed standard streams, so that no file gets their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123
        else:  # a name that is no UTF-8, or a terminal that knows less, is no reason to fail
            stream.reconfigure(errors="replace" if name == "stdin" else "backslashreplace")


def _end(error: BaseException, as_json: bool) -> int:
    """Say what ended a command, and with which status."""
    number = error.args[0] if isinstance(error, KeyboardInterrupt) and error.args else None
    if isinstance(error, KeyboardInterrupt) or signals.received:
        ending = signal.Signals(number or (signals.received or [signal.SIGINT])[-1])
        console.show_ended(ENDING[ending], getattr(error, "__notes__", ()))
        return 128 + ending
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if isinstance(error, BrokenPipeError):  # nobody reads any more
        return 0
    if type(error).__name__ == "NoArgsIsHelpError" and not as_json:  # a group without a command
        console.say(error.format_message())  # type: ignore[attr-defined]
        return UsageError.exit_status
    said = _as_ours(error)
    if said is None:
        console.show_bug(error, as_json=as_json, status=EXIT_BUG)
        return EXIT_BUG
    console.show_error(said, as_json=as_json)
    return said.exit_status


def _as_ours(error: BaseException) -> OverlaytoolError | None:
    """An error of the command line or of the disk in the form of all others; None for one nobody expected."""
    if isinstance(error, OverlaytoolError):
        return error
    if isinstance(error, BadUsage):
        return _usage(error)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        if _raised_by_click(error):  # writing its help
            return console.unwritable(error)
        return WriteError(f"{error.filename or 'a file'} cannot be written: {error.strerror}")
    return None


def _raised_by_click(error: BaseException) -> bool:
    """Whether the innermost function is one of click's."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and "click" in trace.tb_frame.f_globals.get("__name__", "")


def _usage(error: Exception) -> OverlaytoolError:
    """What click says of wrong usage, with the usage below it and where to read more."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).strip().rstrip(".").removeprefix("Invalid value: ")  # type: ignore[attr-defined]
    if context is None:
        return UsageError(_lower(message), hint="overlaytool --help")
    usage = " ".join(context.get_usage().split()).removeprefix("Usage: ")
    if type(error).__name__ == "NoArgsIsHelpError":
        message = "a command is missing"
    return UsageError(
        _lower(message), details=(f"usage: {usage}",), hint=f"{context.command_path} --help says more"
    )


def _lower(message: str) -> str:
    """A sentence of click's as one of ours."""
    return message[:1].lower() + message[1:]


def _flush(status: int, as_json: bool) -> int:
    """Write what is still in the buffers; the status, if that is done."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        if status == 0:
            said = console.unwritable(error)
            console.show_error(said, as_json=as_json)
            status = said.exit_status
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    return status
