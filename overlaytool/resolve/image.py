"""What an image has today: the run-time closure of its metapackage."""

from __future__ import annotations

from overlaytool.dependency import Candidate
from overlaytool.model import DepClass, Root
from overlaytool.resolve.candidates import Chooser
from overlaytool.resolve.closure import Closure, Conflict, Restart, Unsatisfied
from overlaytool.resolve.decisions import Decisions
from overlaytool.resolve.source import PackageSource

RUN_TIME = frozenset({DepClass.RDEPEND, DepClass.PDEPEND})
MAX_PASSES = 20


def installed[C: Candidate](source: PackageSource[C], metapackage: str) -> dict[str, frozenset[str]]:
    """For each board's name, the ``category/name`` of every package in its image.

    :param metapackage: ``coreos-base/coreos``.

    A board whose tree does not hold together today has what could be reached.
    """
    chooser = Chooser(source, accept_keywords=False)
    atom = source.parse_atom(metapackage)
    image = {}
    for view in source.views:
        if view.root is not Root.BOARD or view.board is None:
            continue
        decisions = Decisions()
        for _ in range(MAX_PASSES):
            closure = Closure(chooser, decisions, classes=RUN_TIME)
            try:
                closure.run(((view, atom),))
            except Restart:
                continue
            except (Unsatisfied, Conflict):
                pass
            break
        image[view.board.name] = frozenset(package for _view, package, _slot in closure.selected)
    return image
