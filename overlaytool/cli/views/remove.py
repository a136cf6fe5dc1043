"""A removal, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Line
from overlaytool.cli.views.audit import plain
from overlaytool.model.removal import Removal, RemovedFile

MOST = 20
"""Mentions that are shown; the rest are counted. ``-v`` and the document have them all."""


def show(removal: Removal) -> None:
    """Sections; those with nothing in them are left out."""
    console.show((f"remove {' '.join(removal.request)} on {', '.join(removal.boards)}", "bold"))
    for title, lines in _sections(removal):
        shown = list(lines)
        if shown:
            console.show((f"\n{title}", "bold"))
            for line in shown:
                console.show(*line)


def _sections(removal: Removal) -> Iterator[tuple[str, Iterable[Line]]]:
    yield "Lines that ask for it", map(_asking, removal.lines)
    yield (
        "Packages",
        (line for package in removal.packages for line in _with_proof(package.package, package.because)),
    )
    yield "Mark as provided", ((f"  {change.cpv}",) for change in removal.provided)
    yield (
        "Profile entries",
        (
            (
                "  ",
                (plain(entry.text.strip()), "red"),
                (f"  {entry.file}:{entry.line}; {entry.because}", "dim"),
            )
            for entry in removal.entries
        ),
    )
    yield "Hooks and patches", _files(removal.hooks)
    yield "Eclasses", _files(removal.eclasses)
    yield "Licences", _files(removal.licenses)
    yield "Out of the automation list", ((f"  {name}",) for name in removal.listed)
    yield "The image loses", ((f"  {cpv}",) for cpv in removal.leaves_image)
    yield "Work for you: these still name it", _mentions(removal)


def _asking(line: Any) -> Line:
    bump = f", r{line.revision[0]} becomes r{line.revision[1]}" if line.revision else ""
    return ("  ", (f"- {line.package}", "red"), (f"  {line.target}: {line.file}{bump}", "dim"))


def _with_proof(name: str, because: str) -> Iterator[Line]:
    yield ("  ", (name, "red"))
    yield ((f"    {because}", "dim"),)


def _files(files: Iterable[RemovedFile]) -> Iterator[Line]:
    for file in files:
        yield ("  ", (file.name, "red"), (f"  {file.because}", "dim"))


def _mentions(removal: Removal) -> Iterator[Line]:
    shown = removal.mentions if console.verbose() else removal.mentions[:MOST]
    for mention in shown:
        yield (f"  {mention.file}:{mention.line}  ", (plain(mention.text), "magenta"))
    if len(removal.mentions) > len(shown):
        yield ((f"  and {len(removal.mentions) - len(shown)} more; -v shows them", "dim"),)


def to_data(removal: Removal) -> dict[str, Any]:
    """The document: the record's fields, with ``schema``."""
    return {"schema": 1, **to_builtins(removal)}
