"""Notices of new packages whose RESTRICT or PROPERTIES concern the build."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.ebuild.source import TreeSource
from overlaytool.model.notices.planning import FetchRestricted, Interactive, Live
from overlaytool.model.resolution import Notice, Resolution, State

_KINDS = {"fetch": FetchRestricted, "interactive": Interactive, "live": Live}
"""The notice of each token."""


def notices(resolution: Resolution, source: TreeSource) -> Iterator[Notice]:
    """A notice for each new or updated package that cannot be built like any other."""
    views = {view.board.name if view.board else None: view for view in source.views}
    flags = {(need.root, need.atom): need.flags for need in resolution.use}
    given: dict[tuple[str, str], Notice] = {}
    for package in resolution.packages:
        if package.state not in (State.ADD, State.UPDATE):
            continue
        offered = source.source_candidates(package.repository, package.name)
        candidate = next(candidate for candidate in offered if candidate.cpv == package.cpv)
        written = flags.get((package.root, package.name), ())
        changes = frozenset((flag.removeprefix("-"), not flag.startswith("-")) for flag in written)
        for token in source.restrictions(views[package.board], candidate, changes) & _KINDS.keys():
            given[(package.cpv, token)] = _KINDS[token](cpv=package.cpv).notice
    yield from (given[key] for key in sorted(given))
