"""The trees of the demonstration: copies of the fixtures in a directory that may be played with.

Only the trees: what is shown on them are the commands themselves.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import RepositoryError
from overlaytool.git.repository import Repository

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


class Demo(Struct, frozen=True, kw_only=True):
    """Where the copies are. Each is a git repository with one commit."""

    checkout: Path
    gentoo: Path

    def git(self, *arguments: str) -> str:
        """What git says in the checkout.

        :raises GitError: when it fails.
        """
        return Repository.open(self.checkout).run(*arguments).decode("utf-8", "replace")


def prepare(place: Path) -> Demo:
    """Copy the fixture trees into a directory and start their histories.

    :raises RepositoryError: where overlaytool was installed without its fixtures.
    :raises GitError: where git cannot be used.
    """
    demo = Demo(checkout=place / "scripts", gentoo=place / "gentoo")
    for name, target in (("flatcar-mini", demo.checkout), ("gentoo-mini", demo.gentoo)):
        source = FIXTURES / name
        if not source.is_dir():
            raise RepositoryError(
                "the demonstration needs the trees in fixtures/, which are not installed",
                details=(f"looked for {source}",),
                hint="run make demo in a clone of overlaytool",
            )
        shutil.copytree(source, target, symlinks=True)
        Repository.create(target, f"{name}, as in the fixtures of overlaytool")
    return demo
