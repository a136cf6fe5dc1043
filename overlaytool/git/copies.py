"""Finds the copies in portage-stable that were edited since they were last copied, from git's history."""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

from overlaytool.git.repository import LOG, Repository

COMMITS = 6000
"""How far back the history is looked at: some three years of flatcar/scripts."""
FEW = 100
"""As many names git is given as paths; it reads less of the history then."""
_COPIED = re.compile(
    r"\b(sync(ed|s)?|add(ed|s)?|import(ed|s)?|updated?|bump(ed)?|replaced?|reinstated?)\b.*\bgentoo\b"
    r"|\bmoved?\b.*\bportage-stable\b|\bnew package\b|\b(drop|remove)(ped|d)?\b|^revert\b|^merge\b",
    re.IGNORECASE,
)
"""Subjects of commits after which a directory is as Gentoo had it, or gone."""


class Edit(Struct, frozen=True, kw_only=True):
    """The commits that changed a copy since it was last copied."""

    commits: tuple[tuple[str, str], ...]
    """Commit and subject, newest first."""
    copied: str | None
    """The last commit that copied it; None where the history does not reach that far."""

    @property
    def last(self) -> str:
        """The newest of the commits, for a sentence."""
        commit, subject = self.commits[0]
        more = f" and {len(self.commits) - 1} more" if len(self.commits) > 1 else ""
        return f"{subject} ({commit[:12]}){more}"


def edited_by_hand(
    repository: Repository, commit: str, directory: str, names: Collection[str]
) -> dict[str, Edit]:
    """The subdirectories whose last change was not a copy from Gentoo, and that change.

    What the history does not reach (a shallow clone, an old copy) is not among them, nor is what came with
    the first commit.

    :param commit: where to begin, or a range of commits.
    :param directory: from the top, ``sdk_container/src/third_party/portage-stable``.
    :param names: ``category/name``.
    """
    output = repository.run(
        *LOG,
        "--no-merges",
        "--min-parents=1",
        f"--max-count={COMMITS}",
        "--format=%x01%H%x02%s",
        "--name-only",
        "-z",
        commit,
        "--",
        *([f"{directory}/{name}" for name in sorted(names)] if len(names) <= FEW else [directory]),
    ).decode("utf-8", "replace")
    open_names = set(names)
    later: dict[str, list[tuple[str, str]]] = {}
    copied: dict[str, str] = {}
    for entry in output.split("\x01")[1:]:
        head, *paths = re.split(r"[\0\n]+", entry)
        identity, _, subject = head.partition("\x02")
        touched = {"/".join(path[len(directory) + 1 :].split("/")[:2]) for path in paths if path} & open_names
        if touched and _COPIED.search(subject):
            open_names -= touched
            copied.update(dict.fromkeys(touched, identity))
        else:
            for name in touched:
                later.setdefault(name, []).append((identity, subject))
        if not open_names:
            break
    return {
        name: Edit(commits=tuple(commits), copied=copied.get(name)) for name, commits in sorted(later.items())
    }
