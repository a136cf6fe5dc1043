"""A report as one HTML file that opens from disk: style, scripts and data are inside, nothing is fetched.

No text of an ebuild becomes markup. The data stand in a JSON block in which every ``<`` is written
``\\u003c``, the page's script puts them into the document as text, and the page's Content Security Policy
allows the scripts and the style below by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any


def single_file(
    template: str,
    *,
    title: str,
    data: Mapping[str, Any],
    styles: Sequence[str],
    scripts: Sequence[str],
    **more: str,
) -> str:
    """The whole file; the same data give the same bytes.

    :param template: asset with ``{{policy}}``, ``{{title}}``, ``{{style}}``, ``{{data}}``, ``{{scripts}}``,
        and one place for each of ``more``, which is inserted as it is.
    :param styles: assets, joined in this order.
    :param scripts: assets, in the order in which they need each other.
    """
    style = "\n".join(asset(name) for name in styles)
    sources = [_without_source_map(asset(name)) for name in scripts]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(style)}",
            "script-src " + " ".join(_source(script) for script in sources),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        **more,
        "policy": escape(policy, quote=True),
        "title": escape(title),
        "style": style,
        "data": _inert_json(data),
        "scripts": "\n".join(f"<script>{script}</script>" for script in sources),
    }
    head, *rest = asset(template).split("{{")
    pieces = [head]
    for piece in rest:
        name, _, after = piece.partition("}}")
        pieces += (parts[name], after)
    return "".join(pieces)


def asset(name: str) -> str:
    """A file of ``report/assets``."""
    return files("overlaytool.report").joinpath("assets", name).read_text(encoding="utf-8")


def _inert_json(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _without_source_map(script: str) -> str:
    """Leave out the pointer to a file that is not there, which a debugger would ask for."""
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
