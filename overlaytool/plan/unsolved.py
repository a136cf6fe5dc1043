"""What an update leaves to a person: entries of the list, and dependencies that nothing satisfies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overlaytool.model.notices.updating import (
    AvoidableImport,
    ListedDropped,
    ListedMoved,
    ListedNotHere,
    Unsatisfied,
)
from overlaytool.model.reached import Missing
from overlaytool.model.resolution import Notice
from overlaytool.plan.avoidable import avoided_by
from overlaytool.plan.outdated import Entry, EntryState
from overlaytool.plan.states import State

MOST_ASKERS = 3
MOST_VERSIONS = 4
SAYS_MORE = "overlaytool plan with that atom says what stands in the way"


def entries_work(entries: Sequence[Entry]) -> Iterator[Notice]:
    """What a person does about entries of the list that only one side has."""
    for entry in entries:
        match entry.state:
            case EntryState.NOT_HERE:
                yield ListedNotHere(package=entry.name).notice
            case EntryState.MOVED:
                yield ListedMoved(package=entry.name, new=str(entry.moved_to)).notice
            case EntryState.DROPPED:
                yield ListedDropped(package=entry.name).notice
            case EntryState.SAME | EntryState.DIFFERS:
                pass


def unsatisfied(before: State, after: State) -> Iterator[Notice]:
    """What nothing satisfies after an update and something did before, a notice each."""
    by_atom: dict[str, list[Missing]] = {}
    for entry in after.newly_missing(before):
        by_atom.setdefault(f"{entry.atom} {entry.reason or ''}", []).append(entry)
    for _key, entries in sorted(by_atom.items()):
        first = entries[0]
        views = ", ".join(dict.fromkeys(entry.view for entry in entries))
        askers = list(dict.fromkeys(first.reason or after.asking(entry) for entry in entries))
        more = f" and {len(askers) - MOST_ASKERS} more" if len(askers) > MOST_ASKERS else ""
        yield Unsatisfied(
            atom=first.atom,
            views=views,
            askers=f"{', '.join(askers[:MOST_ASKERS])}{more}",
            present=_present(after, first),
            remedy=_hint(after, first),
        ).notice


def avoidable(state: State, missing: Missing) -> Notice | None:
    """For what is about to be imported: the flag that asks for it, where there is one."""
    found = avoided_by(state, missing)
    if found is None:
        return None
    line, file = found
    return AvoidableImport(atom=missing.atom, parent=str(missing.parent), line=line, file=str(file)).notice


def _present(state: State, missing: Missing) -> str:
    """What the checkout has of a package, and why it is passed over."""
    package = state.source.parse_atom(missing.atom).package
    passed = {entry.cpv: entry.reason for entry in reversed(missing.rejections)}
    versions = [
        candidate.cpv for candidate in state.source.checkout_candidates(package) if not candidate.live
    ]
    if not versions:
        return "the checkout has no such package"
    shown = [f"{cpv} ({passed[cpv]})" if cpv in passed else cpv for cpv in versions[:MOST_VERSIONS]]
    return f"the checkout has {', '.join(shown)}{', …' if len(versions) > MOST_VERSIONS else ''}"


def _hint(state: State, missing: Missing) -> str:
    """What a person can do about it."""
    found = avoided_by(state, missing)
    if found is not None:
        return f"{found[0]} in {found[1]} does without it; {SAYS_MORE}"
    if missing.parent is None and missing.reason is None:
        return "change what asks for it, or keep the old version in coreos-overlay"
    return SAYS_MORE
