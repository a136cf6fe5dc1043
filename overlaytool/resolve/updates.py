"""What an update asks for: each package wherever it is used, no version below what is there without need."""

from __future__ import annotations

from overlaytool.errors import AbsentError, DroppedError, ForkError, MovedError, OverlaytoolError
from overlaytool.model.dependency import Atom, Candidate, Origin, View
from overlaytool.model.notices.resolving import (
    ChannelLeft,
    PackageAbsent,
    PackageDropped,
    PackageForked,
    PackageMoved,
)
from overlaytool.model.resolution import Notice, Request
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.dependents import Dependents
from overlaytool.resolve.provider import PackageSource

type Requests = tuple[tuple[View, Atom], ...]


def sources_of[C: Candidate](
    request: Request, source: PackageSource[C], requests: Requests
) -> dict[str, str]:
    """The packages that a request to update replaces, and the first source that has each."""
    if not request.update:
        return {}
    found = {}
    for package in dict.fromkeys(atom.package for _view, atom in requests):
        offering = (name for name in source.source_names() if source.source_candidates(name, package))
        name = next(offering, None)
        if name is not None and source.holds(Origin.STABLE, package):
            found[package] = name
    return found


def wherever_used[C: Candidate](
    requests: Requests, today: Dependents[C], source: PackageSource[C]
) -> Requests:
    """The requests of an update: each package in every view that has it, whatever it was to go into."""
    found: dict[tuple[View, Atom], None] = {}
    for atom in dict.fromkeys(atom for _view, atom in requests):
        views = today.views_of(atom.package) or [view for view, other in requests if other == atom]
        found |= {(view, _as_targets_ask(view, atom, today, source)): None for view in views}
    return tuple(found)


def _as_targets_ask[C: Candidate](
    view: View, atom: Atom, today: Dependents[C], source: PackageSource[C]
) -> Atom:
    """The atom for a package that targets alone ask for, each a slot or version of its own: one of theirs."""
    askers = [dependent for dependent in today.of(atom.package) if dependent.view == view]
    if atom.text != atom.package or any(
        dependent.asker.candidate is not None or dependent.atom == atom for dependent in askers
    ):
        return atom
    offered = [
        candidate
        for name in source.source_names()
        for candidate in source.source_candidates(name, atom.package)
        if not source.obstacles(view, candidate)
    ]
    return next(
        (
            dependent.atom
            for dependent in askers
            if any(
                source.mismatch(view, candidate, dependent.atom, frozenset()) is None for candidate in offered
            )
        ),
        atom,
    )


def at_least[C: Candidate](chooser: Chooser[C], view: View, atom: Atom, start: Decisions) -> Atom:
    """The atom of an update, asking for no less than the version that the checkout has.

    Where the subslot is a channel, a word such as ``lts``, it is kept as long as anything serves in it. A
    version that Gentoo has given a lower revision is taken before a newer one without a stable keyword.
    """
    package = atom.package
    if package not in start.updates or not atom.text.startswith(package):
        return atom
    present = chooser.best(view, atom, Decisions())
    if present is None:
        return atom
    parse, flags = chooser.source.parse_atom, atom.text.removeprefix(package)
    raised = parse(f">={present.cpv}{flags}")
    if flags.startswith(":"):
        return raised
    slot = f":{present.slot}/{present.subslot}{flags}"
    if is_channel(present):
        for wanted in (parse(f">={present.cpv}{slot}"), parse(f"{package}{slot}")):
            if chooser.best(view, wanted, start) is not None:
                return wanted
        kept = parse(f">={present.cpv}{slot}")
        return kept if chooser.option(view, (kept,), start) is not None else raised
    if chooser.best(view, raised, start) is None:
        renumbered = parse(f"~{without_revision(present.cpv)}:{present.slot}{flags}")
        if chooser.best(view, renumbered, start) is not None:
            return renumbered
    return raised


