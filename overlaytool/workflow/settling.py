"""What people do by hand after a sync: import what is missing, keep keywords and profile lines.

Each change is made in memory and in a scratch copy of the checkout, which is resolved again until nothing
changes.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from overlaytool.apply.copying import Mirrored
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import OverlaytoolError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar import profiles
from overlaytool.flatcar.checkout import Checkout
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.change import StepKind
from overlaytool.model.plan import Action
from overlaytool.model.reached import Missing
from overlaytool.model.resolution import Notice, Request
from overlaytool.model.target import Into
from overlaytool.model.upkeep import LineChange
from overlaytool.plan.keyword_upkeep import EntryChange, KeywordReason, KeywordUpkeep
from overlaytool.plan.planner import ACCEPT_KEYWORDS
from overlaytool.plan.states import State
from overlaytool.plan.unsolved import avoidable
from overlaytool.workflow import planning
from overlaytool.workflow.profile_lines import ProfileLines, look
from overlaytool.workflow.review import state_of
from overlaytool.workflow.workspace import Workspace

MAX_PASSES = 6
"""Rounds of importing and accepting; an update that needs more is left to a person."""
NOT_IMPORTED = (StepKind.AUTOMATION, StepKind.CHANGELOG)
"""Steps of an import that an update makes once for all."""


class Settling:
    """Changes a synced checkout until no certain change is left."""

    def __init__(self, space: Workspace, to: Mirrored, checkout: Checkout, before: State) -> None:
        """
        :param to: the synced checkout, in memory and on disk.
        :param checkout: the checkout before anything was copied; only read.
        :param before: what was selected there.
        """
        self._space, self._to, self._checkout, self._before = space, to, checkout, before
        self._today = date.today()
        self._tried: set[str] = set()
        self._importing: Workspace | None = None
        self.imported: list[str] = []
        """Packages that are newly needed."""
        self.avoidable: list[Notice] = []
        """Imports that a USE flag would save."""
        self.keywords: list[EntryChange] = []
        self.lines: list[LineChange] = []
        self.work: tuple[Notice, ...] = ()
        """Lines of profiles that a person has to look at."""

    def settle(self, packages: set[str]) -> State:
        """Do it, and say what is selected then.

        :param packages: those that the sync changes. Entries of others are left alone.
        """
        state = self._settle(packages)
        checked = ProfileLines(
            look(self._checkout, self._before),
            look(checkouts.find(self._to.copy.path), state),
            self._before,
            state,
        )
        checked.put(self._to)
        self.lines, self.work = checked.changes, checked.work
        return self._settle(packages) if checked.selects_otherwise else state

    def _settle(self, packages: set[str]) -> State:
        for _ in range(MAX_PASSES):
            state = self._state()
            if not (self._keep_keywords(state, packages) or self._import_missing(state, packages)):
                return state
        return self._state()

    def _state(self) -> State:
        self._to.copy.move()
        self._importing = None
        return state_of(self._space, checkouts.find(self._to.copy.path))

    # --- what is missing ---------------------------------------------------------------------------

    def _import_missing(self, state: State, packages: set[str]) -> bool:
        """Import what is newly missing, with all that it takes; whether that changed anything."""
        atoms: dict[Into, dict[str, Missing]] = {Into.BOARD: {}, Into.SDK: {}}
        for entry in state.newly_missing(self._before):
            if entry.reason is None and entry.atom not in self._tried:
                atoms[Into.SDK if entry.view == "host" else Into.BOARD].setdefault(entry.atom, entry)
        changed = False
        for into, wanted in atoms.items():
            for atom, entry in wanted.items():
                self._tried.add(atom)
                if self._import(atom, into, packages):
                    changed = True
                    notice = avoidable(state, entry)
                    self.avoidable += (notice,) if notice else ()
        return changed

    def _scratch_workspace(self) -> Workspace:
        """The scratch copy with the trees to import from; the same until something is changed."""
        if self._importing is None:
            place = checkouts.find(self._to.copy.path)
            source = TreeSource(
                place, self._space.sources, cache=self._space.source.cache, boards=self._space.boards
            )
            self._importing = replace(self._space, checkout=place, source=source)
        return self._importing

    def _import(self, atom: str, into: Into, packages: set[str]) -> bool:
        there = self._scratch_workspace()
        try:
            planned = planning.prepare(there, Request(atoms=(atom,), into=into))
            planned = replace(planned, plan=replace(planned.plan, metapackage=None))
            steps = planning.render(there, planned, DiskTree(self._to.copy.path), self._today).steps
        except OverlaytoolError:
            return False  # it stays among what nothing satisfies, which is listed
        changed = False
        for step in steps:
            if step.kind in NOT_IMPORTED:
                continue
            for change in step.changes:
                self._to.put(change.path, change.after)
            self._to.draft.finish(step.kind, step.action, step.subject, step.source, message=step.message)
            changed = True
        if changed:
            self._importing = None
        self.imported += [one.package for one in planned.plan.imports if one.action is Action.ADD]
        self.keywords += [
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

    # --- package.accept_keywords -------------------------------------------------------------------

    def _keep_keywords(self, state: State, packages: set[str]) -> bool:
        """Drop, rewrite and add entries of package.accept_keywords; whether that changed anything."""
        upkeep = KeywordUpkeep(state.source, self._before.selections, state.selections)
        text = self._to.draft.read_text(ACCEPT_KEYWORDS)
        found = list(upkeep.entries(profiles.entries(text), packages))
        found += upkeep.in_sync(packages)
        for change in found:
            self._put_entry(change)
        self.keywords += found
        return bool(found)

    def _put_entry(self, change: EntryChange) -> None:
        text = self._to.draft.read_text(ACCEPT_KEYWORDS)
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
        self._to.put_text(ACCEPT_KEYWORDS, text)
        done = "Drop" if change.atom is None else "Add" if change.entry is None else "Update"
        self._to.draft.finish(
            StepKind.KEYWORDS,
            Action.ADD if change.entry is None else Action.UPDATE,
            change.package,
            message=f"overlay profiles: {done} accept keywords for {change.package}\n\n{change.reason}\n",
        )
