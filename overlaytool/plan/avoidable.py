"""USE flags without which a dependency is not asked for: people switch them off when it is not worth it."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.errors import MetadataError
from overlaytool.model.dependency import FlagChanges, View, atoms_in
from overlaytool.model.reached import Missing
from overlaytool.model.resolution import package_name
from overlaytool.plan.states import State
from overlaytool.plan.use import USE_FILE_OF_BOTH, USE_FILES


def avoided_by(state: State, missing: Missing) -> tuple[str, str] | None:
    """The line of package.use, and its file, with which the parent does not ask for what is missing.

    None where no single flag does it, or the flag is forced, or REQUIRED_USE needs it.
    """
    if missing.parent is None:
        return None
    places = list(_parents(state, missing.parent))
    flags = [set(_flags(state, view, candidate, missing.atom)) for view, candidate in places]
    common = set.intersection(*flags) if flags else set()
    if not common:
        return None
    roots = {view.root for view, _candidate in places}
    file = USE_FILES[roots.pop()] if len(roots) == 1 else USE_FILE_OF_BOTH
    return f"{package_name(missing.parent)} -{min(common)}", file


def _parents(state: State, cpv: str) -> Iterator[tuple[View, EbuildCandidate]]:
    """The views in which a package is selected, with its ebuild."""
    name = package_name(cpv)
    selected = {view for _target, view in state.everything.selected.get(name, {})}
    for candidate in state.source.checkout_candidates(name):
        if candidate.cpv == cpv:
            yield from ((view, candidate) for view in state.source.views if view.name in selected)
            return


def _flags(state: State, view: View, candidate: EbuildCandidate, atom: str) -> Iterator[str]:
    """The enabled flags of an ebuild without which it does not ask for an atom."""
    nothing: FlagChanges = frozenset()
    if atom not in _atoms(state, view, candidate, nothing):
        return
    for flag in state.source.optional_flags(view, candidate, nothing):
        without: FlagChanges = frozenset({(flag, False)})
        if atom not in _atoms(state, view, candidate, without) and not state.source.required_use_violation(
            view, candidate, without
        ):
            yield flag


def _atoms(state: State, view: View, candidate: EbuildCandidate, changes: FlagChanges) -> frozenset[str]:
    try:
        demands = state.source.demands(view, candidate, changes)
    except MetadataError:
        return frozenset()
    return frozenset(atom.text for demand in demands for atom in atoms_in(demand.dependency))
