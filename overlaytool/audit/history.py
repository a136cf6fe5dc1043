"""Where the copies in portage-stable came from: the commits that say so, and what was done to them since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import GitError
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.git.repository import LOG, Repository

_COPY = re.compile(
    r": (?:(?:Sync|Add|Update|Import) (?:with|from|to) (?:::)?Gentoo\b|Update to \d)", re.IGNORECASE
)
_CITED = re.compile(r"(?:Gentoo commit|gentoo commit)\s+([0-9a-f]{40})")
_START, _BODY, _FILES = "\x02", "\x03", "\x04"


class Origin(Struct, frozen=True, kw_only=True):
    """The last commit that copied a package from Gentoo, and those that touched it later."""

    commit: str
    cited: str | None
    """Gentoo's commit, in hex, where the message names one."""
    later: tuple[tuple[str, str], ...]
    """Commit and subject, newest first."""


class History:
    """The history of portage-stable, read beside the other checks."""

    def __init__(self, path: Path, gentoo: Path | None = None) -> None:
        """
        :param gentoo: a Gentoo tree; of use where it is a git clone with some history.
        :raises GitError: where ``path`` is in no git repository.
        """
        self.repository = Repository.open(path)
        self._gentoo = gentoo
        self._pool = ThreadPoolExecutor(1)
        self._log: Future[bytes] = self._pool.submit(
            self.repository.run,
            *LOG,
            "--no-merges",
            "--no-renames",
            "--name-only",
            f"--format={_START}%H%x00%s%x00%b{_FILES}",
            "--",
            str(PORTAGE_STABLE),
        )
        self._pool.shutdown(wait=False)

    def origins(self, packages: Iterable[str]) -> Mapping[str, Origin]:
        """Where each package came from; those of which no commit says so are left out.

        A shallow clone knows the commits that it has.
        """
        wanted = set(packages)
        later: dict[str, list[tuple[str, str]]] = {}
        found: dict[str, Origin] = {}
        for commit, subject, cited, touched in self._commits():
            for package in touched & wanted - found.keys():
                if _COPY.search(subject) or cited:
                    found[package] = Origin(commit=commit, cited=cited, later=tuple(later.get(package, ())))
                else:
                    later.setdefault(package, []).append((commit, subject))
        return found

    def _commits(self) -> Iterator[tuple[str, str, str | None, set[str]]]:
        prefix = f"{PORTAGE_STABLE}/"
        text = self._log.result().decode("utf-8", "surrogateescape")
        for part in text.split(_START)[1:]:
            head, _, files = part.partition(_FILES)
            commit, subject, body = head.split("\0", 2)
            named = _CITED.search(body)
            touched = {
                "/".join(path.removeprefix(prefix).split("/")[:2])
                for path in files.split("\n")
                if path.startswith(prefix)
            }
            yield commit, subject, named[1] if named else None, touched

    @cached_property
    def gentoo(self) -> tuple[Repository, str] | None:
        """The repository of the Gentoo tree and the tree's place in it, ``"here/"`` or ``""``."""
        if self._gentoo is None:
            return None
        try:
            repository = Repository.open(self._gentoo)
        except GitError:
            return None
        inside = self._gentoo.resolve().relative_to(repository.top.resolve()).as_posix()
        return repository, "" if inside == "." else f"{inside}/"

    def same(self, pairs: Mapping[str, tuple[str, str]], other: Repository | None = None) -> frozenset[str]:
        """The keys whose two revisions name the same content.

        :param pairs: ``commit:path`` here, and ``commit:path`` in the other repository.
        :param other: the repository of the second revisions; None for this one.
        """
        ours = _names(self.repository, [pair[0] for pair in pairs.values()])
        theirs = _names(other or self.repository, [pair[1] for pair in pairs.values()])
        return frozenset(
            key for key, one, two in zip(pairs, ours, theirs, strict=True) if one is not None and one == two
        )

    def has(self, repository: Repository, commits: Iterable[str]) -> frozenset[str]:
        """Those of the commits that a repository has."""
        asked = list(dict.fromkeys(commits))
        return frozenset(
            commit for commit, name in zip(asked, _names(repository, asked), strict=True) if name is not None
        )


def _names(repository: Repository, revisions: list[str]) -> list[str | None]:
    """git's names for what revisions stand for; None where they stand for nothing."""
    if not revisions:
        return []
    text = "".join(f"{revision}\n" for revision in revisions)
    answer = repository.run(
        "cat-file", "--batch-check=%(objectname)", stdin=text.encode("utf-8", "surrogateescape")
    )
    lines = answer.decode("utf-8", "surrogateescape").split("\n")
    return [None if " " in line else line for line in lines[: len(revisions)]]
