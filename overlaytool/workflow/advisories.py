"""``advisories``: which GLSAs apply to what is built, and whether the build's own check lets it pass.

advisories + the closure of everything --hold against each other--> hits
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from overlaytool.ebuild import advisories as reader
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar import security
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.advisory import Advised, Advisory, Hit
from overlaytool.model.target import Into
from overlaytool.resolve.roots import Everything
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace

GATE = (Into.IMAGE, Into.BOARD)
"""What is in the board root when the build runs ``glsa-check-BOARD -t all``."""


def advisories(space: Workspace) -> Advised:
    """What the advisories of a checkout say about what it builds. Writes nothing."""
    return advised(space, everything(space))


def advised(space: Workspace, selected: Everything[EbuildCandidate]) -> Advised:
    """The same, for what is known already."""
    tree = DiskTree(space.checkout.path)
    directory = space.checkout.path / security.ADVISORIES
    hits: list[Hit] = []
    unreadable: list[tuple[str, str]] = []
    lines = security.allowlist(tree)
    allowed = {name for name, _line, _text in lines}
    with space.progress.task("reading advisories"):
        for found in reader.read(directory, selected.selected, security.ADVISORIES):
            if isinstance(found, Advisory):
                hits += _hits(space, selected, found, found.id in allowed)
            else:
                unreadable.append(found)
    needed = {hit.advisory.id for hit in hits if hit.gate}
    return Advised(
        hits=tuple(sorted(hits, key=lambda hit: (hit.advisory.id, hit.cpv))),
        stale=tuple(dict.fromkeys(name for name, _line, _text in lines if name not in needed)),
        allowlist_file=security.ALLOWLIST_FILE,
        lines=lines,
        unreadable=tuple(unreadable),
        read=sum(1 for _path in directory.glob("glsa-*.xml")),
    )


def _hits(
    space: Workspace, selected: Everything[EbuildCandidate], advisory: Advisory, allowed: bool
) -> Iterator[Hit]:
    """One for each selected ebuild that the advisory applies to."""
    for package in dict.fromkeys(entry.package for entry in advisory.affected):
        places: dict[str, dict[str, list[Into]]] = defaultdict(lambda: defaultdict(list))
        for (target, view), cpvs in selected.selected.get(package, {}).items():
            for cpv in cpvs:
                places[cpv][view].append(target)
        for candidate in space.source.checkout_candidates(package):
            views = {
                view: targets
                for view, targets in places.get(candidate.cpv, {}).items()
                if reader.applies(advisory, candidate, _arch(space, view))
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


def _arch(space: Workspace, name: str) -> str:
    return next(space.source.arch(view) for view in space.source.views if view.name == name)
