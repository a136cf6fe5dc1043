"""The trees as the resolver sees them: the checkout's repositories, the sources, a view for each root."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace
from pkgcore.package.errors import MetadataException

from overlaytool.ebuild import depend, description, metadata, visibility
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.ebuild.eclass import needed_updates
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.ebuild.profile import ProfileView
from overlaytool.ebuild.restrictions import VARIABLES, tokens
from overlaytool.ebuild.trees import Trees
from overlaytool.ebuild.use_files import UseFiles
from overlaytool.errors import MalformedAtomError, MetadataError
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.dependency import Atom, Demand, FlagChanges, Known, View
from overlaytool.model.resolution import Board, Description, Distfile, Rejection, RejectionKind, Root

VARIANTS = 12
"""How many sets of updated eclasses are kept, each with what was found out under it: some megabytes."""

HOST = View(name="host", root=Root.HOST, board=None)


class TreeSource(Trees):
    """Everything that can be asked about the packages of a checkout and its sources."""

    def __init__(
        self,
        checkout: Checkout,
        sources: Mapping[str, Path],
        *,
        cache: MetadataCache,
        boards: Sequence[Board],
        eclass_updates: Iterable[str] = (),
    ) -> None:
        """
        :param sources: trees to import from, by name, in order of preference; gentoo first.
        :param boards: the boards to look from.
        :param eclass_updates: eclasses to take from the sources although the checkout has them.
        :raises RepositoryError: when a source is no ebuild repository.
        :raises CheckoutError: when a profile cannot be read.
        """
        super().__init__(checkout, sources, cache=cache, eclass_updates=eclass_updates)
        self.boards = tuple(boards)
        self.views = (
            *(View(name=board.name, root=Root.BOARD, board=board) for board in self.boards),
            HOST,
        )
        self.best: Known[EbuildCandidate] = {}
        self.likely: Known[EbuildCandidate] = {}
        self._root_deps = checkout.root_deps
        self._profiles: dict[str, ProfileView] = {}
        self._use_files = UseFiles()
        self._eclass_updates: dict[tuple[str, str, bool], tuple[str, ...] | None] = {}
        self._variants: OrderedDict[tuple[str, ...], TreeSource] = OrderedDict()

    # --- views -------------------------------------------------------------------------------------

    def profile(self, view: View) -> ProfileView:
        """The profile behind a view."""
        known = self._profiles.get(view.name)
        if known is None:
            checkout = self.checkout
            path = checkout.board_profile(view.board) if view.board else checkout.host_profile()
            known = self._profiles[view.name] = ProfileView(path, self.repositories, self._use_files)
        return known

    def production(self, board: Board) -> ProfileView:
        """The production image's profile."""
        key = f"{board.name} image"
        known = self._profiles.get(key)
        if known is None:
            path = self.checkout.production_profile(board)
            known = self._profiles[key] = ProfileView(path, self.repositories, self._use_files)
        return known

    def package_set(self, view: View, name: str) -> tuple[str, ...]:
        """The atoms of a set of the view's profile: ``@system`` or ``@stage1``.

        :raises KeyError: for another one.
        """
        profile = self.profile(view)
        return {"@system": profile.system, "@stage1": profile.stage1}[name]

    def arch(self, view: View) -> str:
        """The keyword of the view's profile."""
        return self.profile(view).arch

    @staticmethod
    def parse_atom(text: str) -> Atom:
        """An atom as a user writes it.

        :raises MalformedAtomError: for text that is none.
        """
        return parse_atom(text)

    @staticmethod
    def renamed(atom: Atom, package: str) -> Atom:
        """The same atom for another package name."""
        return parse_atom(atom.text.replace(atom.package, package, 1))

    def eclass_updates(self, candidate: EbuildCandidate, *, older: bool) -> tuple[str, ...] | None:
        """The eclasses of the checkout to update so that a candidate can be sourced, or None.

        :param older: whether those of the source may be older than the checkout's.
        """
        key = (candidate.cpv, candidate.repository, older)
        if key not in self._eclass_updates:
            stack = self.eclass_stack
            self._eclass_updates[key] = needed_updates(
                stack.outdated if older else stack.behind, lambda names: self._twin(candidate, names).ebuild
            )
        return self._eclass_updates[key]

    def _twin(self, candidate: EbuildCandidate, names: Iterable[str]) -> EbuildCandidate:
        """The same ebuild, sourced with these eclasses updated."""
        updated = self.with_eclass_updates({*self.eclass_stack.updates, *names})
        twins = updated.source_candidates(candidate.repository, candidate.package)
        return next(twin for twin in twins if twin.cpv == candidate.cpv)

    def with_eclass_updates(self, names: Iterable[str]) -> TreeSource:
        """The same trees with these eclasses of the checkout replaced by the sources'.

        The last ones are kept: what one candidate needs, the next one that is looked at often needs, too.
        """
        updates = tuple(sorted(set(names)))
        if updates == self.eclass_stack.updates:
            return self
        known = self._variants.pop(updates, None)
        if known is None:
            known = TreeSource(
                self.checkout, self.paths, cache=self.cache, boards=self.boards, eclass_updates=updates
            )
            known._variants, known.noted = self._variants, self.noted
        self._variants[updates] = known
        while len(self._variants) > VARIANTS:
            self._variants.popitem(last=False)
        return known

    def with_checkout(self, checkout: Checkout) -> TreeSource:
        """The same trees, seen with other profiles: see :mod:`overlaytool.ebuild.edited`."""
        updates = self.eclass_stack.updates
        return TreeSource(checkout, self.paths, cache=self.cache, boards=self.boards, eclass_updates=updates)

    def describe(self, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> Description:
        """What a report shows of a candidate."""
        return description.describe(candidate, self.profile(view).use(candidate.ebuild, changes))

    @staticmethod
    def inherited(candidate: EbuildCandidate) -> frozenset[str]:
        """The eclasses of a candidate, those of its eclasses included."""
        return frozenset(candidate.ebuild.inherited)

    def provided(self, view: View, atom: Atom) -> str | None:
        """The package.provided CPV that satisfies an atom, or None."""
        for entry in self.profile(view).provided.get(atom.package, ()):
            if depend.version_matches(parsed(atom), entry):
                return str(entry.cpvstr)
        return None

    def hidden_at_sight(self, view: View, candidate: EbuildCandidate) -> bool:
        """Whether it can be told, without sourcing, that mask or keywords hide a candidate in a view."""
        hidden = candidate.hidden_at_sight.get(view.name)
        if hidden is None:
            hidden = visibility.hidden_at_sight(self.profile(view), candidate)
            candidate.hidden_at_sight[view.name] = hidden
        return hidden

    def looked_at(self, candidate: EbuildCandidate) -> bool:
        """Whether a candidate's metadata is at hand already."""
        return bool(candidate.obstacles)

    def obstacles(self, view: View, candidate: EbuildCandidate) -> tuple[Rejection, ...]:
        """What hides a candidate in a view, whoever asks for it. Empty: visible."""
        known = candidate.obstacles.get(view.name)
        if known is None:
            known = candidate.obstacles[view.name] = visibility.obstacles(self.profile(view), candidate)
        return known

    def prefetch(self, candidates: Iterable[EbuildCandidate], *, live: bool = False) -> None:
        """Source several ebuilds at once, where they have to be; live ones only on demand."""
        metadata.source(
            [
                candidate.ebuild
                for candidate in candidates
                if not self.looked_at(candidate) and (live or not candidate.live)
            ]
        )

    def keyword(self, view: View, candidate: EbuildCandidate) -> str | None:
        """What package.accept_keywords has to say to admit a candidate; see :func:`visibility.keyword`."""
        return visibility.keyword(self.profile(view), candidate)

    def unkeyworded(self, candidate: EbuildCandidate) -> bool:
        """Whether an ebuild has no keyword for any arch."""
        return not any(not keyword.startswith("-") for keyword in candidate.ebuild.keywords)

    # --- candidates in a view ----------------------------------------------------------------------

    def admits(self, candidate: EbuildCandidate, atom: Atom) -> bool:
        """Whether an atom of its package admits a candidate's version, and its slot if the text says it."""
        if not self.admits_version(candidate, atom):
            return False
        slot = parsed(atom).slot
        return slot is None or candidate.slot_at_sight in (None, slot)

    @staticmethod
    def admits_version(candidate: EbuildCandidate, atom: Atom) -> bool:
        """Whether an atom of its package admits a candidate's version."""
        known = candidate.admitted.get(atom.text)
        if known is None:
            known = depend.version_matches(parsed(atom), candidate.ebuild)
            candidate.admitted[atom.text] = known
        return known

    def mismatch(
        self, view: View, candidate: EbuildCandidate, atom: Atom, changes: FlagChanges
    ) -> Rejection | None:
        """Why a candidate of the atom's package does not satisfy it, or None."""
        if not self.admits_version(candidate, atom):
            return Rejection(
                cpv=candidate.cpv,
                repository=candidate.repository,
                kind=RejectionKind.VERSION,
                reason="version",
            )
        if candidate.unreadable is not None:  # emerge masks it
            return Rejection(
                cpv=candidate.cpv,
                repository=candidate.repository,
                kind=RejectionKind.METADATA,
                reason=candidate.unreadable,
            )
        wanted = parsed(atom)
        if wanted.slot is None and not wanted.use:
            return None
        profile = self.profile(view)
        try:
            use, iuse = profile.use(candidate.ebuild, changes), profile.iuse(candidate.ebuild)
            found = depend.mismatch(atom, candidate.ebuild, use, iuse, candidate.repository)
        except MetadataException as error:
            return Rejection(
                cpv=candidate.cpv,
                repository=candidate.repository,
                kind=RejectionKind.METADATA,
                reason=sourcing_error(error),
            )
        if found is None or found.kind is not RejectionKind.USE:
            return found
        fixed = profile.unchangeable(candidate.ebuild, depend.use_dependencies(atom, iuse))
        if not fixed:
            return found
        reason = f"{found.reason}; the profile fixes {', '.join(fixed)}"
        return replace(found, kind=RejectionKind.FIXED, reason=reason)

    def flags_to_change(
        self, view: View, candidate: EbuildCandidate, atom: Atom, changes: FlagChanges
    ) -> tuple[tuple[str, bool], ...] | None:
        """The USE flags to set so that a candidate satisfies an atom's USE dependencies.

        None where that is not possible: a flag is missing, forced or masked.
        """
        profile, ebuild = self.profile(view), candidate.ebuild
        iuse, use = profile.iuse(ebuild), profile.use(ebuild, changes)
        if any(not satisfied for _flag, satisfied in depend.unknown_flags(atom, iuse)):
            return None
        wanted = tuple(
            (flag, state) for flag, state in depend.use_dependencies(atom, iuse) if (flag in use) != state
        )
        if any(flag not in ebuild.iuse_stripped for flag, _state in wanted):
            return None
        return wanted if not profile.unchangeable(ebuild, wanted) else None

    def optional_flags(self, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> tuple[str, ...]:
        """The enabled flags of a candidate that package.use could switch off, sorted."""
        profile, ebuild = self.profile(view), candidate.ebuild
        enabled = sorted(profile.use(ebuild, changes) & ebuild.iuse_stripped)
        fixed = profile.unchangeable(ebuild, [(flag, False) for flag in enabled])
        return tuple(flag for flag in enabled if flag not in fixed)

    def required_use_violation(
        self, view: View, candidate: EbuildCandidate, changes: FlagChanges
    ) -> str | None:
        """The part of REQUIRED_USE that the flags of the view break, or None."""
        key = (view.name, changes)
        if key not in candidate.violations:
            use = self.profile(view).use(candidate.ebuild, changes)
            candidate.violations[key] = depend.required_use_violation(candidate.ebuild, use)
        return candidate.violations[key]

    def demands(self, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> tuple[Demand, ...]:
        """The evaluated dependencies of a candidate that is merged in a view."""
        known = candidate.demands.get((view.name, changes))
        if known is None:
            known = candidate.demands[(view.name, changes)] = self._demands(view, candidate, changes)
        return known

    def _demands(self, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> tuple[Demand, ...]:
        use = self.profile(view).use(candidate.ebuild, changes)
        try:
            return depend.demands(candidate.ebuild, use, view.root, root_deps=self._root_deps)
        except MalformedAtomError as error:
            raise MetadataError(
                f"a dependency of {candidate} cannot be read", details=(error.message, *error.details)
            ) from error

    def restrictions(self, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> frozenset[str]:
        """What RESTRICT and PROPERTIES of a candidate say."""
        use = self.profile(view).use(candidate.ebuild, changes)
        return frozenset(token for name in VARIABLES for token in tokens(candidate.ebuild, name, use))

    def mask_comment(self, candidate: EbuildCandidate, view: View) -> tuple[str, ...]:
        """What a person has to know of the mask of a candidate, a line each."""
        from overlaytool.ebuild.profile_lines import about_mask  # only where something is refused

        return about_mask(self, view, candidate)

    def fixed_comment(self, candidate: EbuildCandidate, view: View, atom: Atom) -> tuple[str, ...]:
        """What a person has to know of the masked and forced flags that keep a candidate from an atom."""
        from overlaytool.ebuild.profile_lines import about_fixed  # only where something is refused

        return about_fixed(self, view, candidate, atom)

    def mask_left_behind(self, view: View, candidate: EbuildCandidate) -> str | None:
        """The mask of its source that alone hides a candidate: copied without it, emerge takes it."""
        return visibility.mask_left_behind(self.profile(view), candidate)

    def image_mask(self, board: Board, package: str, cpv: str) -> str | None:
        """The entry that masks an ebuild in the production image, or None."""
        offered = [*self.checkout_candidates(package)]
        for name in self.source_names():
            offered += self.source_candidates(name, package)
        candidate = next((candidate for candidate in offered if candidate.cpv == cpv), None)
        return self.production(board).mask(candidate.ebuild, candidate.repo) if candidate else None

    def distfiles(self, candidate: EbuildCandidate, view: View, changes: FlagChanges) -> tuple[Distfile, ...]:
        """What emerge downloads, with the sizes that the Manifest gives."""
        return description.distfiles(candidate, self.profile(view).use(candidate.ebuild, changes))
