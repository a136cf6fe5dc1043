"""Which EAPIs an eclass refuses, read from its text: what bash would say of such an ebuild, without bash.

Gentoo's eclasses begin with ``case ${EAPI} in 7|8) ;; *) die "${ECLASS}: EAPI ${EAPI:-0} not supported"``.
An old tree has tens of thousands of ebuilds that end there, and to source one takes hundredths of a second.
Only what stands at the beginning of a line and outside of conditions counts; whatever is written in another
way is left to bash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from overlaytool.ebuild.eclass import WORD
from overlaytool.support.files import read_text

CASE = re.compile(r'^case "?\$\{EAPI(?::-0)?\}"? in\n((?:[ \t].*\n|\n)*)esac\b', re.MULTILINE)
BRANCH = re.compile(r"^([ \t]+)\(?([^\s()]+)\)[ \t]*(.*)$")
EAPIS = re.compile(r"(?:[0-9]|\[[0-9]+\])(?:\|(?:[0-9]|\[[0-9]+\]))*")
"""A pattern of single EAPIs: ``7|8`` or ``[78]``."""
DIE = re.compile(r'die "((?:[^"$`\\]|\$\{ECLASS\}|\$\{EAPI(?::-0)?\})*)"')
OPENS = re.compile(r"(?:if|case|for|while|until|select)\b|(?:function\s|[\w-]+\s*\(\)).*\{\s*$|\{\s*$")
CLOSES = re.compile(r"(?:fi|esac|done)\b|\}")
CLOSED_AT_ONCE = re.compile(r"[;\s](?:fi|esac|done)\s*$")
ONLY_ONCE = re.compile(r"if \[\[ (?:-z|!) \"?\$\{_\w+\}\"? \]\]\s*;?\s*(?:then)?\s*$")
"""What an eclass puts around its code so that it runs once: no condition for the first time."""


class Guard(Struct, frozen=True):
    """The ``case`` of an eclass."""

    eapis: frozenset[str]
    """Those that do not end in its last branch."""
    message: str
    """What that dies with; variables are not expanded."""
    line: int
    """Where in the file."""


class Guards:
    """Those of the eclasses that the ebuilds of one tree are sourced with."""

    def __init__(self, path: Callable[[str], Path | None]) -> None:
        """:param path: gives an eclass's file by its name."""
        self._path = path
        self._read: dict[str, tuple[Guard | None, tuple[str, ...]]] = {}
        self._refused: dict[tuple[str, str], str | None] = {}

    def refusal(self, text: str, eapi: str) -> str | None:
        """What the first eclass dies with that an ebuild surely inherits and that refuses its EAPI, or None.

        :param text: the ebuild.
        """
        found = (self._refusal(name, eapi) for name in surely_inherited(text))
        return next(filter(None, found), None)

    def _refusal(self, name: str, eapi: str) -> str | None:
        key = (name, eapi)
        if key not in self._refused:
            self._refused[key] = None  # for an eclass that inherits itself
            guard, inherited = self._eclass(name)
            if guard is not None and eapi not in guard.eapis:
                self._refused[key] = _said(guard, name, eapi)
            else:
                nested = (self._refusal(other, eapi) for other in inherited)
                self._refused[key] = next(filter(None, nested), None)
        return self._refused[key]

    def _eclass(self, name: str) -> tuple[Guard | None, tuple[str, ...]]:
        """An eclass's guard, and the eclasses that it surely inherits."""
        if name not in self._read:
            path = self._path(name)
            try:
                text = read_text(path, errors="replace") if path is not None else ""
            except OSError:
                text = ""
            self._read[name] = (guard_of(text), tuple(surely_inherited(text)))
        return self._read[name]


def _said(guard: Guard, name: str, eapi: str) -> str:
    """The message as pkgcore gives it."""
    message = guard.message.replace("${ECLASS}", name)
    message = message.replace("${EAPI:-0}", eapi).replace("${EAPI}", eapi)
    return f"{message}, ({name}.eclass, line {guard.line}: called die)"


def guard_of(text: str) -> Guard | None:
    """What an eclass says about EAPIs; None where it says nothing, or not in the usual way."""
    case = CASE.search(text)
    if case is None:
        return None
    eapis: set[str] = set()
    indent = None
    lines = case[1].splitlines()
    for number, line in enumerate(lines):
        branch = BRANCH.match(line)
        if branch is None or branch[1] != (indent := indent or branch[1]):
            continue
        if branch[2] == "*":
            body = "\n".join((branch[3], *lines[number + 1 :])).lstrip()
            died = DIE.match(body)
            at = number + (0 if branch[3] else 1)
            return (
                Guard(frozenset(eapis), died[1], text.count("\n", 0, case.start(1)) + at + 1)
                if died
                else None
            )
        if not EAPIS.fullmatch(branch[2]):
            return None
        eapis.update(re.findall("[0-9]", branch[2]))
    return None


def surely_inherited(text: str) -> Iterator[str]:
    """The eclasses that a text inherits under no condition, in order, as far as that can be told."""
    if "inherit" not in text:
        return
    closing: list[bool] = []
    for line in text.replace("\\\n", " ").split("\n"):
        if line[:1] in ("", " ", "\t", "#"):
            continue
        if line.startswith(("inherit ", "inherit\t")):
            if not any(closing):
                yield from (word for word in line.partition("#")[0].split()[1:] if WORD.fullmatch(word))
        elif CLOSES.match(line):
            if closing:
                closing.pop()
        elif OPENS.match(line) and not CLOSED_AT_ONCE.search(line):
            closing.append(ONLY_ONCE.match(line) is None)
