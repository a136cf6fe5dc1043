"""The reviewer's report of an update: what ``review`` says of commits, of changes that are not made yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from functools import cached_property

from msgspec.structs import replace

from overlaytool.apply.staging import Draft
from overlaytool.ebuild import advisories as reader
from overlaytool.flatcar import security
from overlaytool.flatcar.tree import SYMLINK, DiskTree
from overlaytool.git.changes import Range
from overlaytool.git.repository import Repository
from overlaytool.model.advisory import Advisory
from overlaytool.model.change import FileState, Step
from overlaytool.model.resolution import Notice
from overlaytool.model.review import (
    AdvisoryChange,
    EclassReview,
    PackageReview,
    ProfileChange,
    Review,
)
from overlaytool.plan.advised import advisory_changes
from overlaytool.plan.review import Comparison
from overlaytool.plan.states import State
from overlaytool.plan.touched import REPOSITORIES, Touched
from overlaytool.workflow.review import LARGEST_DIFF, occurrences
from overlaytool.workflow.workspace import Workspace

MOST_FILES = 500
"""Files of one kind whose difference is shown."""


class UpdateReview:
    """Says what an update does."""

    def __init__(self, space: Workspace, before: State, after: State, draft: Draft, what: Touched) -> None:
        """
        :param draft: the checkout after the update.
        :param what: the files that it changes.
        """
        self._space, self._before, self._after = space, before, after
        self._draft, self._touched = draft, what
        self._comparison = Comparison(before, after, what)
        self._old = DiskTree(before.source.checkout.path)

    def make(
        self, base: str, steps: Sequence[Step], repository: Repository | None, notices: Sequence[Notice]
    ) -> Review:
        """The report.

        :param base: the commit that the update starts from, in hex.
        :param repository: where to look for what else names the packages; None where there is none.
        :param notices: what a person has to know.
        """
        comparison = self._comparison
        places = occurrences(repository, Range(base=base, tip=base), self._touched) if repository else {}
        return Review(
            base=base,
            tip="",
            subjects=tuple(step.subject for step in steps),
            packages=tuple(
                replace(entry, occurrences=tuple(places.get(entry.package, ()))) for entry in self.packages
            ),
            eclasses=tuple(self._eclasses()),
            targets=comparison.targets(),
            skews=comparison.skews(),
            profiles=tuple(self._others()),
            advisories=self.advisories,
            unsatisfied=comparison.unsatisfied(),
            notices=(*notices, *comparison.notices),
        )

    @cached_property
    def packages(self) -> tuple[PackageReview, ...]:
        """What becomes of each package, without the places that name it."""
        return self._comparison.packages({})

    @cached_property
    def advisories(self) -> tuple[AdvisoryChange, ...]:
        """The GLSAs of the checkout that the update closes or opens."""
        packages = self._before.everything.selected.keys() | self._after.everything.selected.keys()
        files = reader.in_directory(self._space.checkout.path / security.ADVISORIES)
        found = [
            one for one in reader.read(files, packages, security.ADVISORIES) if isinstance(one, Advisory)
        ]
        return advisory_changes(self._before, self._after, found, found)

    def _eclasses(self) -> Iterator[EclassReview]:
        directories = {name: path for path, name in REPOSITORIES.items()}
        for (name, where), change in sorted(self._touched.eclasses.items()):
            yield EclassReview(
                name=name,
                repository=where,
                change=change,
                diff=self._diff((f"{directories[where]}/eclass/{name}.eclass",)),
                inherited_by=self._comparison.inheriting(name),
            )

    def _others(self) -> Iterator[ProfileChange]:
        for kind, paths in sorted(self._touched.other.items()):
            yield ProfileChange(kind=kind, files=tuple(paths), diff=self._diff(paths[:MOST_FILES]))

    def _diff(self, paths: Sequence[str]) -> str:
        """What differs in some files, unified."""
        lines: list[str] = []
        for path in paths:
            old, new = self._old.read(path), self._draft.read(path)
            if old != new:
                lines += unified_diff(
                    _lines(old),
                    _lines(new),
                    f"a/{path}" if old else "/dev/null",
                    f"b/{path}" if new else "/dev/null",
                    lineterm="",
                )
        text = "\n".join(lines)
        if len(text) <= LARGEST_DIFF:
            return text
        return text[:LARGEST_DIFF] + f"\n[{len(text) - LARGEST_DIFF} more characters]\n"


def _lines(state: FileState | None) -> list[str]:
    if state is None:
        return []
    text = state.content.decode("utf-8", "replace")
    return [f"symlink to {text}"] if state.mode == SYMLINK else text.splitlines()
