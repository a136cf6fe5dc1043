"""A graph as one HTML file that opens from disk: style, scripts and data are inside, nothing is fetched.

No text of an ebuild becomes markup. The data stand in a JSON block in which every ``<`` is written
``\\u003c``, the page's script puts them into the document as text, and the page's Content Security Policy
allows the scripts and the style below by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files

from overlaytool.report.document import node_link
from overlaytool.report.records import Graph

SCRIPTS = (
    "vendor/dagre.min.js",
    "vendor/d3.min.js",
    "data.js",
    "layout.js",
    "drawing.js",
    "details.js",
    "table.js",
    "page.js",
)
"""In the order in which they need each other."""


def page(graph: Graph) -> str:
    """The whole file; the same graph gives the same bytes."""
    style = _asset("page.css")
    scripts = [_without_source_map(_asset(name)) for name in SCRIPTS]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(style)}",
            "script-src " + " ".join(_source(script) for script in scripts),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "policy": escape(policy, quote=True),
        "title": escape(" ".join(graph.resolution.request.atoms) or "overlaytool"),
        "style": style,
        "licenses": _licenses(),
        "data": _inert_json(graph),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    text = _asset("page.html")
    head, *rest = text.split("{{")
    pieces = [head]
    for piece in rest:
        name, _, after = piece.partition("}}")
        pieces += (parts[name], after)
    return "".join(pieces)


def _inert_json(graph: Graph) -> str:
    text = json.dumps(node_link(graph), ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _asset(name: str) -> str:
    return files("overlaytool.report").joinpath("assets", name).read_text(encoding="utf-8")


def _without_source_map(script: str) -> str:
    """Leave out the pointer to a file that is not there, which a debugger would ask for."""
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)


def _licenses() -> str:
    texts = (_asset(f"vendor/{name}.LICENSE") for name in ("d3", "dagre"))
    return "\n".join(text.replace("--", "- -") for text in texts)