def is_channel[C: Candidate](candidate: C) -> bool:
    """Whether a candidate's subslot is a word that people choose by, not the version of an interface."""
    return candidate.subslot != candidate.slot and not any(letter.isdigit() for letter in candidate.subslot)


def without_revision(cpv: str) -> str:
    """A CPV without its revision."""
    head, _, revision = cpv.rpartition("-")
    return head if revision[:1] == "r" and revision[1:].isdigit() else cpv


def channels_left[C: Candidate](
    chooser: Chooser[C], requests: Requests, decisions: Decisions
) -> tuple[Notice, ...]:
    """A notice for each update that takes a package out of the channel that the checkout has."""
    notices: dict[str, Notice] = {}
    for view, atom in requests:
        if atom.package not in decisions.updates:
            continue
        plain = chooser.source.parse_atom(atom.package)
        before, after = chooser.best(view, plain, Decisions()), chooser.best(view, atom, decisions)
        if before and after and is_channel(before) and before.subslot != after.subslot:
            notices[atom.package] = ChannelLeft(
                package=atom.package,
                before=before.cpv,
                before_slot=f"{before.slot}/{before.subslot}",
                after=after.cpv,
                after_slot=f"{after.slot}/{after.subslot}",
            ).notice
    return tuple(notices.values())


# --- what cannot be updated -------------------------------------------------------------------------


def possible[C: Candidate](
    requests: Requests, source: PackageSource[C]
) -> tuple[Requests, tuple[Notice, ...]]:
    """The requests of an update that there is something for, and what is to be done about the others.

    :raises MovedError, ForkError, DroppedError, AbsentError: where none is left; the first one's kind.
    """
    problems = {
        package: problem
        for package in dict.fromkeys(atom.package for _view, atom in requests)
        if (problem := _problem(package, source)) is not None
    }
    left = tuple((view, atom) for view, atom in requests if atom.package not in problems)
    if not left and problems:
        first, *others = problems.values()
        details = tuple(line for other in others for line in (other.message, f"  {other.hint}"))
        raise type(first)(first.message, details=(*first.details, *details), hint=first.hint)
    notices = tuple(
        _KINDS[type(problem)](problem=problem.message, remedy=problem.hint or "").notice
        for problem in problems.values()
    )
    return left, notices


_KINDS: dict[type[OverlaytoolError], type[PackageMoved | PackageForked | PackageDropped | PackageAbsent]] = {
    MovedError: PackageMoved,
    ForkError: PackageForked,
    DroppedError: PackageDropped,
    AbsentError: PackageAbsent,
}


def _problem[C: Candidate](package: str, source: PackageSource[C]) -> OverlaytoolError | None:
    """Why there is nothing to update a package from, or None."""
    present = source.checkout_candidates(package)
    offered = [
        candidate for name in source.source_names() for candidate in source.source_candidates(name, package)
    ]
    trees = " and ".join(source.source_names())
    if not present:
        return AbsentError(
            f"the checkout has no {package} to update", hint=f"overlaytool add {package} brings it in"
        )
    held = present[0].cpv + (f" and {len(present) - 1} more" if len(present) > 1 else "")
    if not source.holds(Origin.STABLE, package):
        newest = f"{offered[0].cpv} is in {trees}" if offered else f"{trees} has none"
        return ForkError(
            f"{package} is a fork: coreos-overlay has {held}",
            details=(newest,),
            hint="update it in coreos-overlay by hand"
            + (f"; or give it up for Gentoo's copy: overlaytool unfork {package}" if offered else ""),
        )
    if offered:
        return None
    moved = source.moved(package)
    if moved is not None:
        return MovedError(
            f"{package} is called {moved} now",
            details=(f"the checkout has {held}, and {trees} has it under its new name only",),
            hint=f"overlaytool add {moved}, then take {package} out of what depends on it:"
            f" overlaytool why {package}",
        )
    return DroppedError(
        f"{package} is not in {trees} any more",
        details=(f"the checkout has {held}",),
        hint=f"remove it: overlaytool remove {package}; or keep it, where something needs it:"
        f" overlaytool why {package}",
    )
