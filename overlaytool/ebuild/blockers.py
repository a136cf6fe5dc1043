"""Which packages of a checkout block others, as far as the text of their ebuilds tells.

A plan looks at what it needs, and that is not all that an image has: a package that it has not looked at may
block what it adds. To source all would take minutes. So git reads the text of every ebuild, while the
plan is being made, and only what names a new package behind an exclamation mark is looked at further.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from overlaytool.errors import ToolMissingError

BLOCKER = r"!!?[<>=~]*[A-Za-z0-9+_.-]+/[A-Za-z0-9+_.-]+"
"""A blocker as far as its version, or up to where a variable begins."""


class Blockers:
    """What is being read of some trees."""

    def __init__(self, trees: Sequence[Path]) -> None:
        """
        :param trees: ebuild repositories.
        :raises ToolMissingError: when there is no git.
        """
        top = os.path.commonpath(trees)
        ebuilds = [f"{os.path.relpath(tree, top)}/*.ebuild" for tree in trees]
        try:
            self._reading = subprocess.Popen(
                ("git", "grep", "--no-index", "--only-matching", "-z", "-IE", BLOCKER, "--", *ebuilds),
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
        """The packages with an ebuild that blocks some versions, at least, of one of these."""
        output, _ = self._reading.communicate()
        found = set()
        for line in output.decode(errors="replace").splitlines():
            path, _, blocker = line.partition("\0")
            if any(_names(blocker.lstrip("!<>=~"), package) for package in packages):
                found.add("/".join(path.split("/")[-3:-1]))
        return frozenset(found)


def _names(blocked: str, package: str) -> bool:
    """Whether text that begins with a package's name may go on with its version."""
    return blocked == package or blocked.startswith(f"{package}-")
