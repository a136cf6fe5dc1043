"""Finds copies that Flatcar edited, from git's history, and applies the edits to Gentoo's newer copies.

A sync silently removes such an edit. What Flatcar changed is the difference between the commit that
copied the package last and the checkout; ``git merge-file`` puts it onto what Gentoo has now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from overlaytool.apply.copying import Mirrored
from overlaytool.apply.reapplying import Files, difference, reapplied
from overlaytool.ebuild.repository import order_of_file
from overlaytool.errors import GitError
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.git.copies import Edit
from overlaytool.git.merge import merged
from overlaytool.git.repository import Repository
from overlaytool.model.change import FileState, StepKind
from overlaytool.model.notices.updating import (
    EditedCopyLeft,
    EditedCopyOverwritten,
    EditReapplied,
    EditUpstream,
)
from overlaytool.model.plan import Action
from overlaytool.model.resolution import Notice
from overlaytool.model.upkeep import EditedCopy, EditOutcome

LEFT_ALONE = (EditOutcome.CONFLICT, EditOutcome.UNKNOWN)


class EditedCopies:
    """The edits of one checkout."""

    def __init__(
        self,
        repository: Repository,
        edits: Mapping[str, Edit],
        ours: Callable[[str], Files],
        theirs: Callable[[str], Files],
    ) -> None:
        """
        :param edits: by package.
        :param ours: the files of a package with the edit.
        :param theirs: the files of a package as Gentoo has them now.
        """
        self._files: dict[str, dict[str, FileState | None]] = {}
        self.found: list[EditedCopy] = []
        for name, edit in edits.items():
            new = theirs(name)
            if new and (old := ours(name)) and old != new:
                self._look(repository, name, edit, old, new)

    @property
    def left_alone(self) -> frozenset[str]:
        """The packages that must not be overwritten."""
        return frozenset(one.package for one in self.found if one.outcome in LEFT_ALONE)

    def put(self, to: Mirrored) -> None:
        """Put the edits that apply onto the copies, a step each."""
        for name, files in self._files.items():
            commits = next(one.commits for one in self.found if one.package == name)
            for path, state in files.items():
                to.put(f"{PORTAGE_STABLE}/{name}/{path}", state)
            shown = ", ".join(commit[:12] for commit, _subject in reversed(commits))
            to.draft.finish(
                StepKind.PACKAGE,
                Action.UPDATE,
                name,
                message=f"{name}: Reapply Flatcar's changes\n\nThe sync with Gentoo took away {shown}.\n",
            )

    def work(self, *, synced: bool) -> Iterator[Notice]:
        """What is left to a person.

        :param synced: whether the copies were overwritten already.
        """
        for one in self.found:
            if one.outcome in LEFT_ALONE:
                yield _left(one, synced=synced)

    def to_look_at(self) -> Iterator[Notice]:
        """Notices of the edits that were applied, for a person to check."""
        for one in self.found:
            if one.outcome is EditOutcome.REAPPLIED:
                yield EditReapplied(package=one.package, subject=one.commits[0][1]).notice
            elif one.outcome is EditOutcome.UPSTREAM:
                yield EditUpstream(package=one.package, subject=one.commits[0][1]).notice

    def _look(self, repository: Repository, name: str, edit: Edit, ours: Files, theirs: Files) -> None:
        base = files_at(repository, edit.copied, name) if edit.copied else {}
        if not base:
            self._note(name, edit, EditOutcome.UNKNOWN)
            return
        if base == ours:
            return  # the edit was taken back
        try:
            made = reapplied(base, ours, theirs, partial(merged, repository), order_of_file)
        except GitError:
            self._note(name, edit, EditOutcome.CONFLICT, difference(base, ours))
            return
        if made.conflicts:
            outcome = EditOutcome.CONFLICT
        elif made.files:
            outcome = EditOutcome.REAPPLIED
            self._files[name] = made.files
        else:
            outcome = EditOutcome.UPSTREAM
        self._note(name, edit, outcome, difference(base, ours), made.conflicts)

    def _note(
        self, name: str, edit: Edit, outcome: EditOutcome, diff: str = "", conflicts: tuple[str, ...] = ()
    ) -> None:
        self.found.append(
            EditedCopy(package=name, commits=edit.commits, outcome=outcome, diff=diff, conflicts=conflicts)
        )


def _left(one: EditedCopy, *, synced: bool) -> Notice:
    commit, subject = one.commits[0]
    more = f" and {len(one.commits) - 1} more" if len(one.commits) > 1 else ""
    where = f" (it does not apply to {', '.join(one.conflicts)})" if one.conflicts else ""
    kind = EditedCopyOverwritten if synced else EditedCopyLeft
    return kind(
        package=one.package,
        subject=subject,
        commit=commit[:12],
        details=f"{more}{where}",
        path=f"{PORTAGE_STABLE}/{one.package}",
    ).notice


def files_at(repository: Repository, commit: str, name: str) -> Files:
    """The files of a package directory of portage-stable at a commit."""
    tree, directory = repository.tree(commit), f"{PORTAGE_STABLE}/{name}"
    found: dict[str, FileState] = {}
    for path in tree.list(directory):
        state = tree.read(path)
        if state is not None:
            found[path.removeprefix(f"{directory}/")] = state
    return found
