"""Which packages of a checkout block others, as far as the text of their ebuilds tells.

A plan looks at what it needs, and that is not all that an image has: a package that it has not looked at may
block what it adds. To source all would take minutes. So git reads the text of every ebuild, while the
plan is being made, and only what names a new package behind an exclamation mark is looked at further.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from overlaytool.errors import ToolMissingError

BLOCKER = r"!!?[<>=~]*[A-Za-z0-9+_.-]+/[A-Za-z0-9+_.-]+"
"""A blocker as far as its version, or up to where a variable begins."""


class Blockers:
    """What is being read of some trees."""

    def __init__(self, trees: Iterable[Path]) -> None:
        """
        :param trees: ebuild repositories.
        :raises ToolMissingError: when there is no git.
        """
        try:
            self._reading = [
                subprocess.Popen(
                    ("git", "grep", "--no-index", "--only-matching", "-z", "-IE", BLOCKER, "--", "*.ebuild"),
                    cwd=tree,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                for tree in trees
            ]
        except FileNotFoundError as error:
            raise ToolMissingError(
                "overlaytool needs git, which is not there", hint="install git with the system's packages"
            ) from error

    def __enter__(self) -> Blockers:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in self._reading:
            process.kill()
            with process:  # closes its output, waits for its end
                pass

    def of(self, packages: Collection[str]) -> frozenset[str]:
        """The packages with an ebuild that blocks some versions, at least, of one of these."""
        found = set()
        for process in self._reading:
            output, _ = process.communicate()
            for line in output.decode(errors="replace").splitlines():
                path, _, blocker = line.partition("\0")
                if any(_names(blocker.lstrip("!<>=~"), package) for package in packages):
                    found.add(path.rpartition("/")[0])
        return frozenset(found)


def _names(blocked: str, package: str) -> bool:
    """Whether text that begins with a package's name may go on with its version."""
    return re.fullmatch(rf"{re.escape(package)}(-.*)?", blocked) is not None
