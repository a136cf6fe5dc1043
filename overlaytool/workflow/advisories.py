"""``advisories``: which GLSAs apply to what is built, and whether the build's own check lets it pass.

advisories + the closure of everything --hold against each other--> hits
"""

from __future__ import annotations

from overlaytool.ebuild import advisories as reader
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.flatcar import security
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.advisory import Advised, Advisory, Hit
from overlaytool.plan.advised import hits
from overlaytool.resolve.roots import Everything
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace


def advisories(space: Workspace) -> Advised:
    """What the advisories of a checkout say about what it builds. Writes nothing."""
    return advised(space, everything(space))


def advised(space: Workspace, selected: Everything[EbuildCandidate]) -> Advised:
    """The same, for what is known already."""
    tree = DiskTree(space.checkout.path)
    directory = space.checkout.path / security.ADVISORIES
    found_hits: list[Hit] = []
    unreadable: list[tuple[str, str]] = []
    lines = security.allowlist(tree)
    allowed = {name for name, _line, _text in lines}
    with space.progress.task("reading advisories"):
        for found in reader.read(reader.in_directory(directory), selected.selected, security.ADVISORIES):
            if isinstance(found, Advisory):
                found_hits += hits(space.source, selected, found, allowed=found.id in allowed)
            else:
                unreadable.append(found)
    needed = {hit.advisory.id for hit in found_hits if hit.gate}
    return Advised(
        hits=tuple(sorted(found_hits, key=lambda hit: (hit.advisory.id, hit.cpv))),
        stale=tuple(dict.fromkeys(name for name, _line, _text in lines if name not in needed)),
        allowlist_file=security.ALLOWLIST_FILE,
        lines=lines,
        unreadable=tuple(unreadable),
        read=sum(1 for _path in directory.glob("glsa-*.xml")),
    )
