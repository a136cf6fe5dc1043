"""Resolves a request that lifts masks or provides packages, with the profiles as they will be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from overlaytool.ebuild.edited import with_edits
from overlaytool.model.resolution import Request, Resolution
from overlaytool.plan import masks
from overlaytool.plan.masks import Lifted
from overlaytool.workflow.workspace import Workspace


@contextmanager
def lifted_for(
    workspace: Workspace, request: Request, resolve: Callable[[Workspace, Request], Resolution]
) -> Iterator[tuple[Workspace, Resolution, Lifted]]:
    """What a request takes under profiles that allow what it wants allowed; and the trees with such profiles.

    First all that is allowed holds everywhere; then only where the answer needs it.
    """
    if not (request.allow_use or request.unmask or request.provide):
        yield workspace, resolve(workspace, request), Lifted()
        return
    trees = workspace.source
    lifted = masks.lift(request, trees, {}, {})
    with ExitStack() as stack:
        space = stack.enter_context(_under(workspace, lifted))
        resolution = resolve(space, request)
        fewer = masks.lift(request, trees, *masks.needs(resolution, request, trees))
        if fewer.texts != lifted.texts:
            space = stack.enter_context(_under(workspace, fewer))
            resolution = resolve(space, request)
        yield space, resolution, fewer


@contextmanager
def _under(workspace: Workspace, lifted: Lifted) -> Iterator[Workspace]:
    """The same with the profiles as they will be."""
    with with_edits(workspace.checkout, lifted.texts) as checkout:
        yield replace(workspace, source=workspace.source.with_checkout(checkout))
