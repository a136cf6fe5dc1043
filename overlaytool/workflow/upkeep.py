"""An update of everything: copy, apply Flatcar's edits again, make what follows, list what is left.

Whatever is changed is changed in memory and in a scratch copy of the checkout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from overlaytool.apply.copying import Copies, Mirrored
from overlaytool.apply.package_source import Issues, read_directory
from overlaytool.apply.reapplying import Files
from overlaytool.apply.scratch import Scratch
from overlaytool.apply.staging import Draft
from overlaytool.apply.whole_directories import WholeDirectories
from overlaytool.errors import GitError
from overlaytool.flatcar import automation
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import PORTAGE_STABLE, Checkout
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git import changes
from overlaytool.git.changes import Range
from overlaytool.git.copies import edited_by_hand
from overlaytool.git.head import head_commit
from overlaytool.git.repository import Repository
from overlaytool.model.change import ChangeSet, FileState, StepKind
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import Notice
from overlaytool.model.review import PackageReview, Review
from overlaytool.model.upkeep import EditedCopy, LineChange
from overlaytool.plan import release_notes
from overlaytool.plan.hooks import GONE, to_look_at
from overlaytool.plan.keyword_upkeep import EntryChange
from overlaytool.plan.outdated import Entry, is_package, looked_after, without_source
from overlaytool.plan.states import State
from overlaytool.plan.step_order import in_order
from overlaytool.plan.touched import touched
from overlaytool.plan.unsolved import entries_work, unsatisfied
from overlaytool.workflow.edited_copies import EditedCopies, files_at
from overlaytool.workflow.settling import Settling
from overlaytool.workflow.update_review import UpdateReview
from overlaytool.workflow.workspace import Workspace


class Start(Struct, frozen=True, kw_only=True):
    """What an update begins with."""

    checkout: Checkout
    """A directory with the files that are changed; only read."""
    before: State
    """What was selected before anything was copied."""
    base: str | None
    """The commit that the files are of, in hex; None for a work tree."""
    range: Range | None
    """What was copied by somebody else."""


class Updated(Struct, frozen=True, kw_only=True):
    """What an update of everything changes, and what it leaves to a person."""

    base: str | None
    """The commit that it starts from, in hex; None for the files of the work tree."""
    change_set: ChangeSet
    entries: tuple[Entry, ...]
    """The automation list's entries that only one side has."""
    copied: tuple[str, ...]
    """Names of the list that were copied."""
    imported: tuple[str, ...]
    """Packages that are newly needed."""
    keywords: tuple[EntryChange, ...]
    lines: tuple[LineChange, ...]
    """Lines of other profile files that are edited."""
    edits: tuple[EditedCopy, ...]
    """Copies that carry edits of Flatcar's own."""
    review: Review
    """What the views select before and after."""
    removable: tuple[str, ...]
    """Packages that some target reached before, and that none reaches any more."""
    to_look_at: tuple[Notice, ...]
    """Patches and hooks of packages that change, and ids of accounts: mostly they are fine."""
    manual_work: tuple[Notice, ...]


