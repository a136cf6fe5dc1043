"""What an image has today, and what of it new packages block: searches through its metapackage's closure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from overlaytool.dependency import Atom, Candidate, View, atoms_in
from overlaytool.model.resolution import DepClass, Package, Resolution, Root, State
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.graph import Ask, Conflict, Restart, Unsatisfied
from overlaytool.resolve.source import PackageSource

RUN_TIME = frozenset({DepClass.RDEPEND, DepClass.PDEPEND})


def installed[C: Candidate](
    source: PackageSource[C], metapackage: str, wanted: Mapping[str, Iterable[str]]
) -> dict[str, frozenset[str]]:
    """Those of the wanted packages that the image has.

    :param metapackage: ``coreos-base/coreos``.
    :param wanted: for each board's name, ``category/name`` of the packages to look for.
    :return: for each board's name, those found. Where the tree does not hold together today, what could
        be reached.
    """
    chooser = Chooser(source, accept_keywords=False)
    atom = source.parse_atom(metapackage)
    return {
        view.name: _Search(chooser, wanted[view.name]).search(view, atom)
        for view in source.views
        if view.root is Root.BOARD and view.name in wanted
    }


def blocked[C: Candidate](source: PackageSource[C], resolution: Resolution) -> dict[str, dict[str, str]]:
    """What the imports of a resolution exclude, of what lies outside of it.

    Within a resolution blockers are looked at while it is made. What else an image has is searched for
    only where somebody blocks it.

    :return: for each board's name, the blocked ``category/name`` and who blocks it, in words.
    """
    views = {view.name: view for view in source.views if view.root is Root.BOARD}
    inside = {(package.board, package.name) for package in resolution.packages}
    found: dict[str, dict[str, str]] = {name: {} for name in views}
    for package in resolution.packages:
        if package.state not in (State.ADD, State.UPDATE) or package.board is None:
            continue
        view = views[package.board]
        for atom in _blockers(source, view, package):
            candidate = _visible(source, view, atom.package)
            if candidate is None or (view.name, candidate.package) in inside:
                continue
            if source.mismatch(view, candidate, atom, frozenset()) is None:
                found[view.name][atom.package] = f"{package.cpv} blocks {candidate.cpv} ({atom})"
    return found


def _blockers[C: Candidate](source: PackageSource[C], view: View, package: Package) -> Iterator[Atom]:
    """The blockers of an imported package, of every class that is about the board root."""
    for candidate in source.source_candidates(package.repository, package.name):
        if candidate.cpv == package.cpv:
            for demand in source.demands(view, candidate, frozenset()):
                if demand.root is Root.BOARD:
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
