"""Licence texts that no ebuild names."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.inventory import licenses_in
from overlaytool.model.finding import Delete, Edit, Finding, Severity


class DeadLicense(Finding, frozen=True, kw_only=True):
    """A licence text that no ebuild and no eclass of the checkout names."""

    reference = "dead-license"
    severity = Severity.NOTE
    about = "packages"
    why = "Gentoo's directory has hundreds; those that nobody uses hide which ones the image comes under."
    hint = "delete it"

    @property
    def message(self) -> str:
        return f"no ebuild names the licence {self.subject}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Delete(self.file or ""),)

    @property
    def commit_subject(self) -> str:
        return "licenses: Drop those that no ebuild names"


def check(state: State) -> Iterator[Finding]:
    """Read from the text of ebuilds and eclasses: versions that nobody builds now count too."""
    named = {
        name
        for texts in (state.ebuild_texts, state.eclass_texts)
        for text in texts.values()
        for name in licenses_in(text)
    }
    for repository in (PORTAGE_STABLE, OVERLAY):
        directory = f"{repository}/licenses"
        for path in state.tree.list(directory):
            name = path.removeprefix(f"{directory}/")
            if name not in named:
                yield DeadLicense(subject=name, file=path)
