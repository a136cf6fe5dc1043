"""Works out what each target gains and loses at run time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.model.review import TargetChange
from overlaytool.plan.states import State, Where

type Packages = Mapping[str, tuple[EbuildCandidate, ...]]


def target_changes(before: State, after: State) -> Iterator[TargetChange]:
    """The targets that gain or lose a package, the ones that others are built on first.

    A target on top of the image has what the image has: such a change is only listed for the image. A target
    that can no longer be resolved is left out: :meth:`overlaytool.plan.review.Comparison.unsatisfied` says
    what it lacks.
    """
    for where in sorted({*before.run_time, *after.run_time}, key=_base_first):
        target, view = where
        if view == "host" and not target.startswith("sdk"):
            continue  # what is built with, not what is built
        if where in before.run_time and where not in after.run_time:
            continue
        below = (_base_of(where), view)
        old, new = before.run_time.get(where, {}), after.run_time.get(where, {})
        gained = new.keys() - old.keys() - _packages(after, below)
        lost = old.keys() - new.keys() - _packages(before, below)
        if gained or lost:
            yield TargetChange(target=target, view=view, gained=_cpvs(new, gained), lost=_cpvs(old, lost))


def grouped(changes: Sequence[TargetChange]) -> Iterator[tuple[str, TargetChange]]:
    """Changes that are the same in several targets and views as one, with the name of all of them.

    The name is ``image on amd64-usr and arm64-usr``; targets that change alike in the same views share it.
    """
    by_change: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, list[str]]] = {}
    first: dict[tuple[tuple[str, ...], tuple[str, ...]], TargetChange] = {}
    for change in changes:
        key = (change.gained, change.lost)
        first.setdefault(key, change)
        by_change.setdefault(key, {}).setdefault(change.target, []).append(change.view)
    for key, targets in by_change.items():
        by_views: dict[tuple[str, ...], list[str]] = {}
        for target, views in targets.items():
            by_views.setdefault(tuple(views), []).append(target)
        names = (f"{', '.join(names)} on {' and '.join(views)}" for views, names in by_views.items())
        yield "; ".join(names), first[key]


def _base_of(where: Where) -> str:
    """The target whose packages another one has as well; itself for one that stands alone."""
    target, view = where
    base = "sdk" if view == "host" else "image"
    return base if target != base else ""


def _base_first(where: Where) -> tuple[bool, str, str]:
    return (bool(_base_of(where)), *where)


def _packages(state: State, where: Where) -> set[str]:
    return set(state.run_time.get(where, {}))


def _cpvs(packages: Packages, names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(candidate.cpv for name in names for candidate in packages[name]))
