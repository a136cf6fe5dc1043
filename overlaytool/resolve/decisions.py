"""What a plan does to the trees, as far as it has been decided: the resolver's only memory between passes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from msgspec import Struct, field
from msgspec.structs import replace

from overlaytool.model.dependency import Atom, FlagChanges, View
from overlaytool.model.resolution import Because, Notice, RejectionKind, Root, package_name


class Exclusion(Struct, frozen=True):
    """A candidate that may not be selected in a view, and why: a reason that can follow ``passed over:``."""

    view: View
    cpv: str
    kind: RejectionKind
    reason: str


_marks = count()


class Decisions(Struct):
    """Steps decided so far, and what was learned from conflicts. Grows; a pass starts from a copy."""

    imports: dict[str, str] = field(default_factory=dict)
    """Package to the source that its directory is copied from."""
    keywords: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """CPV and arch to the keyword to accept and the reason."""
    use: dict[tuple[Root, str], dict[str, tuple[bool, Because]]] = field(default_factory=dict)
    """Root and package to the flags to set, each with who asked."""
    licenses: set[tuple[str, str]] = field(default_factory=set)
    """CPV and view name: taken although its licence is not accepted yet."""
    eclasses: dict[str, tuple[View, str]] = field(default_factory=dict)
    """Eclass of the checkout to update, to the candidate that it is for: view and CPV."""
    manual: dict[str, Notice] = field(default_factory=dict)
    """What it is about, a package or a dependency, to the work that is left to a person."""
    dropped: dict[tuple[str, str], Notice] = field(default_factory=dict)
    """Package and USE flag that is switched off because what it asks for cannot be had."""
    excluded: dict[tuple[str, str], Exclusion] = field(default_factory=dict)
    """View name and CPV to why it may not be selected there."""
    pins: dict[tuple[str, str, str], tuple[Atom, ...]] = field(default_factory=dict)
    """View name, package and slot to atoms that have to hold together there."""
    updates: frozenset[str] = frozenset()
    """Packages of which the request itself wants the source's copy."""
    named: set[str] = field(default_factory=set)
    """CPVs that the request names: live ebuilds and ones without keywords among them may be taken."""
    waived: set[tuple[str, str, str]] = field(default_factory=set)
    """View name, CPV of who depends on it and atom: what a plan breaks, and leaves to a person."""
    firm: set[tuple[str, str]] = field(default_factory=set)
    """View name and CPV of what depends on an update and cannot be updated together with it."""
    environment: FlagChanges = frozenset()
    """USE flags in the environment, for every package; they go before package.use."""
    touched: dict[str, int] = field(default_factory=dict)
    """Packages of which emerge may take something else than it does today, by what was decided.

    The number is another one after each decision about the package, and a copy has the same ones: what is
    known of a package is known in all passes that decide the same about it.
    """

    def copy(self) -> Decisions:
        """An independent copy."""
        return replace(
            self,
            imports=dict(self.imports),
            keywords=dict(self.keywords),
            use={key: dict(flags) for key, flags in self.use.items()},
            licenses=set(self.licenses),
            eclasses=dict(self.eclasses),
            manual=dict(self.manual),
            dropped=dict(self.dropped),
            excluded=dict(self.excluded),
            pins=dict(self.pins),
            named=set(self.named),
            touched=dict(self.touched),
            waived=set(self.waived),
            firm=set(self.firm),
        )

    def without_pins(self) -> Decisions:
        """The same without what the plan alone knows, and emerge does not: which atoms share a slot."""
        other = self.copy()
        other.pins = {}
        for _view, package, _slot in self.pins:
            other._touch(package)
        return other

    def state_of(self, package: str) -> tuple[object, ...]:
        """Something that differs whenever what emerge would take of a package may differ.

        Decisions only grow. Empty for a package that none of them is about.
        """
        mark = self.touched.get(package)
        if mark is not None:
            return (mark, self.environment)
        return (self.environment,) if self.environment else ()

    def _touch(self, package: str) -> None:
        self.touched[package] = next(_marks)

    def import_from(self, source: str, package: str) -> None:
        """Copy a package's directory."""
        self.imports[package] = source
        self._touch(package)

    def accept_keyword(self, cpv: str, arch: str, keyword: str, reason: str) -> None:
        """Write a line into package.accept_keywords."""
        self.keywords[(cpv, arch)] = (keyword, reason)
        self._touch(package_name(cpv))

    def accept_license(self, cpv: str, view: View) -> None:
        """Take an ebuild in a view although its licence is not accepted yet."""
        self.licenses.add((cpv, view.name))
        self._touch(package_name(cpv))

    def set_flags(
        self, root: Root, package: str, flags: Iterable[tuple[str, bool]], because: Because
    ) -> None:
        """Write a line into package.use."""
        known = self.use.setdefault((root, package), {})
        known.update({flag: (state, because) for flag, state in flags})
        self._touch(package)

    def pin(self, view: View, package: str, slot: str, atoms: tuple[Atom, ...]) -> None:
        """Take only what all of these atoms admit for a slot."""
        self.pins[(view.name, package, slot)] = atoms
        self._touch(package)

    def exclude(self, exclusion: Exclusion) -> None:
        """Never select that candidate there."""
        self.excluded[(exclusion.view.name, exclusion.cpv)] = exclusion
        self._touch(package_name(exclusion.cpv))

    def excludes(self, view: View, cpv: str) -> bool:
        """Whether a candidate may not be selected in a view."""
        return (view.name, cpv) in self.excluded

    def changes(self, view: View, package: str) -> FlagChanges:
        """The USE flags that the plan, or the environment, sets for a package in a view's root."""
        flags = self.use.get((view.root, package))
        if not flags:
            return self.environment
        planned = {flag: state for flag, (state, _because) in flags.items()}
        return frozenset((planned | dict(self.environment)).items())

    @property
    def weight(self) -> int:
        """How much the plan would do: what any-of groups are decided by."""
        return len(self.imports)
