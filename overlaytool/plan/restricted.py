"""What RESTRICT and PROPERTIES of a new package mean for whoever builds it."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.ebuild.source import TreeSource
from overlaytool.model.resolution import Notice, Resolution, State

_MEANINGS = {
    "fetch": (
        "fetch-restricted",
        "its files cannot be downloaded by emerge",
        "put them on Flatcar's mirror before the first build, if their licence allows that",
    ),
    "interactive": (
        "interactive",
        "it asks a person while it is built",
        "a build in the SDK has nobody to answer: see whether it can be told beforehand",
    ),
    "live": (
        "live",
        "it is built from whatever its repository holds that day",
        "no two builds are the same, and none works without a network",
    ),
}
"""By token: reference, what it means, what to do."""


def notices(resolution: Resolution, source: TreeSource) -> Iterator[Notice]:
    """A notice for each new or updated package that cannot be built like any other."""
    views = {view.board.name if view.board else None: view for view in source.views}
    flags = {(need.root, need.atom): need.flags for need in resolution.use}
    told: dict[tuple[str, str], Notice] = {}
    for package in resolution.packages:
        if package.state not in (State.ADD, State.UPDATE):
            continue
        offered = source.source_candidates(package.repository, package.name)
        candidate = next(candidate for candidate in offered if candidate.cpv == package.cpv)
        written = flags.get((package.root, package.name), ())
        changes = frozenset((flag.removeprefix("-"), not flag.startswith("-")) for flag in written)
        said = source.restrictions(views[package.board], candidate, changes)
        for token in sorted(said & _MEANINGS.keys()):
            reference, meaning, hint = _MEANINGS[token]
            told[(package.cpv, token)] = Notice(
                reference=reference, message=f"{package.cpv}: {meaning}", hint=hint
            )
    yield from (told[key] for key in sorted(told))
