"""Three-way merges of one file: what ``git merge-file`` makes of two changes to the same text."""

from __future__ import annotations

from pathlib import Path

from overlaytool.errors import GitError
from overlaytool.git.repository import Repository
from overlaytool.support.scratch import scratch


def merged(repository: Repository, ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """``theirs`` with the change from ``base`` to ``ours``; None where they contradict each other.

    :raises GitError: when git refuses, for binary files say.
    """
    with scratch() as place:
        names = []
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            Path(place, name).write_bytes(content)
            names.append(str(Path(place, name)))
        status, text, stderr = repository.attempt("merge-file", "-p", "--quiet", *names)
    if status > 127 or status < 0:
        raise GitError("git merge-file failed", details=tuple(stderr.split("\n")[:3]))
    return None if status else text.encode("utf-8", "surrogateescape")
