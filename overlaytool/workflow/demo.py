"""Makes the trees of the demonstration: copies of the fixtures in a temporary directory.

Only the trees: what is shown on them are the commands themselves.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from msgspec import Struct

from overlaytool.config import FILE_NAME
from overlaytool.errors import RepositoryError
from overlaytool.git.repository import Repository

PACKED = Path(__file__).resolve().parents[1] / "trees.tar.xz"
"""Where a wheel has the trees: `packaging/build_hook.py` puts them there."""
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
"""Where a clone has them."""


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
    """Copy the trees into a directory and start their histories; overlaytool.toml names the Gentoo one.

    :raises RepositoryError: where overlaytool was installed without its trees.
    :raises GitError: where git cannot be used.
    """
    demo = Demo(checkout=place / "scripts", gentoo=place / "gentoo")
    for name, target in (("flatcar-mini", demo.checkout), ("gentoo-mini", demo.gentoo)):
        _copy(name, target)
        Repository.create(target, f"{name}, as in the fixtures of overlaytool")
    (demo.checkout / FILE_NAME).write_text('gentoo = "../gentoo"\n', encoding="utf-8")
    with (demo.checkout / ".git/info/exclude").open("a", encoding="utf-8") as exclude:
        exclude.write(f"/{FILE_NAME}\n")
    return demo


def _copy(name: str, target: Path) -> None:
    """Put one of the trees at ``target``, from the wheel's archive or from the clone.

    :raises RepositoryError: where there is neither.
    """
    if PACKED.is_file():
        with tarfile.open(PACKED) as archive:
            members = [entry for entry in archive if entry.name.split("/", 1)[0] == name]
            for entry in members:
                entry.name = entry.name[len(name) :].lstrip("/") or "."
            archive.extractall(target, members, filter="data")
    elif (FIXTURES / name).is_dir():
        shutil.copytree(FIXTURES / name, target, symlinks=True)
    else:
        raise RepositoryError(
            "the demonstration needs the trees in fixtures/, which are not installed",
            details=(f"looked for {PACKED} and {FIXTURES / name}",),
            hint="install overlaytool from a wheel, or run make demo in a clone of it",
        )
