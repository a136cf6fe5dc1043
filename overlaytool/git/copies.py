"""Which copies in portage-stable were changed by hand since they were last copied, by the history."""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

from overlaytool.git.repository import LOG, Repository

COMMITS = 6000
"""How far back the history is looked at: some three years of flatcar/scripts."""
_COPIED = re.compile(
    r"\b(sync(ed|s)?|add(ed|s)?|import(ed|s)?|updated?|bump(ed)?|replaced?|reinstated?)\b.*\bgentoo\b"
    r"|\bmoved?\b.*\bportage-stable\b|\bnew package\b|\b(drop|remove)(ped|d)?\b|^revert\b|^merge\b",
    re.IGNORECASE,
)
"""Subjects of commits after which a directory is as Gentoo had it, or gone."""


class Edit(Struct, frozen=True, kw_only=True):
    """The last commit that changed a copy, and that did not copy it."""

    commit: str
    subject: str


def edited_by_hand(
    repository: Repository, commit: str, directory: str, names: Collection[str]
) -> dict[str, Edit]:
    """Those of some subdirectories that were last changed by hand.

    What the history does not reach (a shallow clone, an old copy) is not among them, nor is what came with
    the first commit.

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
        directory,
    ).decode("utf-8", "replace")
    open_names, found = set(names), dict[str, Edit]()
    for entry in output.split("\x01")[1:]:
        head, *paths = re.split(r"[\0\n]+", entry)
        identity, _, subject = head.partition("\x02")
        touched = {"/".join(path[len(directory) + 1 :].split("/")[:2]) for path in paths if path} & open_names
        open_names -= touched
        if touched and not _COPIED.search(subject):
            found.update(dict.fromkeys(touched, Edit(commit=identity, subject=subject)))
        if not open_names:
            break
    return found
