"""Eclasses that nothing inherits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from overlaytool.audit.state import State
from overlaytool.ebuild.eclass import inherited_in, live_eclasses
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.model.finding import Delete, Edit, Finding, ListNames, Severity


class DeadEclass(Finding, frozen=True, kw_only=True):
    """An eclass that no ebuild of the checkout inherits, directly or through another eclass."""

    reference = "dead-eclass"
    severity = Severity.WARNING
    about = "packages"
    why = "It is updated every week and reviewed by people, for nothing."
    hint = "delete it, and its line of the automation list"

    stable: bool
    """Whether it is portage-stable's, which the automation list may name."""
    dead_users: tuple[str, ...]
    """Other eclasses that inherit it and that nothing inherits."""

    @property
    def message(self) -> str:
        by = f"only {', '.join(self.dead_users)}, which nothing inherits," if self.dead_users else "nothing"
        return f"{by} inherits {self.subject}"

    @property
    def edits(self) -> tuple[Edit, ...]:
        drop = (ListNames(drop=(f"eclass/{self.subject}",)),) if self.stable else ()
        return (Delete(self.file or ""), *drop)

    @property
    def commit_subject(self) -> str:
        return f"eclass/{self.subject}: Drop, nothing inherits it"


def check(state: State) -> Iterator[Finding]:
    """What is reached from ebuilds by ``inherit``, whatever the condition."""
    live = live_eclasses(state.ebuild_texts, state.eclass_texts)
    for path in state.eclass_texts:
        name = PurePosixPath(path).stem
        if name not in live and path.startswith((f"{PORTAGE_STABLE}/", f"{OVERLAY}/")):
            yield DeadEclass(
                subject=f"{name}.eclass",
                file=path,
                stable=path.startswith(f"{PORTAGE_STABLE}/"),
                dead_users=tuple(_users(state, name)),
            )


def _users(state: State, name: str) -> Iterator[str]:
    for path, text in state.eclass_texts.items():
        other = PurePosixPath(path).stem
        if other != name and name in inherited_in(text):
            yield f"{other}.eclass"
