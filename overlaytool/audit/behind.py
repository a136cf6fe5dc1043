"""How far portage-stable is behind the Gentoo tree."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.model.finding import Finding, Severity


class BehindGentoo(Finding, frozen=True, kw_only=True):
    """A package that Gentoo has in a newer version for the same architectures."""

    reference = "behind-gentoo"
    severity = Severity.NOTE
    about = "gentoo"
    why = "The older the copy, the more the next update brings at once, and the more advisories apply to it."
    hint = "overlaytool update takes the newer one, with all that goes with it"

    chosen: str
    newer: tuple[str, ...]
    """CPVs that no profile hides, highest first."""

    @property
    def message(self) -> str:
        count = f", and {len(self.newer) - 1} between" if len(self.newer) > 1 else ""
        return f"{self.chosen} is what is built, Gentoo has {self.newer[0]}{count}"


class GoneFromGentoo(Finding, frozen=True, kw_only=True):
    """A package of portage-stable that Gentoo does not have any more."""

    reference = "gone-from-gentoo"
    severity = Severity.WARNING
    about = "gentoo"
    why = "There will be no update of it. Gentoo removes what is broken, abandoned or replaced."
    hint = "move to what took its place, or keep a copy of your own (overlaytool fork)"

    @property
    def message(self) -> str:
        return f"Gentoo does not have {self.subject} any more"


def check(state: State) -> Iterator[Finding]:
    """Nothing where no Gentoo tree was given."""
    for name in state.source.source_names()[:1]:
        for package, places in sorted(state.packages.items()):
            if any(place.repository == PORTAGE_STABLE.name for place in places):
                yield from _package(state, name, package)


def _package(state: State, tree: str, package: str) -> Iterator[Finding]:
    offered = state.source.source_candidates(tree, package)
    path = f"{PORTAGE_STABLE}/{package}"
    if not offered:
        yield GoneFromGentoo(subject=package, file=path)
        return
    newer: list[str] = []
    chosen = None
    here = [candidate.cpv for candidate in state.source.checkout_candidates(package)]
    for view in state.source.views:
        visible = state.visible(view, package)
        if not visible:
            continue
        chosen = chosen or visible[0].cpv
        for candidate in offered:
            if candidate.cpv == visible[0].cpv or candidate.cpv in here:
                break
            if not state.source.hidden_at_sight(view, candidate):
                newer.append(candidate.cpv)
    if chosen and newer:
        yield BehindGentoo(subject=package, file=path, chosen=chosen, newer=tuple(dict.fromkeys(newer)))
