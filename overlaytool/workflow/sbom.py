"""``advisories --sbom``: what the image of a checkout is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar import targets
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git.head import head_commit
from overlaytool.model.dependency import View
from overlaytool.model.target import Into, TargetKind
from overlaytool.report.sbom import SbomPackage, check, cyclonedx_json
from overlaytool.resolve.graph import Node
from overlaytool.resolve.image import RUN_TIME
from overlaytool.resolve.roots import Everything
from overlaytool.workflow.workspace import Workspace

__all__ = ["check", "sbom"]

NOT_LICENSES = frozenset({"||", "(", ")"})


def sbom(space: Workspace, selected: Everything[EbuildCandidate]) -> str:
    """What the first board's image is made of, as CycloneDX.

    :param selected: what all targets select.
    :raises ToolMissingError: where a library is missing.
    """
    view = next(view for view in space.source.views if view.board == space.boards[0])
    commit = head_commit(space.checkout.path)
    return cyclonedx_json(
        _packages(space, selected, view),
        name=f"flatcar-{view.name}",
        version=space.checkout.version,
        commit=commit,
        made=_made(space, commit),
    )


def _packages(space: Workspace, selected: Everything[EbuildCandidate], view: View) -> Iterator[SbomPackage]:
    """The ebuilds of the image and of the system extensions in it, sorted."""
    for candidate, needs in sorted(_run_time(space, selected, view).items(), key=lambda pair: pair[0].cpv):
        described = space.source.describe(view, candidate, frozenset())
        yield SbomPackage(
            cpv=candidate.cpv,
            package=candidate.package,
            description=described.description,
            licenses=tuple(sorted({*described.license.split()} - NOT_LICENSES)),
            homepages=tuple(described.homepage.split()),
            needs=tuple(sorted(needs - {candidate.cpv})),
        )


def _run_time(
    space: Workspace, selected: Everything[EbuildCandidate], view: View
) -> dict[EbuildCandidate, set[str]]:
    """What the image needs at run time, each with the CPVs that it needs itself."""
    asked = {
        space.source.parse_atom(text).package
        for target in targets.read(DiskTree(space.checkout.path))
        if target.into == Into.IMAGE or target.into.kind is TargetKind.BASE_SYSEXT
        for text in target.atoms
    }
    below: dict[Node[EbuildCandidate], list[Node[EbuildCandidate]]] = defaultdict(list)
    pending: list[Node[EbuildCandidate]] = []
    for link in selected.links:
        if link.child.view != view or link.child.candidate is None:
            continue
        if link.parent is None:
            pending += [link.child] if link.child.candidate.package in asked else []
        elif link.parent.view == view and link.dep_class in RUN_TIME:
            below[link.parent].append(link.child)
    found: dict[EbuildCandidate, set[str]] = {}
    while pending:
        node = pending.pop()
        if node.candidate is not None and node.candidate not in found:
            found[node.candidate] = {child.cpv for child in below[node]}
            pending += below[node]
    return found


def _made(space: Workspace, commit: str | None) -> datetime:
    """When the checkout's commit was made; the beginning of 1970 where there is none."""
    if commit is None:
        return datetime.fromtimestamp(0, UTC)
    from overlaytool.git.repository import LOG, Repository

    repository = Repository.open(space.checkout.path)
    return datetime.fromtimestamp(int(repository.line(*LOG, "-1", "--format=%ct", commit)), UTC)
