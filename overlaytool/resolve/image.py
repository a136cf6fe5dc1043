"""What an image has today, and what of that cannot be with new packages: searches through a closure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from overlaytool.model.dependency import Atom, Candidate, FlagChanges, View, atoms_in
from overlaytool.model.resolution import DepClass, Package, Resolution, State
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.graph import Ask, Conflict, Restart, Unsatisfied
from overlaytool.resolve.provider import PackageSource

RUN_TIME = frozenset({DepClass.RDEPEND, DepClass.PDEPEND})
UNCHANGED: FlagChanges = frozenset()


class Clash(NamedTuple):
    """Two packages that exclude each other: an import, and one of the checkout beside it."""

    view: str
    other: str
    """``category/name`` of the checkout's package."""
    blocked: bool
    """Whether the import blocks the other one, not the other way round."""
    reason: str
    """In words."""


def installed[C: Candidate](
    source: PackageSource[C], metapackage: str, wanted: Mapping[str, Collection[str]]
) -> dict[str, frozenset[str]]:
    """Those of the wanted packages that a metapackage pulls in.

    :param metapackage: ``coreos-base/coreos``.
    :param wanted: for each view's name, ``category/name`` of the packages to look for.
    :return: for each view's name, those found. Where the tree does not hold together today, what could
        be reached.
    """
    chooser = Chooser(source, accept_keywords=False)
    atom = source.parse_atom(metapackage)
    return {
        view.name: _Search(chooser, wanted[view.name]).search(view, atom)
        for view in source.views
        if view.name in wanted
    }


def all_installed[C: Candidate](source: PackageSource[C], metapackage: str) -> dict[str, frozenset[str]]:
    """For each view's name, every ``category/name`` that a metapackage pulls in; see :func:`installed`."""
    chooser = Chooser(source, accept_keywords=False)
    atom = source.parse_atom(metapackage)
    return {view.name: _ExhaustiveSearch(chooser).search(view, atom) for view in source.views}


def clashes[C: Candidate](
    source: PackageSource[C], resolution: Resolution, blockers: Collection[str]
) -> Iterator[Clash]:
    """What cannot be in one root with the imports of a resolution, of what lies outside of it.

    Within a resolution blockers are looked at while it is made. What else a root has is searched for only
    where one blocks the other.

    :param blockers: packages of the checkout that may block one of the imports.
    """
    inside = {(package.board, package.name) for package in resolution.packages}
    views = {view.board.name if view.board else None: view for view in source.views}
    for package in resolution.packages:
        if package.state not in (State.ADD, State.UPDATE):
            continue
        view, new = views[package.board], _of(source, package)
        for name in sorted({atom.package for atom in _blockers(source, view, new)} | set(blockers)):
            other = _visible(source, view, name)
            if other is None or (package.board, other.package) in inside:
                continue
            for owner, target in ((new, other), (other, new)):
                for atom in _blockers(source, view, owner):
                    if atom.package == target.package and not source.mismatch(view, target, atom, UNCHANGED):
                        reason = f"{owner.cpv} blocks {target.cpv} ({atom})"
                        yield Clash(view.name, other.package, owner is new, reason)


def _of[C: Candidate](source: PackageSource[C], package: Package) -> C:
    """The ebuild that an import selects."""
    offered = source.source_candidates(package.repository, package.name)
    return next(candidate for candidate in offered if candidate.cpv == package.cpv)


def _blockers[C: Candidate](source: PackageSource[C], view: View, candidate: C) -> Iterator[Atom]:
    """The blockers of a candidate, of every class that is about its own root."""
    for demand in source.demands(view, candidate, UNCHANGED):
        if demand.root is view.root:
            yield from (atom for atom in atoms_in(demand.dependency) if atom.blocks)


def _visible[C: Candidate](source: PackageSource[C], view: View, package: str) -> C | None:
    """The ebuild of the checkout that emerge takes for a package's plain name."""
    return next(
        (
            candidate
            for candidate in source.checkout_candidates(package)
            if not source.obstacles(view, candidate)
        ),
        None,
    )


class _Search[C: Candidate](Closure[C]):
    """A closure that ends as soon as everything is found, and that sources an ebuild as late as it can.

    What a plan needs is mostly what every image has: bash, glibc, ncurses. It is found among the
    packages that the plan has looked at already, long before the whole image has been.
    """

    def __init__(self, chooser: Chooser[C], wanted: Iterable[str]) -> None:
        super().__init__(chooser, Decisions(), classes=RUN_TIME)
        self._missing = set(wanted)
        self._found: set[str] = set()
        self._later: list[tuple[View, Atom, Ask[C]]] = []
        self._patient = True

    def search(self, view: View, metapackage: Atom) -> frozenset[str]:
        """The wanted packages that the metapackage pulls in."""
        try:
            self._patient = False
            self.run(((view, metapackage),))
            while self._later and self._missing:
                self._go_on()
        except (Unsatisfied, Conflict, Restart):
            pass
        return frozenset(self._found)

    def _go_on(self) -> None:
        """Look at what was put off."""
        later, self._later = self._later, []
        candidates = [self.chooser.likely(view, atom, self.decisions) for view, atom, _ask in later]
        self.source.prefetch([candidate for candidate in candidates if candidate is not None])
        for view, atom, ask in later:
            super()._need(view, atom, ask)
        self._drain()

    def _drain(self) -> None:
        self._patient = True
        while self._queue and self._missing:
            self._expand(self._queue.popleft())

    def _need(self, view: View, atom: Atom, ask: Ask[C]) -> None:
        if atom.package in self._missing:
            self._missing.discard(atom.package)
            self._found.add(atom.package)
        if self._patient and not self.chooser.has_settled(view, atom, self.decisions):
            likely = self.chooser.likely(view, atom, self.decisions)
            if likely is not None and not self.source.looked_at(likely):
                self._later.append((view, atom, ask))
                return
        super()._need(view, atom, ask)


class _ExhaustiveSearch[C: Candidate](_Search[C]):
    """A search that finds everything."""

    def __init__(self, chooser: Chooser[C]) -> None:
        super().__init__(chooser, ("",))  # which no package is called: it goes on to the end

    def _need(self, view: View, atom: Atom, ask: Ask[C]) -> None:
        self._found.add(atom.package)
        super()._need(view, atom, ask)
