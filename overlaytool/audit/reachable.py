"""Packages that nothing needs: no root of any target reaches them."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.inventory import names_package
from overlaytool.model.finding import Finding, Severity


class UnreachablePackage(Finding, frozen=True, kw_only=True):
    """A package that no target selects: neither the image, board packages, the SDK nor a system extension."""

    reference = "unreachable-package"
    severity = Severity.WARNING
    about = "packages"
    why = "It is updated, reviewed and searched for advisories, and no build ever asks for it."
    hint = "overlaytool remove takes it out with all that belongs to it"

    named_by: tuple[str, ...]
    """Packages of the checkout that name it in a dependency of another USE setting or version, sorted."""

    @property
    def message(self) -> str:
        named = f"; only {', '.join(self.named_by[:3])} could ask for it" if self.named_by else ""
        return f"no target needs {self.subject}{named}"


def check(state: State) -> Iterator[Finding]:
    """Every package of portage-stable and coreos-overlay that the closure of everything lacks."""
    selected = state.everything.selected
    ours = {PORTAGE_STABLE.name, OVERLAY.name}
    for name, places in sorted(state.packages.items()):
        mine = [place for place in places if place.repository in ours]
        if mine and name not in selected:
            yield UnreachablePackage(subject=name, file=mine[0].path, named_by=_named_by(state, name))


def _named_by(state: State, name: str) -> tuple[str, ...]:
    """The packages whose ebuilds have the name in their text."""
    found = set()
    for path, text in state.ebuild_texts.items():
        if name in text:
            package = "/".join(path.split("/")[-3:-1])
            if package != name and names_package(text, name):
                found.add(package)
    return tuple(sorted(found))
