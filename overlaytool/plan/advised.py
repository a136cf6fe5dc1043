"""Finds the advisories that apply to selected ebuilds, and those that a change closes or opens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from overlaytool.ebuild import advisories as reader
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.model.advisory import Advisory, Hit
from overlaytool.model.resolution import package_name
from overlaytool.model.review import AdvisoryChange
from overlaytool.model.target import Into
from overlaytool.plan.states import State
from overlaytool.plan.tags import tags
from overlaytool.resolve.roots import Everything

GATE = (Into.IMAGE, Into.BOARD)
"""What is in the board root when the build runs ``glsa-check-BOARD -t all``."""


def hits(
    source: TreeSource, selected: Everything[EbuildCandidate], advisory: Advisory, *, allowed: bool = False
) -> Iterator[Hit]:
    """One for each selected ebuild that an advisory applies to.

    :param allowed: whether GLSA_ALLOWLIST names it.
    """
    arches = {view.name: source.arch(view) for view in source.views}
    for package in dict.fromkeys(entry.package for entry in advisory.affected):
        places: dict[str, dict[str, list[Into]]] = defaultdict(lambda: defaultdict(list))
        for (target, view), cpvs in selected.selected.get(package, {}).items():
            for cpv in cpvs:
                places[cpv][view].append(target)
        for candidate in source.checkout_candidates(package):
            views = {
                view: targets
                for view, targets in places.get(candidate.cpv, {}).items()
                if reader.applies(advisory, candidate, arches[view])
            }
            if views:
                places.pop(candidate.cpv)
                yield Hit(
                    advisory=advisory,
                    cpv=candidate.cpv,
                    targets=tuple(dict.fromkeys(str(each) for targets in views.values() for each in targets)),
                    views=tuple(views),
                    gate=any(
                        view != "host" and target in GATE
                        for view, targets in views.items()
                        for target in targets
                    ),
                    allowed=allowed,
                )


def advisory_changes(
    before: State, after: State, old: Iterable[Advisory], new: Iterable[Advisory]
) -> tuple[AdvisoryChange, ...]:
    """The advisories that a change opens, then those that it closes, by id.

    :param old: the advisories that were there before.
    :param new: those that are there afterwards.
    """
    were, are = (_by_advisory(state, advisories) for state, advisories in ((before, old), (after, new)))
    opened = (_change(are[name], opened=True) for name in sorted(are.keys() - were.keys()))
    closed = (_change(were[name], opened=False) for name in sorted(were.keys() - are.keys()))
    return (*opened, *closed)


def _by_advisory(state: State, advisories: Iterable[Advisory]) -> Mapping[tuple[str, str], list[Hit]]:
    """By id and package: where it applies."""
    found: dict[tuple[str, str], list[Hit]] = defaultdict(list)
    for hit in chain.from_iterable(hits(state.source, state.everything, one) for one in advisories):
        found[hit.advisory.id, package_name(hit.cpv)].append(hit)
    return found


def _change(found: list[Hit], *, opened: bool) -> AdvisoryChange:
    advisory = found[0].advisory
    return AdvisoryChange(
        advisory=advisory.id,
        title=advisory.title,
        opened=opened,
        packages=tuple(sorted({hit.cpv for hit in found})),
        targets=tags({target for hit in found for target in hit.targets}),
        references=advisory.references,
    )
