"""One ebuild of one repository, and its properties that do not depend on a profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.depend import unreadable
from overlaytool.ebuild.repository import Listed, Repository
from overlaytool.model.dependency import Demand, FlagChanges, Origin
from overlaytool.model.resolution import Rejection

KEYWORDS = re.compile(
    r"""(?P<indent>[ \t]*)(?:.*[;&|][ \t]*)?KEYWORDS=(?P<quote>["']?)(?P<value>[^"']*)(?P=quote)"""
)
"""A line that sets KEYWORDS."""

SLOT = re.compile(r"""SLOT=["']?([^"'\s#]*)""")
"""What sets SLOT, and its value."""


class EbuildCandidate:
    """An ebuild of a repository: a :class:`overlaytool.model.dependency.Candidate`."""

    def __init__(self, listed: Listed, repo: Repository) -> None:
        self.listed, self.repo = listed, repo
        self.obstacles: dict[str, tuple[Rejection, ...]] = {}
        """By view: what :class:`TreeSource` answered."""
        self.hidden_at_sight: dict[str, bool] = {}
        """By view: what :class:`TreeSource` answered."""
        self.demands: dict[tuple[str, FlagChanges], tuple[Demand, ...]] = {}
        """By view and USE changes: what :class:`TreeSource` answered."""
        self.admitted: dict[str, bool] = {}
        """By the text of an atom: what :class:`TreeSource` answered about the version."""
        self.violations: dict[tuple[str, FlagChanges], str | None] = {}
        """By view and USE changes: what :class:`TreeSource` answered."""
        self.package, self.cpv = listed.package, listed.cpv

    def __repr__(self) -> str:
        return f"{self.cpv}::{self.repository}"

    @cached_property
    def ebuild(self) -> Any:
        """pkgcore's package."""
        return self.repo.ebuild(self.listed)

    @property
    def repository(self) -> str:
        """The tree's name."""
        return self.repo.name

    @property
    def origin(self) -> Origin:
        """The kind of tree."""
        return self.repo.origin

    @cached_property
    def live(self) -> bool:
        """Whether it is a live ebuild without keywords, judged without sourcing it.

        By Gentoo's convention the version is all nines (9999, 1.2.9999), and text that sets KEYWORDS
        under a condition sets it for the other versions.
        """
        last = self.listed.version.rpartition(".")[2]
        if len(last) < 4 or last.strip("9"):
            return False
        return not any(value.strip() for indent, _quote, value in self._keyword_lines if not indent)

    @cached_property
    def possible_keywords(self) -> tuple[tuple[str, ...], ...] | None:
        """Every value that KEYWORDS may have, read from the ebuild's text; None where the text is not enough.

        What one of its lines says, or nothing where they are all conditional or commented out. Where
        no line names it, an eclass may set it, as acct-group.eclass does.
        """
        if "KEYWORDS" not in self.text:
            return None
        values: list[tuple[str, ...]] = [()]
        for _indent, quote, value in self._keyword_lines:
            if not quote or "$" in value or "`" in value:
                return None
            values.append(tuple(value.split()))
        return tuple(dict.fromkeys(values))

    @cached_property
    def slot_at_sight(self) -> str | None:
        """SLOT without the subslot, read from the ebuild's text; None where the text is not enough."""
        start = self.text.find("\nSLOT=") + 1
        found = SLOT.match(self.text, start)
        if not start or found is None or self.text.count("SLOT=") > 1:
            return None
        value, version = found[1], self.listed.version
        written = {"${PV}": version, "${PV%%_*}": version.partition("_")[0]}
        slot: str = value.partition("/")[0]
        return (written.get(value) if "$" in slot or "`" in slot else slot) or None

    @cached_property
    def text(self) -> str:
        """The ebuild; empty where it cannot be read."""
        try:
            text: str = self.repo.tree.text(self.ebuild)
        except OSError:
            return ""
        return text

    @cached_property
    def _keyword_lines(self) -> list[tuple[str, str, str]]:
        """Indentation, quote and value for every line that names KEYWORDS and is no comment."""
        return [
            (found["indent"], found["quote"], found["value"]) if found else ("?", "", line)
            for line in _lines_with("KEYWORDS", self.text)
            if line.lstrip()[:1] != "#"
            for found in [KEYWORDS.match(line)]
        ]

    @cached_property
    def sourced(self) -> bool:
        """Whether it can be sourced."""
        try:
            return bool(self.ebuild.slot)
        except MetadataException:
            return False

    @cached_property
    def unreadable(self) -> str | None:
        """The first thing in its dependencies that is not valid, under any USE flags; None where all are."""
        return unreadable(self.ebuild)

    @cached_property
    def slot(self) -> str:
        """SLOT without the subslot."""
        return str(self.ebuild.slot)

    @cached_property
    def subslot(self) -> str:
        """The subslot; the slot where none is written."""
        return str(self.ebuild.subslot)


def _lines_with(word: str, text: str) -> Iterator[str]:
    """The lines of a text that hold a word."""
    found = text.find(word)
    while found >= 0:
        start, end = text.rfind("\n", 0, found) + 1, text.find("\n", found)
        end = end if end >= 0 else len(text)
        yield text[start:end]
        found = text.find(word, end)


def sourcing_error(error: MetadataException) -> str:
    """The message of bash or of the ebuild itself, on one line."""
    return " ".join(error.msg().split())
