"""What the checks of an audit read: package directories, profile files, text of ebuilds, the closure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from pathlib import Path

from overlaytool.audit.history import History
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.checkout import Checkout
from overlaytool.flatcar.inventory import Entry, Inventory
from overlaytool.model.advisory import Advised
from overlaytool.model.dependency import Atom, View
from overlaytool.model.resolution import package_name
from overlaytool.resolve.roots import Everything


class State(Inventory):
    """What every check is given. All that is read is read once."""

    def __init__(
        self,
        checkout: Checkout,
        source: TreeSource,
        today: date,
        everything: Callable[[], Everything[EbuildCandidate]],
        advised: Callable[[Everything[EbuildCandidate]], Advised],
        history: History | None = None,
    ) -> None:
        """
        :param source: the checkout's packages; where it has a Gentoo tree, that is compared with.
        :param today: what is later than this has not happened yet.
        :param everything: works out what all targets select; asked at most once.
        :param advised: holds the advisories against that; asked at most once.
        :param history: where the copies came from; None where the checkout is no git work tree.
        """
        self._everything, self._advised, self.history = everything, advised, history
        super().__init__(checkout.path)
        self.checkout, self.source, self.today = checkout, source, today
        self._visible: dict[tuple[str, str], tuple[EbuildCandidate, ...]] = {}

    @cached_property
    def everything(self) -> Everything[EbuildCandidate]:
        """What all targets select today."""
        return self._everything()

    @cached_property
    def advised(self) -> Advised:
        """Which advisories apply to that."""
        return self._advised(self.everything)

    def path_of(self, cpv: str) -> str | None:
        """The directory of a package of the checkout, by its CPV or name; None where it has none."""
        places = self.packages.get(cpv) or self.packages.get(package_name(cpv) if "/" in cpv else "")
        return places[-1].path if places else None

    @cached_property
    def candidates(self) -> tuple[EbuildCandidate, ...]:
        """Every ebuild of portage-stable and coreos-overlay."""
        return tuple(
            candidate for package in self.packages for candidate in self.source.checkout_candidates(package)
        )

    # --- atoms -------------------------------------------------------------------------------------

    def atom(self, entry: Entry) -> Atom | None:
        """The atom of a profile's line; None where its first word is none."""
        try:
            return self.source.parse_atom(entry.word.removeprefix("-"))
        except MalformedAtomError:
            return None

    def matching(self, atom: Atom) -> tuple[EbuildCandidate, ...]:
        """The checkout's ebuilds that an atom is about."""
        return tuple(
            candidate
            for candidate in self.source.checkout_candidates(atom.package)
            if self.source.admits(candidate, atom)
        )

    def visible(self, view: View, package: str) -> tuple[EbuildCandidate, ...]:
        """What emerge takes of a package in a view: the highest of every slot that nothing hides."""
        known = self._visible.get((view.name, package))
        if known is None:
            known = self._visible[view.name, package] = tuple(self._look(view, package))
        return known

    def _look(self, view: View, package: str) -> Iterator[EbuildCandidate]:
        chosen: set[str] = set()
        for candidate in self.source.checkout_candidates(package):
            hidden = self.source.hidden_at_sight(view, candidate) or self.source.obstacles(view, candidate)
            if not hidden and candidate.slot not in chosen:
                chosen.add(candidate.slot)
                yield candidate

    # --- profiles ----------------------------------------------------------------------------------

    def views(self, file: str) -> tuple[View, ...]:
        """The views in whose profile a file has its say; all of them where none has it as a parent."""
        found = [view for view in self.source.views if self._has(view, file)]
        return tuple(found or self.source.views)

    def _has(self, view: View, file: str) -> bool:
        directories = list(self.source.profile(view).files)
        if view.board:
            directories += self.source.production(view.board).files
        place = self.checkout.path / file
        return any(_direct(directory, place) for directory in directories)


def _direct(directory: Path, place: Path) -> bool:
    """Whether a file lies in a profile directory itself, or in a directory such as ``package.use/`` there."""
    inside = place.parent.name.startswith(("package.", "use."))
    return directory == (place.parent.parent if inside else place.parent)
