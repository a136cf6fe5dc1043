"""Packages that are there twice: in two repositories, or under two names."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.model.finding import Finding, Severity


class InTwoRepositories(Finding, frozen=True, kw_only=True):
    """A package that portage-stable and coreos-overlay both have."""

    reference = "in-two-repositories"
    severity = Severity.ERROR
    about = "packages"
    why = (
        "emerge takes the higher version, and the overlay's where both are equal: an update of one copy"
        " silently takes the place of the other, with or without its changes."
    )
    hint = "remove the copy that is not meant; overlaytool unfork drops the overlay's"

    winner: str
    """In words: which ebuild each view takes."""

    @property
    def message(self) -> str:
        return f"{self.subject} is in portage-stable and in coreos-overlay; {self.winner}"


class FormerName(Finding, frozen=True, kw_only=True):
    """A package that ``profiles/updates`` says has another name."""

    reference = "former-name"
    severity = Severity.WARNING
    about = "packages"
    why = (
        "Gentoo has moved the package. Whatever is imported from now on asks for the new name, so that both"
        " come into one root and collide."
    )
    hint = "import it under its new name, remove this one, and follow the move in what depends on it"

    new: str
    """The name that it has now."""

    @property
    def message(self) -> str:
        return f"{self.subject} is called {self.new} now"


def check(state: State) -> Iterator[Finding]:
    """Two copies, two names."""
    both = {PORTAGE_STABLE.name, OVERLAY.name}
    for name, places in sorted(state.packages.items()):
        if both <= {place.repository for place in places}:
            yield InTwoRepositories(subject=name, file=f"{OVERLAY}/{name}", winner=_winner(state, name))
        moved = state.source.moved(name)
        if moved is not None and both & {place.repository for place in places}:
            yield FormerName(subject=name, file=places[0].path, new=moved)


def _winner(state: State, package: str) -> str:
    taken: dict[str, list[str]] = {}
    for view in state.source.views:
        visible = state.visible(view, package)
        what = f"{visible[0].cpv}::{visible[0].repository}" if visible else "none of them"
        taken.setdefault(what, []).append(view.name)
    return "; ".join(f"{what} is taken on {', '.join(views)}" for what, views in taken.items())
