"""Why: chains of "required because", and errors that say what was found."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from overlaytool.errors import (
    KeywordError,
    MaskedError,
    MetadataError,
    OverlaytoolError,
    UnsatisfiableError,
)
from overlaytool.model.dependency import Atom, Candidate
from overlaytool.model.resolution import (
    NO_FLAG,
    NOWHERE,
    DepClass,
    Edge,
    NodeKey,
    Rejection,
    RejectionKind,
    Request,
    Resolution,
)
from overlaytool.resolve.graph import Unsatisfied
from overlaytool.resolve.useless import purpose_by_name, version_to_provide

OURS = frozenset({RejectionKind.FIXED, RejectionKind.OVERLAY, RejectionKind.RESTRICT, RejectionKind.LICENSE})
"""What Flatcar's own trees and profiles say: a fresher Gentoo tree changes nothing about it."""

MAX_REJECTIONS = 12
"""Candidates listed in an error; the rest are counted."""


def unsatisfied_error[C: Candidate](failure: Unsatisfied[C], request: Request) -> OverlaytoolError:
    """The error for an atom that nothing satisfies: its kind follows from what was passed over."""
    where = f" on {failure.view}"
    details = [*_because(failure), *_passed_over(failure.rejections)]
    details += [f"  {line}" for line in failure.mask_comment]
    details += _flags(failure.rejections)
    kind, hint = _kind(failure, request)
    error = kind(f"no way to satisfy {failure.atom}{where}", details=tuple(details), hint=hint)
    error.about = failure.atom.package
    return error


def _because[C: Candidate](failure: Unsatisfied[C]) -> list[str]:
    """The chain from the atom back to the request, a line each."""
    if failure.ask.parent is None:
        return ["you requested it"]
    links = list(reversed(failure.chain))
    lines = []
    asked = failure.ask.dep_class
    for link in links:
        candidate = link.child.candidate
        repository = f"::{candidate.repository}" if candidate is not None else ""
        lines.append(f"required because {link.child.cpv}{repository} {asked}s on it")
        asked = link.dep_class
    lines[-1] += f" (from your request {links[-1].atom})"
    return lines


def _passed_over(found: tuple[Rejection, ...]) -> list[str]:
    """A line for each candidate; those of other versions than the wanted ones last."""
    rejections = sorted(found, key=lambda rejection: rejection.kind is RejectionKind.VERSION)
    names = [f"{rejection.cpv}::{rejection.repository}" for rejection in rejections[:MAX_REJECTIONS]]
    width = max(map(len, names), default=0)
    lines = [
        f"{name:<{width}}  passed over: {rejection.reason}"
        for name, rejection in zip(names, rejections, strict=False)
    ]
    if len(rejections) > MAX_REJECTIONS:
        lines.append(f"and {len(rejections) - MAX_REJECTIONS} more")
    return lines or [NOWHERE]


def _flags(rejections: tuple[Rejection, ...]) -> Iterator[str]:
    """The USE flags of the newest candidate that lacks one that was wanted."""
    lacking = next((entry for entry in rejections if entry.reason.startswith(NO_FLAG)), None)
    if lacking is not None:
        yield f"the USE flags of {lacking.cpv}: {', '.join(lacking.flags) or 'none'}"


def _flag_instead[C: Candidate](failure: Unsatisfied[C]) -> str | None:
    """What to do about a flag that no candidate has; None where it is not that alone."""
    lacking = [entry for entry in failure.rejections if entry.reason.startswith(NO_FLAG)]
    of_use = [entry for entry in failure.rejections if entry.kind is RejectionKind.USE]
    if not lacking or len(of_use) > len(lacking):
        return None
    if failure.ask.parent is not None:
        return "is the Gentoo tree fresh? overlaytool sync"
    wanted = lacking[0].reason.removeprefix(NO_FLAG).split(", ")
    near = dict.fromkeys(flag for one in wanted for flag in get_close_matches(one, lacking[0].flags))
    name = failure.atom.package
    if near:
        return f"did you mean {' or '.join(f'{name}[{flag}]' for flag in near)}?"
    return f"ask for {name} without it"


