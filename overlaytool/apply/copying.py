"""What a sync with Gentoo copies: entries of the automation list that differ, and no edit made here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from overlaytool.apply.package_source import Issues, read_directory, read_plain
from overlaytool.apply.scratch import Scratch
from overlaytool.apply.staging import Draft
from overlaytool.errors import UnsafeSourceError
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.model.change import FileState, StepKind
from overlaytool.model.notices.updating import ObsoleteEclass
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import Notice
from overlaytool.plan.outdated import is_eclass, is_package
from overlaytool.progress import Task


class Mirrored:
    """A draft of changes that a scratch copy of the checkout follows."""

    def __init__(self, draft: Draft, copy: Scratch) -> None:
        self.draft, self.copy = draft, copy

    def put(self, path: str, state: FileState | None) -> None:
        """Change a file; None deletes it."""
        if self.draft.read(path) != state:
            self.draft.put(path, state)
            self.copy.put(path, state)

    def put_text(self, path: str, text: str) -> None:
        """Change the text of a file that is there; the mode stays."""
        old = self.draft.read(path)
        if old is not None:
            self.put(path, FileState(mode=old.mode, content=text.encode()))


class Copies:
    """Copies from one tree to import from."""

    def __init__(self, mirrored: Mirrored, root: Path, origin: TreeCommit, issues: Issues) -> None:
        """
        :param root: the tree, Gentoo's.
        :param origin: its name and commit, for the commits' text.
        :param issues: gets what must not be copied.
        """
        self._to, self._root, self._origin, self._issues = mirrored, root, origin, issues
        self.work: list[Notice] = []
        """What is left to a person."""

    def all(self, names: Sequence[str], *, without: Collection[str], task: Task) -> tuple[str, ...]:
        """Copy the packages and eclasses that differ, a step each.

        :param names: of the automation list.
        :param without: names that are left as they are.
        :return: the names that were copied.
        """
        copied = []
        for name in names:
            task.advance()
            if name in without:
                continue
            if (is_eclass(name) and self._eclass(name)) or (is_package(name) and self._package(name)):
                copied.append(name)
        return tuple(copied)

    def check(self) -> None:
        """After all was read.

        :raises UnsafeSourceError: for files that must not be copied, all of them.
        """
        if self._issues.unsafe:
            raise UnsafeSourceError(
                "the sources hold files that must not be copied",
                details=tuple(self._issues.unsafe),
                hint="git status in that tree shows them; --except leaves a package alone",
            )

    def _package(self, name: str) -> bool:
        directory = f"{PORTAGE_STABLE}/{name}"
        files = read_directory(self._root, name, self._issues)
        old = {path.removeprefix(f"{directory}/") for path in self._to.draft.list(directory)}
        for file in sorted(old - set(files)):
            self._to.put(f"{directory}/{file}", None)
        for file, state in files.items():
            self._to.put(f"{directory}/{file}", state)
        return self._finish(StepKind.PACKAGE, name)

    def _eclass(self, name: str) -> bool:
        state = read_plain(self._root, name, self._issues)
        if state is None:
            self.work.append(ObsoleteEclass(name=name).notice)
            return False
        self._to.put(f"{PORTAGE_STABLE}/{name}", state)
        return self._finish(StepKind.ECLASS, name.removesuffix(".eclass"))

    def _finish(self, kind: StepKind, subject: str) -> bool:
        before = len(self._to.draft.steps())
        self._to.draft.finish(kind, Action.UPDATE, subject, self._origin)
        return len(self._to.draft.steps()) > before
