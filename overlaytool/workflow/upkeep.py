"""The steps of an update of everything: copy, import what is missing, keep keywords, say what is left.

Whatever is changed is changed in memory and in a scratch copy of the checkout. That is resolved again until
nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.apply.copying import Copies, Mirrored
from overlaytool.apply.scratch import Scratch
from overlaytool.apply.staging import Draft
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import GitError, OverlaytoolError
from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import PORTAGE_STABLE, Checkout
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git import changes
from overlaytool.git.changes import Range
from overlaytool.git.copies import Edit, edited_by_hand
from overlaytool.git.head import head_commit
from overlaytool.git.repository import Repository
from overlaytool.model.change import ChangeSet, StepKind
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import Notice, Request
from overlaytool.model.review import PackageReview, Review
from overlaytool.model.target import Into
from overlaytool.plan import release_notes
from overlaytool.plan.hooks import to_look_at
from overlaytool.plan.keyword_upkeep import EntryChange, KeywordReason, KeywordUpkeep
from overlaytool.plan.outdated import Entry, EntryState, is_package, looked_after, without_source
from overlaytool.plan.planner import ACCEPT_KEYWORDS
from overlaytool.plan.review import Comparison
from overlaytool.plan.states import State
from overlaytool.plan.step_order import in_order
from overlaytool.plan.touched import touched
from overlaytool.workflow import planning
from overlaytool.workflow.review import state_of
from overlaytool.workflow.workspace import Workspace

MAX_PASSES = 6
"""Rounds of importing and accepting; an update that needs more is left to a person."""


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
        self._work: list[Notice] = []
        self._today = date.today()
        self._imported: list[str] = []
        self._keywords: list[EntryChange] = []

    def run(self, excluded: Sequence[str]) -> Updated:
        """All of it."""
        entries: tuple[Entry, ...] = ()
        copied: tuple[str, ...] = ()
        names = looked_after(automation.list_entries(self._draft.read_text(PACKAGES_LIST)), excluded)
        if self._start.range is None:
            entries, copied = self._copy_all(names)
            touched_packages = {name for name in copied if is_package(name)}
        else:
            repository = Repository.open(self._space.checkout.path)
            what = touched(changes.changed_paths(repository, self._start.range))
            touched_packages = {package for package, _repository in what.packages}
        state = self._settle(touched_packages)
        self._put_list()
        comparison = Comparison(self._start.before, state, touched(self._changed()))
        packages = comparison.packages({})
        self._put_changelog(packages)
        steps = in_order(self._draft.steps(), state)
        return Updated(
            base=self._start.base,
            change_set=ChangeSet(steps=steps, about=("update", "--all")),
            entries=entries,
            copied=copied,
            imported=tuple(sorted(set(self._imported))),
            keywords=tuple(self._keywords),
            review=Review(
                base=self._start.base or head_commit(self._start.checkout.path) or "",
                tip="",
                subjects=tuple(step.subject for step in steps),
                packages=packages,
                eclasses=(),
                targets=comparison.targets(),
                skews=comparison.skews(),
                profiles=(),
                advisories=(),
                unsatisfied=comparison.unsatisfied(),
                notices=tuple(comparison.notices),
            ),
            removable=self._removable(state),
            manual_work=(
                *_entries_work(entries),
                *self._work,
                *self._unsatisfied(state),
            ),
            to_look_at=tuple(to_look_at(self._draft, self._new_versions(packages, state), self._imported)),
        )

    def _copy_all(self, names: Sequence[str]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """The entries that only one side has, and the names of what was copied."""
        gentoo, root = next(iter(self._space.sources.items()))
        copies = Copies(self._mirrored, root, TreeCommit(name=gentoo, commit=head_commit(root)))
        packages = [name for name in names if is_package(name)]
        gone = [name for name in packages if not (root / name).is_dir()]
        moved = {name: self._space.source.moved(name) for name in gone}
        entries = tuple(without_source(packages, self._start.checkout.portage_stable, root, moved))
        absent = {entry.name for entry in entries}
        edited = copies.edited(self._edits([name for name in packages if name not in absent]))
        with self._space.progress.task("comparing with Gentoo", len(names)) as task:
            copied = copies.all(names, without=absent | edited, task=task)
        self._work += copies.work
        return entries, copied

    def _edits(self, names: Sequence[str]) -> dict[str, Edit]:
        """The packages whose copies were last changed by hand, where there is a history to ask."""
        try:
            repository = Repository.open(self._space.checkout.path)
            return edited_by_hand(repository, repository.head(), str(PORTAGE_STABLE), names)
        except GitError:
            return {}

    # --- what people do by hand --------------------------------------------------------------------

    def _settle(self, packages: set[str]) -> State:
        """Import, accept and drop until nothing changes, and say what is selected then."""
        tried: set[str] = set()
        for _ in range(MAX_PASSES):
            state = self._state()
            if not (self._keep_keywords(state, packages) or self._import_missing(state, packages, tried)):
                return state
        return self._state()

    def _state(self) -> State:
        self._copy.move()
        return state_of(self._space, checkouts.find(self._copy.path))

    def _there(self) -> Workspace:
        """The scratch copy with the trees to import from."""
        place = checkouts.find(self._copy.path)
        source = TreeSource(
            place, self._space.sources, cache=self._space.source.cache, boards=self._space.boards
        )
        return replace(self._space, checkout=place, source=source)

    def _import_missing(self, state: State, packages: set[str], tried: set[str]) -> bool:
        """Import what is newly missing, with all that it takes; whether that changed anything."""
        before = {(entry.atom, entry.view) for entry in self._start.before.everything.missing}
        atoms: dict[Into, dict[str, None]] = {Into.BOARD: {}, Into.SDK: {}}
        for entry in state.everything.missing:
            if (entry.atom, entry.view) not in before and entry.reason is None and entry.atom not in tried:
                atoms[Into.SDK if entry.view == "host" else Into.BOARD][entry.atom] = None
        changed = False
        for into, wanted in atoms.items():
            for atom in wanted:
                tried.add(atom)
                changed |= self._import(atom, into, packages)
        return changed

    def _import(self, atom: str, into: Into, packages: set[str]) -> bool:
        there = self._there()
        try:
            planned = planning.prepare(there, Request(atoms=(atom,), into=into))
            planned = replace(planned, plan=replace(planned.plan, metapackage=None))
            steps = planning.render(there, planned, DiskTree(self._copy.path), self._today).steps
        except OverlaytoolError:
            return False  # it stays among what nothing satisfies, which is listed
        changed = False
        for step in steps:
            if step.kind in (StepKind.AUTOMATION, StepKind.CHANGELOG):
                continue
            for change in step.changes:
                self._mirrored.put(change.path, change.after)
            self._draft.finish(step.kind, step.action, step.subject, step.source, message=step.message)
            changed = True
        self._imported += [one.package for one in planned.plan.imports]
        self._keywords += [
            EntryChange(
                why=KeywordReason.NEEDED,
                package=atom_name(entry.atom),
                entry=None,
                atom=entry.atom,
                keywords=entry.keywords,
                reason=entry.comment,
            )
            for entry in planned.plan.keywords
        ]
        packages.update(one.package for one in planned.plan.imports)
        return changed

    def _keep_keywords(self, state: State, packages: set[str]) -> bool:
        """Drop, rewrite and add entries of package.accept_keywords; whether that changed anything."""
        upkeep = KeywordUpkeep(state.source, self._start.before.selections, state.selections)
        text = self._draft.read_text(ACCEPT_KEYWORDS)
        found = list(upkeep.entries(profiles.entries(text), packages))
        found += upkeep.in_sync(packages)
        for change in found:
            self._put_entry(change)
        self._keywords += found
        return bool(found)

    def _put_entry(self, change: EntryChange) -> None:
        text = self._draft.read_text(ACCEPT_KEYWORDS)
        if change.entry is not None:
            place = next(entry.line for entry in profiles.entries(text) if entry.atom == change.entry.atom)
            if change.atom is None:
                text = profiles.without_entry(text, place)
            else:
                lines = text.split("\n")
                lines[place] = " ".join((change.atom, *change.keywords))
                text = "\n".join(lines)
        elif change.atom is not None:
            text = profiles.with_keywords(text, change.atom, change.keywords, change.reason)
        self._mirrored.put_text(ACCEPT_KEYWORDS, text)
        done = "Drop" if change.atom is None else "Add" if change.entry is None else "Update"
        self._draft.finish(
            StepKind.KEYWORDS,
            Action.ADD if change.entry is None else Action.UPDATE,
            change.package,
            message=f"overlay profiles: {done} accept keywords for {change.package}\n\n{change.reason}\n",
        )

    def _put_list(self) -> None:
        text = self._draft.read_text(PACKAGES_LIST)
        self._draft.put_text(PACKAGES_LIST, automation.with_packages(text, sorted(set(self._imported))))
        self._draft.finish(StepKind.AUTOMATION, Action.ADD, "automation")

    def _put_changelog(self, packages: Sequence[PackageReview]) -> None:
        """An entry of the versions that users get, at most one for each day."""
        directory = self._copy.path / PORTAGE_STABLE
        pages = {entry.package: release_notes.upstream_page(directory / entry.package) for entry in packages}
        upstream = {name: page for name, page in pages.items() if page is not None}
        lines = release_notes.lines(packages, release_notes.former_entries(self._draft), upstream)
        path = release_notes.file_name(self._today)
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

    def _unsatisfied(self, state: State) -> Iterator[Notice]:
        lines: dict[str, list[str]] = {}
        for entry in state.newly_missing(self._start.before):
            lines.setdefault(f"{entry.atom}: {entry.reason or state.asking(entry)}", []).append(entry.view)
        for line, views in sorted(lines.items()):
            yield Notice(
                reference="unsatisfied",
                message=f"nothing satisfies {line}, on {', '.join(dict.fromkeys(views))}",
                hint="overlaytool plan with that atom says what stands in the way",
            )


def _entries_work(entries: Sequence[Entry]) -> Iterator[Notice]:
    """What a person does about entries of the list that only one side has."""
    for entry in entries:
        match entry.state:
            case EntryState.NOT_HERE:
                yield Notice(
                    reference="nonexistent-package",
                    message=f"{entry.name} is in the automation list, and portage-stable does not have it",
                    hint="take the line out of the list",
                )
            case EntryState.MOVED:
                yield Notice(
                    reference="moved-package",
                    message=f"Gentoo has {entry.name} as {entry.moved_to} now",
                    hint=f"overlaytool add {entry.moved_to}, then remove {entry.name}",
                )
            case EntryState.DROPPED:
                yield Notice(
                    reference="dropped-package",
                    message=f"Gentoo does not have {entry.name} any more",
                    hint=f"overlaytool remove {entry.name}, or fork it: overlaytool fork {entry.name}",
                )
            case EntryState.SAME | EntryState.DIFFERS:
                pass
