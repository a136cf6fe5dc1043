"""``update --all``: all of the automation list brought up to Gentoo, with what people do by hand then.

list, Gentoo --copy--> scratch checkout --closure of everything--> what is missing, what each view selects
  --import, accept, drop--> again until nothing changes --> change set

The same from a branch on which somebody has copied already (``--onto``): then only what people add to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.apply.package_source import Issues, read_directory, read_plain
from overlaytool.apply.scratch import Scratch, scratch
from overlaytool.apply.staging import Draft
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import OverlaytoolError, UnsafeSourceError
from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import PORTAGE_STABLE, Checkout
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git import changes
from overlaytool.git.changes import Range
from overlaytool.git.copies import edited_by_hand
from overlaytool.git.export import exported
from overlaytool.git.head import head_commit
from overlaytool.git.repository import Repository
from overlaytool.model.change import ChangeSet, FileState, StepKind
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import Notice, Request
from overlaytool.model.review import PackageReview
from overlaytool.model.target import Into
from overlaytool.plan.keyword_upkeep import EntryChange, KeywordUpkeep
from overlaytool.plan.outdated import Entry, EntryState, is_eclass, is_package, looked_after, without_source
from overlaytool.plan.planner import ACCEPT_KEYWORDS
from overlaytool.plan.review import Comparison, State
from overlaytool.plan.step_order import in_order
from overlaytool.plan.touched import touched
from overlaytool.workflow import planning
from overlaytool.workflow.review import NOT_RESOLVED, state_of
from overlaytool.workflow.workspace import Workspace

MAX_PASSES = 6
"""Rounds of importing and accepting; an update that needs more is left to a person."""


class Wish(Struct, frozen=True, kw_only=True):
    """What is to be brought up to Gentoo."""

    excluded: tuple[str, ...] = ()
    """Patterns of names in the automation list that are left alone."""
    onto: str | None = None
    """A commit on which somebody has copied already; None: what is to be changed is the checkout as it is."""
    committed: bool = False
    """Whether to start from the commit that is checked out, not from the files of the work tree."""


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
    packages: tuple[PackageReview, ...]
    """What the views select before and after."""
    removable: tuple[str, ...]
    """Packages that some target reached before, and that none reaches any more."""
    warnings: tuple[Notice, ...]
    manual_work: tuple[Notice, ...]


def update_all(space: Workspace, wish: Wish) -> Updated:
    """Work out the update of everything. Writes nothing into the checkout.

    :raises GitError: where a commit is not there.
    :raises UnsafeSourceError: where the source holds files that must not be copied.
    """
    with ExitStack() as stack:
        start = _start(space, wish, stack)
        copy = stack.enter_context(scratch(start.checkout.path))
        return _Update(space, start, copy).run(wish)


class _Start(Struct, frozen=True, kw_only=True):
    """What an update begins with."""

    checkout: Checkout
    """A directory with the files that are changed; only read."""
    before: State
    """What was selected before anything was copied."""
    base: str | None
    range: Range | None
    """What was copied by somebody else, for ``--onto``."""


def _start(space: Workspace, wish: Wish, stack: ExitStack) -> _Start:
    if wish.onto is None and not wish.committed:
        return _Start(checkout=space.checkout, before=state_of(space, space.checkout), base=None, range=None)
    repository = Repository.open(space.checkout.path)

    def at(commit: str) -> Checkout:
        place = exported(repository, commit, space.config.cache, without=NOT_RESOLVED)
        return checkouts.find(stack.enter_context(place))

    if wish.onto is None:
        head = repository.head()
        here = at(head)
        return _Start(checkout=here, before=state_of(space, here), base=head, range=None)
    ends = changes.parse_range(repository, f"HEAD...{wish.onto}")
    before = state_of(space, at(ends.base))
    return _Start(checkout=at(ends.tip), before=before, base=ends.tip, range=ends)


class _Update:
    """One update, step by step: whatever is changed is changed in memory and in the scratch copy."""

    def __init__(self, space: Workspace, start: _Start, copy: Scratch) -> None:
        self._space, self._start, self._copy = space, start, copy
        tree = DiskTree(start.checkout.path)
        self._draft = Draft(tree)
        self._gentoo, self._root = next(iter(space.sources.items()))
        self._origin = TreeCommit(name=self._gentoo, commit=head_commit(self._root))
        self._issues = Issues()
        self._work: list[Notice] = []
        self._warnings: list[Notice] = []
        self._imported: list[str] = []
        self._keywords: list[EntryChange] = []

    def run(self, wish: Wish) -> Updated:
        """All of it."""
        entries: tuple[Entry, ...] = ()
        copied: tuple[str, ...] = ()
        names = looked_after(automation.list_entries(self._draft.read_text(PACKAGES_LIST)), wish.excluded)
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
        return Updated(
            base=self._start.base,
            change_set=ChangeSet(steps=in_order(self._draft.steps(), state), about=("update", "--all")),
            entries=entries,
            copied=copied,
            imported=tuple(sorted(set(self._imported))),
            keywords=tuple(self._keywords),
            packages=comparison.packages({}),
            removable=self._removable(state),
            warnings=(*self._warnings, *comparison.notices),
            manual_work=(*_entries_work(entries), *self._work, *self._unsatisfied(state)),
        )

    # --- copying -----------------------------------------------------------------------------------

    def _copy_all(self, names: Sequence[str]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        stable = self._start.checkout.portage_stable
        packages = [name for name in names if is_package(name)]
        gone = [name for name in packages if not (self._root / name).is_dir()]
        moved = {name: self._space.source.moved(name) for name in gone}
        entries = tuple(without_source(packages, stable, self._root, moved))
        absent = {entry.name for entry in entries}
        edited = self._edited([name for name in packages if name not in absent])
        copied = []
        with self._space.progress.task("comparing with Gentoo", len(names)) as task:
            for name in names:
                task.advance()
                if (is_eclass(name) and self._copy_eclass(name)) or (
                    is_package(name)
                    and name not in absent
                    and name not in edited
                    and self._copy_package(name)
                ):
                    copied.append(name)
        if self._issues.unsafe:
            raise UnsafeSourceError(
                "the sources hold files that must not be copied",
                details=tuple(self._issues.unsafe),
                hint="git status in that tree shows them; --except leaves a package alone",
            )
        return entries, tuple(copied)

    def _edited(self, names: Sequence[str]) -> set[str]:
        """Packages whose copies carry edits of Flatcar's own: they are listed, never overwritten."""
        try:
            repository = Repository.open(self._space.checkout.path)
            found = edited_by_hand(repository, repository.head(), str(PORTAGE_STABLE), set(names))
        except OverlaytoolError:
            return set()
        differing = {
            name: edit for name, edit in found.items() if self._differs(f"{PORTAGE_STABLE}/{name}", name)
        }
        for name, edit in sorted(differing.items()):
            self._work.append(
                Notice(
                    reference="edited-copy",
                    message=f"{name} carries an edit of Flatcar's own: {edit.subject} ({edit.commit[:12]})",
                    hint=f"it was left as it is: update it alone, then apply the edit again;"
                    f" git show {edit.commit[:12]} -- {PORTAGE_STABLE}/{name} shows it",
                )
            )
        return set(differing)

    def _differs(self, directory: str, name: str) -> bool:
        files = read_directory(self._root, name, self._issues)
        here = {
            path.removeprefix(f"{directory}/"): self._draft.read(path) for path in self._draft.list(directory)
        }
        return here != files

    def _copy_package(self, name: str) -> bool:
        directory = f"{PORTAGE_STABLE}/{name}"
        files = read_directory(self._root, name, self._issues)
        old = {path.removeprefix(f"{directory}/") for path in self._draft.list(directory)}
        for file in sorted(old - set(files)):
            self._put(f"{directory}/{file}", None)
        for file, state in files.items():
            self._put(f"{directory}/{file}", state)
        return self._finish(StepKind.PACKAGE, name)

    def _copy_eclass(self, name: str) -> bool:
        state = read_plain(self._root, name, self._issues)
        if state is None:
            self._issues.missing.pop()
            self._work.append(
                Notice(
                    reference="obsolete-eclass",
                    message=f"{name} is in the automation list, and Gentoo does not have it",
                    hint="take it out of the list, and the file with it when nothing inherits it",
                )
            )
            return False
        self._put(f"{PORTAGE_STABLE}/{name}", state)
        return self._finish(StepKind.ECLASS, name.removesuffix(".eclass"))

    def _put(self, path: str, state: FileState | None) -> None:
        if self._draft.read(path) != state:
            self._draft.put(path, state)
            self._copy.put(path, state)

    def _finish(self, kind: StepKind, subject: str, action: Action = Action.UPDATE) -> bool:
        before = len(self._draft.steps())
        source = self._origin if kind in (StepKind.PACKAGE, StepKind.ECLASS) else None
        self._draft.finish(kind, action, subject, source)
        return len(self._draft.steps()) > before

    # --- what people do by hand --------------------------------------------------------------------

    def _settle(self, packages: set[str]) -> State:
        """Import, accept and drop until nothing changes, and say what is selected then."""
        tried: set[str] = set()
        for _ in range(MAX_PASSES):
            state = self._state()
            if not (self._import_missing(state, packages, tried) or self._keep_keywords(state, packages)):
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
            steps = planning.render(there, planned, DiskTree(self._copy.path), date.today()).steps
        except OverlaytoolError:
            return False  # it stays among what nothing satisfies, which is listed
        changed = False
        for step in steps:
            if step.kind in (StepKind.AUTOMATION, StepKind.CHANGELOG):
                continue
            for change in step.changes:
                self._put(change.path, change.after)
            self._draft.finish(step.kind, step.action, step.subject, step.source, message=step.message)
            changed = True
        self._imported += [one.package for one in planned.plan.imports]
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
        old = self._draft.read(ACCEPT_KEYWORDS)
        if old is not None:
            self._put(ACCEPT_KEYWORDS, FileState(mode=old.mode, content=text.encode()))
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

    # --- what is said ------------------------------------------------------------------------------

    def _changed(self) -> Iterator[tuple[str, str]]:
        for change in ChangeSet(steps=self._draft.steps()).net:
            status = "A" if change.before is None else "D" if change.after is None else "M"
            yield status, change.path
        if self._start.range is not None:
            yield from changes.changed_paths(Repository.open(self._space.checkout.path), self._start.range)

    def _removable(self, state: State) -> tuple[str, ...]:
        was = self._start.before.everything.selected
        now = state.everything.selected
        return tuple(
            sorted(
                package for package in was if package not in now and state.source.checkout_candidates(package)
            )
        )

    def _unsatisfied(self, state: State) -> Iterator[Notice]:
        before = {(entry.atom, entry.view) for entry in self._start.before.everything.missing}
        lines: dict[str, list[str]] = {}
        for entry in state.everything.missing:
            if (entry.atom, entry.view) not in before:
                asker = f"{entry.parent} {entry.dep_class}s on it" if entry.parent else "a target asks for it"
                lines.setdefault(f"{entry.atom}: {entry.reason or asker}", []).append(entry.view)
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
