"""Which packages an image has today: a search through the run-time closure of its metapackage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overlaytool.dependency import Atom, Candidate, View
from overlaytool.model import DepClass, Root
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
        likely = self.chooser.likely(view, atom, self.decisions)
        if self._patient and likely is not None and not self.source.looked_at(likely):
            self._later.append((view, atom, ask))
        else:
            super()._need(view, atom, ask)