class Upkeep:
    """One update, step by step."""

    def __init__(self, space: Workspace, start: Start, copy: Scratch) -> None:
        self._space, self._start, self._copy = space, start, copy
        self._draft = Draft(DiskTree(start.checkout.path))
        self._mirrored = Mirrored(self._draft, copy)
        self._repository = _repository(space)
        self._edits: EditedCopies | None = None
        self._work: list[Notice] = []
        self._today = date.today()

    def run(self, excluded: Sequence[str]) -> Updated:
        """All of it."""
        entries: tuple[Entry, ...] = ()
        copied: tuple[str, ...] = ()
        names = looked_after(automation.list_entries(self._draft.read_text(PACKAGES_LIST)), excluded)
        if self._start.range is None:
            entries, copied = self._copy_all(names)
            changed_packages = {name for name in copied if is_package(name)}
        else:
            changed_packages = self._synced(self._start.range)
        settling = Settling(self._space, self._mirrored, self._start.checkout, self._start.before)
        state = settling.settle(changed_packages)
        self._put_list(settling.imported)
        here = UpdateReview(self._space, self._start.before, state, self._draft, touched(self._changed()))
        self._put_changelog(here)
        steps = in_order(self._draft.steps(), state)
        beside = tuple(to_look_at(self._draft, self._new_versions(here.packages, state), settling.imported))
        edits = self._edits
        work = (
            *entries_work(entries),
            *self._work,
            *(edits.work(synced=self._start.range is not None) if edits else ()),
            *settling.work,
            *(notice for notice in beside if notice.reference in GONE),
            *unsatisfied(self._start.before, state),
        )
        look = (
            *(edits.to_look_at() if edits else ()),
            *settling.avoidable,
            *(notice for notice in beside if notice.reference not in GONE),
        )
        base = self._start.base or head_commit(self._start.checkout.path) or ""
        return Updated(
            base=self._start.base,
            change_set=ChangeSet(steps=steps, about=("update", "--all")),
            entries=entries,
            copied=copied,
            imported=tuple(sorted(set(settling.imported))),
            keywords=tuple(settling.keywords),
            lines=tuple(settling.lines),
            edits=tuple(edits.found) if edits else (),
            review=here.make(base, steps, self._repository if base else None, (*work, *look)),
            removable=self._removable(state),
            manual_work=work,
            to_look_at=look,
        )

    # --- copies ------------------------------------------------------------------------------------

    def _copy_all(self, names: Sequence[str]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """The entries that only one side has, and the names of what was copied."""
        gentoo, root = next(iter(self._space.sources.items()))
        issues = Issues()
        origin = TreeCommit(name=gentoo, commit=head_commit(root))
        copies = Copies(self._mirrored, root, origin, issues)
        packages = [name for name in names if is_package(name)]
        gone = [name for name in packages if not (root / name).is_dir()]
        moved = {name: self._space.source.moved(name) for name in gone}
        entries = tuple(without_source(packages, self._start.checkout.portage_stable, root, moved))
        absent = frozenset(entry.name for entry in entries)
        left = frozenset[str]()
        if self._repository is not None:
            there = [name for name in packages if name not in absent]
            edits = edited_by_hand(self._repository, self._repository.head(), str(PORTAGE_STABLE), there)
            self._edits = EditedCopies(
                self._repository, edits, self._files, lambda name: read_directory(root, name, Issues())
            )
            left = self._edits.left_alone
        with self._space.progress.task("comparing with Gentoo", len(names)) as task:
            copied = copies.all(names, without=absent | left, task=task)
        others = WholeDirectories(self._mirrored, root, origin, issues)
        copied += others.copy(names)
        copied += others.licenses(filter(is_package, copied), listed="licenses" in names)
        copies.check()
        self._work += copies.work
        if self._edits is not None:
            self._edits.put(self._mirrored)
        return entries, copied

    def _synced(self, ends: Range) -> set[str]:
        """The packages that somebody has copied; edits that this took away are put on again."""
        repository = Repository.open(self._space.checkout.path)
        what = touched(changes.changed_paths(repository, ends))
        names = [package for package, where in what.packages if where == PORTAGE_STABLE.name]
        edits = edited_by_hand(repository, ends.base, str(PORTAGE_STABLE), names)
        self._edits = EditedCopies(
            repository, edits, lambda name: files_at(repository, ends.base, name), self._files
        )
        self._edits.put(self._mirrored)
        return {package for package, _where in what.packages}

    def _files(self, name: str) -> Files:
        """The files of a package of portage-stable as they are now."""
        directory = f"{PORTAGE_STABLE}/{name}"
        found: dict[str, FileState] = {}
        for path in self._draft.list(directory):
            state = self._draft.read(path)
            if state is not None:
                found[path.removeprefix(f"{directory}/")] = state
        return found

    # --- list and changelog ------------------------------------------------------------------------

    def _put_list(self, imported: Sequence[str]) -> None:
        text = self._draft.read_text(PACKAGES_LIST)
        self._draft.put_text(PACKAGES_LIST, automation.with_packages(text, sorted(set(imported))))
        self._draft.finish(StepKind.AUTOMATION, Action.ADD, "automation")

    def _put_changelog(self, here: UpdateReview) -> None:
        """Entries of the versions and the fixes that users get, at most one of each for a day."""
        directory = self._copy.path / PORTAGE_STABLE
        pages = {
            entry.package: release_notes.upstream_page(directory / entry.package) for entry in here.packages
        }
        upstream = {name: page for name, page in pages.items() if page is not None}
        former = release_notes.former_entries(self._draft)
        for kind, lines in (
            (release_notes.UPDATES, release_notes.lines(here.packages, former, upstream)),
            (release_notes.SECURITY, release_notes.security_lines(here.advisories)),
        ):
            path = release_notes.file_name(kind, self._today)
            if lines and self._draft.read(path) is None:
                self._draft.put_text(path, "".join(f"{line}\n" for line in lines))
        self._draft.finish(StepKind.CHANGELOG, Action.ADD, "changelog")

    # --- what is said ------------------------------------------------------------------------------

    def _changed(self) -> Iterator[tuple[str, str]]:
        for change in ChangeSet(steps=self._draft.steps()).net:
            status = "A" if change.before is None else "D" if change.after is None else "M"
            yield status, change.path
        if self._start.range is not None:
            yield from changes.changed_paths(Repository.open(self._space.checkout.path), self._start.range)

    def _new_versions(self, packages: Sequence[PackageReview], state: State) -> dict[str, tuple[str, ...]]:
        """The packages that a view selects another version of, with all versions that the tree has."""
        return {
            entry.package: tuple(
                candidate.cpv.removeprefix(f"{entry.package}-")
                for candidate in state.source.checkout_candidates(entry.package)
            )
            for entry in packages
            if any(change.old and change.new and change.old != change.new for change in entry.versions)
        }

    def _removable(self, state: State) -> tuple[str, ...]:
        was = self._start.before.everything.selected
        now = state.everything.selected
        return tuple(
            sorted(
                package for package in was if package not in now and state.source.checkout_candidates(package)
            )
        )


def _repository(space: Workspace) -> Repository | None:
    """The repository of the checkout; None for files without git, or without a commit."""
    try:
        repository = Repository.open(space.checkout.path)
        return repository if repository.commit_of("HEAD") else None
    except GitError:
        return None
