"""A program at work on a terminal in the machine, as somebody who has logged in would see it."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from overlaytool.model.resolution import package_name
from overlaytool.model.vm import Machine, Run, TerminalSession
from overlaytool.support import terminal
from overlaytool.vm import ssh

COLUMNS, ROWS = 80, 24
LOGIN = 60.0
"""Seconds until the program's first word."""
SETTLE = 6.0
"""Seconds from then on; a program that draws the whole screen has drawn it."""
MULTIPLEXERS = {"screen": "screen {}", "tmux": "tmux new-session {}"}
"""Programs that another one is run in, as in the workshop, and how."""
GREETING = "Return to end"
"""What screen says below the page with its licence, until somebody presses Return."""


def line(wanted: Mapping[str, Sequence[str]], asked: Sequence[str]) -> str | None:
    """What to type: a program of the packages that were asked for, in a multiplexer where there is a new one.

    :param wanted: packages as CPV, with the paths of their programs.
    :param asked: those of them that were asked for.
    """
    names = {posixpath.basename(path) for paths in wanted.values() for path in paths}
    outer = next((form for name, form in MULTIPLEXERS.items() if name in names), "{}")
    for package in asked:
        programs = [posixpath.basename(path) for path in wanted.get(package, ())]
        programs = [program for program in programs if program not in MULTIPLEXERS]
        if programs:
            own = package_name(package).rpartition("/")[2]
            return outer.format(shlex.quote(own if own in programs else programs[0]))
    return None


def show(machine: Machine, command: str) -> TerminalSession | None:
    """Run a line in the machine and take a picture of its terminal; None where pyte is not installed.

    The program is ended after that, if it has not ended by itself.
    """
    try:
        import pyte
    except ImportError:
        return None
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    words = ssh.command(machine, (command,), terminal=True)
    with terminal.opened(words, columns=COLUMNS, rows=ROWS) as opened:
        stream.feed(opened.read(SETTLE, first=LOGIN))
        if any(GREETING in row for row in screen.display):
            opened.write(b"\r")
            stream.feed(opened.read(SETTLE))
        status = opened.status()
    rows = [tuple(_runs([screen.buffer[row][column] for column in range(COLUMNS)])) for row in range(ROWS)]
    while rows and not any(run.text.strip() for run in rows[-1]):
        rows.pop()
    return TerminalSession(command=command, rows=tuple(rows), columns=COLUMNS, status=status)


def _runs(cells: Sequence[object]) -> Iterator[Run]:
    """Neighbours that look the same as one; a wide character is followed by an empty cell."""

    def look(cell: object) -> tuple[str, str, bool, bool, bool]:
        values = {name: getattr(cell, name) for name in ("fg", "bg", "bold", "underscore", "reverse")}
        return values["fg"], values["bg"], values["bold"], values["underscore"], values["reverse"]

    for (foreground, background, bold, underline, reverse), same in groupby(cells, key=look):
        yield Run(
            text="".join(getattr(cell, "data") for cell in same),  # noqa: B009
            foreground=foreground,
            background=background,
            bold=bold,
            underline=underline,
            reverse=reverse,
        )
