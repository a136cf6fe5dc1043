"""What a plan needs to know of a checkout and that no request changes: computed once, for many requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from overlaytool.ebuild.blockers import Blockers
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.resolve.image import all_installed
from overlaytool.resolve.patience import Patience
from overlaytool.resolve.today import Today
from overlaytool.workflow.everything import everything

if TYPE_CHECKING:
    from overlaytool.workflow.workspace import Workspace

MOST_LOOKS = 60
"""How often a search that has met a dead end looks for another way."""


class Standing:
    """What is the same for every request, as long as the trees do not change. Found out when needed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._installed: dict[str, Mapping[str, frozenset[str]]] = {}
        self.asked_dependents = False
        """Whether somebody asked what all targets select."""

    @cached_property
    def blockers(self) -> Blockers:
        """Who blocks whom in the checkout."""
        return Blockers([tree.path for tree in self._workspace.source.repositories])

    @cached_property
    def _today(self) -> Today[EbuildCandidate]:
        return Today(everything(self._workspace))

    def dependents(self) -> Today[EbuildCandidate]:
        """What all targets select; it is noted that an answer depends on all of them."""
        self.asked_dependents = True
        return self._today

    def all_installed(self, metapackage: str) -> Mapping[str, frozenset[str]]:
        """For each view's name, all that a metapackage pulls in."""
        if metapackage not in self._installed:
            self._installed[metapackage] = all_installed(self._workspace.source, metapackage)
        return self._installed[metapackage]

    def installed(
        self, metapackage: str, wanted: Mapping[str, Collection[str]]
    ) -> Mapping[str, frozenset[str]]:
        """The wanted ones among them; as :func:`overlaytool.resolve.image.installed`."""
        there = self.all_installed(metapackage)
        return {view: frozenset(names) & there[view] for view, names in wanted.items() if view in there}

    @staticmethod
    def patience() -> Patience:
        """Counted in looks, not in seconds: every machine gives the same answers."""
        return Patience(MOST_LOOKS, count().__next__)
