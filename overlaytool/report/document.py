"""A graph as one JSON document in networkx's node-link form: what the page reads, and ``-o FILE.json``."""

from __future__ import annotations

import json
from typing import Any

from overlaytool.model.resolution import Notice, State
from overlaytool.report.records import Graph, Link, Node

SCHEMA = 1


def node_link(graph: Graph) -> dict[str, Any]:
    """``{"directed", "multigraph", "graph", "nodes", "edges"}`` with plain values only.

    ``networkx.node_link_graph`` reads it back. ``graph`` holds the summary, see ``summary``.
    """
    return {
        "directed": True,
        "multigraph": False,
        "graph": summary(graph),
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(link) for link in graph.links],
    }


def to_json(graph: Graph) -> str:
    """The document as text, the same bytes for the same graph."""
    return json.dumps(node_link(graph), indent=2, ensure_ascii=False) + "\n"


def summary(graph: Graph) -> dict[str, Any]:
    """The summary at the top of a report: the request, what is copied, what the image gains, warnings."""
    plan, checkout = graph.plan, graph.checkout
    return {
        "schema": SCHEMA,
        "request": list(graph.resolution.request.atoms),
        "reverse": list(graph.targets),
        "into": graph.resolution.request.into,
        "boards": list(graph.boards),
        "checkout": {"commit": checkout.commit, "version": checkout.version} if checkout else None,
        "sources": [{"name": tree.name, "commit": tree.commit} for tree in plan.sources] if plan else [],
        "states": {state.value: sum(node.state is state for node in graph.nodes) for state in State},
        "imports": [node.id for node in graph.imports],
        "download": graph.download,
        "eclasses": [each.name for each in plan.eclasses] if plan else [],
        "licenses": [each.name for each in plan.licenses] if plan else [],
        "keywords": [" ".join((each.atom, *each.keywords)) for each in plan.keywords] if plan else [],
        "new_in_image": list(plan.new_in_image) if plan else [],
        "cycles": [list(cycle) for cycle in graph.cycles],
        "warnings": [_notice(each) for each in graph.warnings],
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {"reference": notice.reference, "message": notice.message, "hint": notice.hint}


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "cpv": node.cpv,
        "name": node.name,
        "version": node.version,
        "root": node.root.value,
        "boards": list(node.boards),
        "state": node.state.value,
        "repository": node.repository,
        "slot": node.slot if node.subslot == node.slot else f"{node.slot}/{node.subslot}",
        "eapi": node.eapi,
        "keywords": list(node.keywords),
        "use": [{"boards": list(each.boards), "flags": list(each.use)} for each in node.use],
        "iuse": list(node.iuse),
        "license": node.license,
        "description": node.description,
        "homepage": node.homepage,
        "distfiles": [{"name": file.name, "size": file.size} for file in node.distfiles],
        "requested": node.requested,
        "chain": list(node.chain),
        "because": [
            {"parent": each.parent, "atom": each.atom, "class": each.dep_class.value} for each in node.because
        ],
        "download": node.download,
        "binary": node.binary,
        "installed": node.installed,
        "cost": {
            "packages": list(node.cost.packages),
            "download": node.cost.download,
            "binary": node.cost.binary,
            "installed": node.cost.installed,
        },
        "cycle": node.cycle,
    }


def _edge(link: Link) -> dict[str, Any]:
    return {
        "source": link.parent,
        "target": link.child,
        "classes": [each.value for each in link.classes],
        "atoms": list(link.atoms),
        "boards": list(link.boards),
        "implied": link.implied,
        "cut": link.cut,
    }
