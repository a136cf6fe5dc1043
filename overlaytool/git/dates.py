"""When a file or tree was last changed, from git's history."""

from __future__ import annotations

from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path

from overlaytool.git.head import ask, common_dir, find_git_dir

TIMESTAMP = "metadata/timestamp.chk"
"""Where a Gentoo tree that came without git says when it was made."""


def changed(top: Path, path: str) -> int | None:
    """The time of the last commit that changed a path, in seconds; None where it cannot be known.

    In a shallow clone the oldest commit seems to change every file, so it does not count.

    :param path: relative to ``top``.
    """
    said = ask("-C", str(top), "log", "-1", "--no-show-signature", "--format=%H %ct", "--", path)
    commit, _, time = (said or "").partition(" ")
    if not time.isdigit() or commit in _boundaries(top):
        return None
    return int(time)


def made(tree: Path) -> int | None:
    """The time of a whole tree: its commit's, else its own time stamp; None where it has neither."""
    said = ask("-C", str(tree), "log", "-1", "--no-show-signature", "--format=%ct", "--", ".")
    if said and said.isdigit():
        return int(said)
    with suppress(OSError, ValueError):
        return int(parsedate_to_datetime((tree / TIMESTAMP).read_text(encoding="ascii")).timestamp())
    return None


def _boundaries(top: Path) -> frozenset[str]:
    git_dir = find_git_dir(top)
    if git_dir is None:
        return frozenset()
    try:
        return frozenset((common_dir(git_dir) / "shallow").read_text(encoding="ascii").split())
    except OSError:
        return frozenset()
