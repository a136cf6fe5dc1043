"""Why the candidates of a package are passed over."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.model.dependency import Atom, Candidate, FlagChanges, Origin, View
from overlaytool.model.resolution import Rejection, RejectionKind
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.market import UNKEYWORDED

UNSOURCED = frozenset({RejectionKind.LIVE, RejectionKind.EAPI, RejectionKind.METADATA})
"""With these, a candidate's metadata is not at hand."""


def rejections[C: Candidate](
    chooser: Chooser[C], view: View, atom: Atom, decisions: Decisions
) -> tuple[Rejection, ...]:
    """Every candidate of an atom's package in every tree, with the first reason against it."""
    found: dict[tuple[str, str], Rejection] = {}
    changes = decisions.changes(view, atom.package)
    for candidate in _everywhere(chooser, atom.package, decisions):
        reason = _rejection(chooser, view, candidate, atom, decisions, changes)
        if reason is not None:
            found.setdefault((candidate.cpv, candidate.repository), reason)
    return tuple(found.values())


def _everywhere[C: Candidate](chooser: Chooser[C], package: str, decisions: Decisions) -> Iterator[C]:
    yield from chooser.pool(package, decisions)
    for name in chooser.source.source_names():
        yield from chooser.source.source_candidates(name, package)


def mask_comment[C: Candidate](
    chooser: Chooser[C], view: View, atom: Atom, decisions: Decisions
) -> tuple[str, ...]:
    """What the profile says of the first candidate of an atom that is masked, or whose flags it fixes."""
    changes = decisions.changes(view, atom.package)
    masked = None
    for candidate in _everywhere(chooser, atom.package, decisions):
        if not chooser.source.admits(candidate, atom):
            continue
        kinds = {obstacle.kind for obstacle in chooser.source.obstacles(view, candidate)}
        if RejectionKind.MASK in kinds:
            masked = masked or candidate
        elif not kinds & UNSOURCED:
            mismatch = chooser.source.mismatch(view, candidate, atom, changes)
            if mismatch is not None and mismatch.kind is RejectionKind.FIXED:
                return chooser.source.fixed_comment(candidate, view, atom)
    return chooser.source.mask_comment(masked, view) if masked is not None else ()


def _rejection[C: Candidate](
    chooser: Chooser[C],
    view: View,
    candidate: C,
    atom: Atom,
    decisions: Decisions,
    changes: FlagChanges,
) -> Rejection | None:
    def rejected(kind: RejectionKind, reason: str) -> Rejection:
        return Rejection(cpv=candidate.cpv, repository=candidate.repository, kind=kind, reason=reason)

    excluded = decisions.excluded.get((view.name, candidate.cpv))
    if excluded is not None:
        return rejected(excluded.kind, excluded.reason)
    if chooser.source.admits(candidate, atom):
        hidden = chooser.hidden(view, candidate, decisions)
        kinds = {rejection.kind for rejection in hidden}
        acceptable = (
            kinds <= UNKEYWORDED and chooser.keyword_of(view, candidate, kinds, decisions).may_be_taken
        )
        if hidden and not acceptable:
            return _rejection_when_updated(chooser, view, candidate, atom, decisions, changes) or hidden[0]
    mismatch = chooser.source.mismatch(view, candidate, atom, changes)
    if mismatch is not None:
        flags = (
            chooser.source.flags_to_change(view, candidate, atom, changes)
            if mismatch.kind is RejectionKind.USE
            else None
        )
        violated = chooser.source.required_use_violation(view, candidate, changes | frozenset(flags or ()))
        if flags and violated is not None:
            return rejected(RejectionKind.REQUIRED_USE, f"{mismatch.reason}; with it REQUIRED_USE {violated}")
        return mismatch
    violated = chooser.source.required_use_violation(view, candidate, changes)
    if violated is not None:
        return rejected(RejectionKind.REQUIRED_USE, f"REQUIRED_USE {violated}")
    if candidate.origin is Origin.SOURCE and chooser.source.holds(Origin.OVERLAY, candidate.package):
        return rejected(RejectionKind.OVERLAY, "coreos-overlay holds the package")
    return None


def _rejection_when_updated[C: Candidate](
    chooser: Chooser[C], view: View, candidate: C, atom: Atom, decisions: Decisions, changes: FlagChanges
) -> Rejection | None:
    """What speaks against a candidate even with the eclasses updated that it needs."""
    updated = chooser.updated(view, candidate, decisions)
    if updated is None:
        return None
    _needed, updated_chooser, twin = updated
    return _rejection(updated_chooser, view, twin, atom, decisions, changes)
