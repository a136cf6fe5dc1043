"""Finds the versions that emerge takes today, and that a plan replaces."""

from __future__ import annotations

from collections.abc import Mapping

from overlaytool.ebuild.older import Takes
from overlaytool.ebuild.source import TreeSource
from overlaytool.model.resolution import NodeKey, Resolution, State


def replaced(resolution: Resolution, source: TreeSource, imports: Mapping[str, str]) -> dict[NodeKey, str]:
    """For each selected package whose directory is replaced, today's CPV in its view and slot.

    :param imports: package to source, for every package that is copied.
    """
    views = {view.board.name if view.board else None: view for view in source.views}
    takes = Takes(source, imports, ())
    found: dict[NodeKey, str] = {}
    for package in resolution.packages:
        if package.state is not State.UPDATE:
            continue
        about = package.about
        slot, subslot = (about.slot, about.subslot) if about else (None, None)
        today = takes.today(views[package.board], package.name, slot, subslot)
        if today is not None:
            found[package.key] = today.cpv
    return found
