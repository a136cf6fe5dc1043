"""Portage's dependency graph, with three things that a check from an empty root needs.

``emerge`` stops at the first dependency that it cannot satisfy, so a run is repeated with that one
passed over until all are found. And it fails on circular build dependencies, of which an empty root has
many: the SDK and the board roots break them with what they have built before. So what the tree had
before the plan counts as built already when the merge order is sought: a cycle is a complaint when all
of its packages are new, since nothing can have built any of them.
"""

from __future__ import annotations

from typing import Any

from _emerge import depgraph as portage_depgraph
from _emerge.create_depgraph_params import create_depgraph_params
from _emerge.Package import Package
from portage.util.digraph import digraph

ROUNDS = 12
"""How often a run is repeated with what failed passed over. Then the report says that there may be more."""


class BootstrappedGraph(portage_depgraph.depgraph):  # type: ignore[misc]
    """A depgraph in which some dependencies are passed over and old packages need no merge order."""

    passed_over: frozenset[tuple[str, str]] = frozenset()
    """(EROOT, atom) that are not looked at."""
    new: frozenset[str] = frozenset()
    """``category/name`` of packages that nothing can have built before."""

    def _add_dep(self, dep: Any, allow_unsatisfied: bool = False) -> Any:
        if dep.atom is not None and (dep.root, str(dep.atom)) in self.passed_over:
            return 1
        return super()._add_dep(dep, allow_unsatisfied=allow_unsatisfied)

    def _serialize_tasks(self) -> Any:
        whole = self._dynamic_config.digraph
        self._dynamic_config.digraph = _without_edges_to_old(whole, self.new)
        try:
            return super()._serialize_tasks()
        finally:
            self._dynamic_config.digraph = whole


def _without_edges_to_old(graph: Any, new: frozenset[str]) -> Any:
    """The same nodes; of the edges, those to a package of ``new`` and to what is no package."""
    kept = digraph()
    for node in graph:
        kept.add(node, None)
        for parent in graph.parent_nodes(node):
            if isinstance(node, Package) and node.cp not in new:
                continue
            for priority in graph.nodes[node][1][parent]:
                kept.add(node, parent, priority=priority)
    return kept


portage_depgraph.depgraph = BootstrappedGraph


def resolve(trees: Any, atoms: list[str], options: dict[str, Any]) -> tuple[bool, Any]:
    """Run ``emerge --pretend`` on the atoms: whether it would go on, and its graph."""
    options = {
        "--pretend": True,
        "--verbose": True,
        "--oneshot": True,
        "--quiet": True,
        "--autounmask": True,
        "--autounmask-use": "y",
        "--autounmask-license": "y",
        "--autounmask-keep-keywords": "n",
        "--autounmask-keep-masks": "n",
        "--misspell-suggestions": "n",
        **options,
    }
    settings = trees[trees._target_eroot]["root_config"].settings
    params = create_depgraph_params(options, None)
    result = portage_depgraph.backtrack_depgraph(settings, trees, options, params, None, atoms, None)
    return bool(result[0]), result[1]
