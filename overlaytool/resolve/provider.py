"""All that the resolver may ask about packages. Trees on disk answer it, and a few lines of text in tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from overlaytool.model.dependency import Atom, Candidate, Demand, FlagChanges, Known, Origin, View
from overlaytool.model.resolution import Description, Rejection


class PackageSource[C: Candidate](Protocol):
    """The checkout's trees, the sources in order of preference, and a view for each root.

    The same question is asked often: answers are to be remembered by who gives them.
    """

    best: Known[C]
    """The :class:`Chooser`'s memory for what no decision is about: any plan on these trees finds the same."""
    likely: Known[C]

    @property
    def views(self) -> tuple[View, ...]:
        """The boards' views, then the build host's."""

    # --- which ebuilds there are -------------------------------------------------------------------

    def checkout_candidates(self, package: str) -> Sequence[C]:
        """The checkout's ebuilds of a package in emerge's order: by version, the overlay first on a tie."""

    def source_candidates(self, name: str, package: str) -> Sequence[C]:
        """One source's ebuilds of a package, highest version first."""

    def after_import(self, name: str, package: str) -> Sequence[C]:
        """What emerge chooses from once a source's directory replaced portage-stable's."""

    def source_names(self) -> tuple[str, ...]:
        """The sources in order of preference."""

    def holds(self, origin: Origin, package: str) -> bool:
        """Whether the checkout's tree of that kind has the package."""

    def packages_named(self, name: str) -> tuple[str, ...]:
        """Every ``category/name`` of all trees for a name without its category."""

    def all_packages(self) -> Iterable[str]:
        """Every ``category/name`` of all trees. Slow: for suggestions."""

    def moved(self, package: str) -> str | None:
        """A package's new name by ``profiles/updates``, or None."""

    def slot_moved(self, atom: Atom) -> Atom | None:
        """An atom under the slot that ``profiles/updates`` moved its slot to, or None."""

    def former_names(self, package: str) -> tuple[str, ...]:
        """The names that a package had before."""

    # --- atoms -------------------------------------------------------------------------------------

    def parse_atom(self, text: str) -> Atom:
        """An atom as a user writes it.

        :raises MalformedAtomError: for text that is none.
        """

    def renamed(self, atom: Atom, package: str) -> Atom:
        """The same atom for another package name."""

    def provided(self, view: View, atom: Atom) -> str | None:
        """The package.provided CPV that satisfies an atom, or None."""

    # --- candidates in a view ----------------------------------------------------------------------

    def arch(self, view: View) -> str:
        """The keyword of the view's profile, ``arm64``."""

    def hidden_at_sight(self, view: View, candidate: C) -> bool:
        """Whether it can be told, without sourcing, that mask or keywords hide a candidate in a view."""

    def looked_at(self, candidate: C) -> bool:
        """Whether a candidate's metadata is at hand already."""

    def obstacles(self, view: View, candidate: C) -> tuple[Rejection, ...]:
        """What hides a candidate in a view, whoever asks for it. Empty: visible."""

    def admits(self, candidate: C, atom: Atom) -> bool:
        """Whether an atom of its package admits a candidate's version, and its slot if that is known.

        Sources nothing: a slot that only sourcing tells is left to :meth:`mismatch`.
        """

    def mismatch(self, view: View, candidate: C, atom: Atom, changes: FlagChanges) -> Rejection | None:
        """Why a candidate of the atom's package does not satisfy it, or None."""

    def required_use_violation(self, view: View, candidate: C, changes: FlagChanges) -> str | None:
        """The part of REQUIRED_USE that does not hold, or None."""

    def demands(self, view: View, candidate: C, changes: FlagChanges) -> tuple[Demand, ...]:
        """The evaluated dependencies of a candidate that is merged in a view."""

    def keyword(self, view: View, candidate: C) -> str | None:
        """What package.accept_keywords has to say to admit a candidate, or None where nothing should."""

    def unkeyworded(self, candidate: C) -> bool:
        """Whether a candidate has no keyword for any arch."""

    def flags_to_change(
        self, view: View, candidate: C, atom: Atom, changes: FlagChanges
    ) -> tuple[tuple[str, bool], ...] | None:
        """The flags to set so that a candidate satisfies an atom's USE dependencies; None: impossible."""

    def optional_flags(self, view: View, candidate: C, changes: FlagChanges) -> tuple[str, ...]:
        """The enabled flags of a candidate that package.use could switch off, sorted."""

    def eclass_updates(self, candidate: C, *, older: bool) -> tuple[str, ...] | None:
        """The eclasses to update so that a candidate can be sourced; None: nothing helps.

        :param older: whether those of the source may be older than the checkout's.
        """

    def with_eclass_updates(self, names: Iterable[str]) -> PackageSource[C]:
        """The same trees with these eclasses of the checkout replaced by the sources'."""

    def prefetch(self, candidates: Iterable[C]) -> None:
        """Say which candidates will be asked about, so that they can be sourced at once."""

    # --- for the record ----------------------------------------------------------------------------

    def describe(self, view: View, candidate: C, changes: FlagChanges) -> Description:
        """What a report shows of a candidate."""

    def inherited(self, candidate: C) -> Collection[str]:
        """The eclasses of a candidate, those of its eclasses included."""

    def mask_comment(self, candidate: C, view: View) -> tuple[str, ...]:
        """What a person has to know of the mask of a candidate, a line each."""

    def fixed_comment(self, candidate: C, view: View, atom: Atom) -> tuple[str, ...]:
        """What a person has to know of the flags that a profile fixes against an atom, a line each."""


def everywhere[C: Candidate](package: str, source: PackageSource[C]) -> list[list[C]]:
    """The ebuilds of a package, tree by tree."""
    return [
        list(source.checkout_candidates(package)),
        *(list(source.source_candidates(name, package)) for name in source.source_names()),
    ]
