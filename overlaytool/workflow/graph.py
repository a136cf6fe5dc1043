"""The dependency graph of a plan or of an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overlaytool.git.head import head_commit
from overlaytool.model.plan import CheckoutState
from overlaytool.model.resolution import Into, Request, State
from overlaytool.report import binhost
from overlaytool.report.records import Graph, Selection
from overlaytool.workflow.planning import asked_of, plan, resolve
from overlaytool.workflow.workspace import Workspace


def graph(
    workspace: Workspace,
    atoms: tuple[str, ...],
    into: Into,
    *,
    selection: Selection | None = None,
    packages: Sequence[Path] = (),
) -> Graph:
    """The dependency graph of the plan for ``atoms``; without any, of the metapackage as it is today.

    :param packages: ``Packages`` files of binary hosts, for the sizes of binary packages and of
        what they install.
    :raises OutputError: when one of them cannot be read.
    """
    from overlaytool.report.graph import build  # networkx: a tenth of a second that only this command pays

    made = None
    if atoms:
        resolution, made = plan(workspace, Request(atoms=atoms, into=into), frozenset(State))
    else:
        resolution = resolve(workspace, Request(atoms=asked_of(workspace, into), into=into), frozenset(State))
    cpvs = {package.cpv for package in resolution.packages}
    sizes = binhost.read_sizes(packages, [board.arch for board in workspace.boards], cpvs)
    checkout = workspace.checkout
    state = CheckoutState(commit=head_commit(checkout.path), version=checkout.version)
    return build(resolution, made, checkout=state, selection=selection, binary_sizes=sizes)
