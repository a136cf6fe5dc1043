"""Copies in portage-stable that are no copies: they carry edits that the next update takes away."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.audit.state import State
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.model.finding import Finding, Severity


class EditedCopy(Finding, frozen=True, kw_only=True):
    """A package of portage-stable that was changed after it was copied from Gentoo."""

    reference = "edited-copy"
    severity = Severity.WARNING
    about = "gentoo"
    why = (
        "portage-stable holds unmodified copies: the weekly update replaces the directory, and the edit is"
        " gone without a word."
    )
    hint = (
        "make it a hook (coreos/config/env), a user-patch or a fork in coreos-overlay, or send it to Gentoo"
    )

    commits: tuple[tuple[str, str], ...]
    """Commit and subject of those that changed it, newest first."""

    @property
    def message(self) -> str:
        commit, subject = self.commits[0]
        more = f" and {len(self.commits) - 1} more" if len(self.commits) > 1 else ""
        return f"{self.subject} is not as it was copied: {commit[:10]} ({subject}){more} changed it"


class NotAsCited(Finding, frozen=True, kw_only=True):
    """A package of portage-stable that differs from the Gentoo commit that its own commit names."""

    reference = "not-as-cited"
    severity = Severity.WARNING
    about = "gentoo"
    why = (
        "The commit says that it is a copy. Whoever reviews or updates it trusts that, and the edit is lost."
    )
    hint = "make the edit a hook, a user-patch or a fork, or copy the package again"

    commit: str
    cited: str

    @property
    def message(self) -> str:
        return f"{self.subject} differs from Gentoo commit {self.cited[:10]}, which {self.commit[:10]} names"


def check(state: State) -> Iterator[Finding]:
    """Told from the checkout's history; against Gentoo's own where that has the commits."""
    history = state.history
    if history is None:
        return
    packages = [
        name
        for name, places in sorted(state.packages.items())
        if any(place.repository == PORTAGE_STABLE.name for place in places)
    ]
    origins = history.origins(packages)
    where = {name: f"{PORTAGE_STABLE}/{name}" for name in origins}
    changed = {name: origin for name, origin in origins.items() if origin.later}
    same = history.same(
        {name: (f"HEAD:{where[name]}", f"{origin.commit}:{where[name]}") for name, origin in changed.items()}
    )
    for name, origin in changed.items():
        if name not in same:
            yield EditedCopy(subject=name, file=where[name], commits=origin.later)
    yield from _not_as_cited(state, set(changed) - same)


def _not_as_cited(state: State, known: set[str]) -> Iterator[Finding]:
    history = state.history
    if history is None or history.gentoo is None:
        return
    gentoo, prefix = history.gentoo
    packages = [name for name in state.packages if name not in known]
    origins = {name: each for name, each in history.origins(packages).items() if each.cited}
    there = history.has(gentoo, [origin.cited for origin in origins.values() if origin.cited])
    cited = {name: origin for name, origin in origins.items() if origin.cited in there}
    same = history.same(
        {
            name: (f"HEAD:{PORTAGE_STABLE}/{name}", f"{origin.cited}:{prefix}{name}")
            for name, origin in cited.items()
        },
        gentoo,
    )
    for name, origin in sorted(cited.items()):
        if name not in same:
            yield NotAsCited(
                subject=name,
                file=f"{PORTAGE_STABLE}/{name}",
                commit=origin.commit,
                cited=origin.cited or "",
            )
