"""The graph's page: see :mod:`overlaytool.report.single_file`."""

from __future__ import annotations

from overlaytool.report.changes import sections
from overlaytool.report.document import node_link
from overlaytool.report.records import Graph
from overlaytool.report.single_file import asset, single_file

SCRIPTS = (
    "vendor/dagre.min.js",
    "vendor/d3.min.js",
    "data.js",
    "layout.js",
    "drawing.js",
    "details.js",
    "table.js",
    "pane.js",
    "page.js",
)
"""In the order in which they need each other."""


def page(graph: Graph) -> str:
    """The whole file; the same graph gives the same bytes."""
    data = node_link(graph)
    data["changes"] = sections(graph.plan) if graph.plan else []
    return single_file(
        "page.html",
        title=_title(graph),
        data=data,
        styles=("page.css",),
        scripts=SCRIPTS,
        licenses=_licenses(),
    )


def _title(graph: Graph) -> str:
    request = " ".join(graph.resolution.request.atoms) or "overlaytool"
    if not graph.targets:
        return request
    names = dict.fromkeys(node.name for node in graph.nodes if node.id in graph.targets)
    return f"What pulls in {', '.join(names)} ({request})"


def _licenses() -> str:
    texts = (asset(f"vendor/{name}.LICENSE") for name in ("d3", "dagre"))
    return "\n".join(text.replace("--", "- -") for text in texts)