def _kind[C: Candidate](
    failure: Unsatisfied[C], request: Request
) -> tuple[type[OverlaytoolError], str | None]:
    decisive = [
        rejection.kind
        for rejection in failure.rejections
        if rejection.kind not in (RejectionKind.VERSION, RejectionKind.SLOT, RejectionKind.LIVE)
    ]
    atom = request.atoms[0] if request.atoms else failure.atom.text
    if RejectionKind.KEYWORD in decisive and not request.accept_keywords:
        return KeywordError, f"overlaytool add {atom} --accept-keywords writes the entry for you"
    if decisive and all(kind is RejectionKind.METADATA for kind in decisive):
        return (
            MetadataError,
            "is one tree much older than the other? refresh the source (overlaytool sync), or the checkout",
        )
    if RejectionKind.KEYWORD in decisive and RejectionKind.MASK not in decisive:
        named = next(
            rejection.cpv for rejection in failure.rejections if rejection.kind is RejectionKind.KEYWORD
        )
        return KeywordError, f"name the version to accept it without a keyword: ={named}"
    if decisive and all(kind in (RejectionKind.MASK, RejectionKind.KEYWORD) for kind in decisive):
        return MaskedError, f"the mask's reason is above; --unmask '{failure.atom}' lifts it for this plan"
    if (
        decisive
        and all(kind is RejectionKind.USE for kind in decisive)
        and (instead := _flag_instead(failure))
    ):
        return UnsatisfiableError, instead
    if RejectionKind.FIXED in decisive:
        wanted = failure.atom.package + failure.atom.text[failure.atom.text.find("[") :]
        return UnsatisfiableError, f"--allow-use '{wanted}' lifts it, where its reason does not hold"
    if not decisive and any(rejection.kind is RejectionKind.LIVE for rejection in failure.rejections):
        live = next(rejection.cpv for rejection in failure.rejections if rejection.kind is RejectionKind.LIVE)
        return KeywordError, f"only a live ebuild would do; name it to take it: ={live}"
    if RejectionKind.REQUIRED_USE in decisive:
        return UnsatisfiableError, f"set the flags in the request: {failure.atom.package}[flag]"
    if not failure.rejections and failure.ask.parent is not None:
        return UnsatisfiableError, _do_without(failure.atom)
    fresh = any(rejection.kind not in OURS for rejection in failure.rejections)
    return UnsatisfiableError, "is the Gentoo tree fresh? overlaytool sync" if fresh else None


def _do_without(atom: Atom) -> str:
    """What to do about a dependency that no tree has."""
    purpose, cpv = purpose_by_name(atom.package), version_to_provide(atom)
    provide = f"--provide {cpv}" if cpv else f"--provide with a version of {atom.package}"
    if purpose is not None:
        return f"{provide} puts it into package.provided. {purpose}"
    return (
        "is the Gentoo tree fresh? overlaytool sync; where Flatcar does without it,"
        f" {provide} puts it into package.provided"
    )


def chains(
    resolution: Resolution, package: str, classes: Collection[DepClass] = frozenset(DepClass)
) -> tuple[tuple[Edge, ...], ...]:
    """The shortest chains of edges by which a package gets into a resolution, request first.

    :param package: ``category/name``.
    :param classes: the dependency classes that count.
    :return: one for each root and each direct parent there, shortest first: tuples of edges, each edge's
        child the next one's parent; the last child is the package.
    """
    incoming: dict[NodeKey, list[Edge]] = {}
    for edge in resolution.edges:
        if edge.parent is None or edge.dep_class in classes:
            incoming.setdefault(edge.child, []).append(edge)
    targets = [entry.key for entry in resolution.packages if entry.name == package]
    found: dict[tuple[NodeKey | None, NodeKey], tuple[Edge, ...]] = {}
    for target in targets:
        for last in incoming.get(target, ()):
            chain = _up(last, incoming)
            if chain is not None:
                key = (last.parent, target)
                if key not in found or len(chain) < len(found[key]):
                    found[key] = chain
    ordered = sorted(found.values(), key=lambda chain: (len(chain), [edge.child.cpv for edge in chain]))
    return tuple(ordered)


def _up(last: Edge, incoming: dict[NodeKey, list[Edge]]) -> tuple[Edge, ...] | None:
    """The shortest way from the request to an edge, breadth first."""
    queue: deque[tuple[Edge, ...]] = deque([(last,)])
    seen = {last.child, last.parent}
    while queue:
        chain = queue.popleft()
        parent = chain[0].parent
        if parent is None:
            return chain
        for edge in incoming.get(parent, ()):
            if edge.parent is None or edge.parent not in seen:
                seen.add(edge.parent)
                queue.append((edge, *chain))
    return None
