"""Finds the packages of a checkout that block others, in the text of their ebuilds.

A plan looks at what it needs, which is not all that an image has: another package may block what it adds.
Sourcing all ebuilds would take minutes. So git searches the text of every ebuild while the plan is made, and
only ebuilds that name a new package behind an exclamation mark are sourced.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from overlaytool.ebuild.eclass import inherited_by
from overlaytool.errors import ToolMissingError
from overlaytool.model.resolution import package_name

PART = "[A-Za-z0-9+_.${}-]+"
BLOCKER = f"!!?[<>=~]*{PART}/{PART}"
"""A blocker as far as its version; variables may stand for any part of it."""

VARIABLE = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+))")
VARIABLE_REVISION = re.compile(r"-r\d+$")

ANYTHING = "\0"
"""What stands for a variable whose value the text does not tell."""


class Blockers:
    """A search for blockers that runs beside the resolver."""

    def __init__(self, trees: Sequence[Path]) -> None:
        """
        :param trees: ebuild repositories.
        :raises ToolMissingError: when there is no git.
        """
        top = os.path.commonpath(trees)
        self._trees = tuple(trees)
        self._inheriting_known: dict[str, frozenset[str]] = {}
        below = [os.path.relpath(tree, top) for tree in trees]
        files = [f"{tree}/{name}" for tree in below for name in ("*.ebuild", "eclass/*.eclass")]
        try:
            self._reading = subprocess.Popen(
                ("git", "grep", "--no-index", "--only-matching", "-z", "-IE", BLOCKER, "--", *files),
                cwd=top,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except FileNotFoundError as error:
            raise ToolMissingError(
                "overlaytool needs git, which is not there", hint="install git with the system's packages"
            ) from error

    def __enter__(self) -> Blockers:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._reading.kill()
        with self._reading:  # closes its output, waits for its end
            pass

    def of(self, packages: Collection[str]) -> frozenset[str]:
        """The packages with an ebuild that may block some versions, at least, of one of these.

        An eclass blocks for all that inherit it. Where a variable hides a name, it is looked at further.
        """
        named = [who for blocked, who in self._read if any(_names(blocked, package) for package in packages)]
        inheriting = (self._inheriting(who) for who in named if "/" not in who)
        return frozenset(who for who in named if "/" in who).union(*inheriting)

    @cached_property
    def _read(self) -> Sequence[tuple[str, str]]:
        """What is blocked, and by whom: a package, or an eclass by its name; each once."""
        output, _ = self._reading.communicate()
        found: dict[tuple[str, str], None] = {}
        for line in output.decode(errors="replace").splitlines():
            path, _, blocker = line.partition("\0")
            owner = _ebuild(path)
            who = f"{owner['CATEGORY']}/{owner['PN']}" if owner else Path(path).stem
            found[_filled_in(blocker.lstrip("!<>=~"), owner), who] = None
        return tuple(found)

    def _inheriting(self, eclass: str) -> frozenset[str]:
        if eclass not in self._inheriting_known:
            cpvs = inherited_by(eclass, self._trees)
            self._inheriting_known[eclass] = frozenset(package_name(cpv) for cpv in cpvs)
        return self._inheriting_known[eclass]


def _ebuild(path: str) -> dict[str, str] | None:
    """The variables that follow from an ebuild's path (PMS section 11.1); None for an eclass."""
    if path.endswith(".eclass"):
        return None
    *_, category, name, file = path.split("/")
    version = file.removesuffix(".ebuild").removeprefix(f"{name}-")
    plain = VARIABLE_REVISION.sub("", version)
    return {"CATEGORY": category, "PN": name, "PVR": version, "PV": plain, "P": f"{name}-{plain}"}


def _filled_in(text: str, known: Mapping[str, str] | None) -> str:
    """A blocker's text with the variables replaced that are known, and ``ANYTHING`` for the others."""
    return VARIABLE.sub(lambda found: (known or {}).get(found[1] or found[2], ANYTHING), text)


def _names(blocked: str, package: str) -> bool:
    """Whether text that begins with a package's name may go on with its version.

    Nothing is known of a name where a variable comes before any of it is known.
    """
    prefix, variable, _ = blocked.partition(ANYTHING)
    if prefix == package or prefix.startswith(f"{package}-"):
        return True
    if not variable:
        return False
    if prefix:
        return "/" in prefix and not prefix.endswith("/") and package.startswith(prefix)
    _category, _, name = blocked.partition("/")
    return bool(name) and ANYTHING not in name and _names(f"any/{name}", f"any/{package.partition('/')[2]}")
