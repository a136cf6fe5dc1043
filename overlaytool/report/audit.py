"""An audit's page: see :mod:`overlaytool.report.single_file`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overlaytool.report.single_file import single_file


def page(document: Mapping[str, Any]) -> str:
    """The whole file; the same findings give the same bytes.

    :param document: of the audit, with ``checkout``, ``boards``, and ``known`` for how many were left out.
    """
    version = document["checkout"]["version"]
    return single_file(
        "audit.html",
        title=f"Audit of {version}",
        data=document,
        styles=("page.css", "audit.css"),
        scripts=("audit.js",),
    )
