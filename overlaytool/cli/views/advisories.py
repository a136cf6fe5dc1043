"""Advisories, for people and for scripts."""

from __future__ import annotations

import json
from typing import Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Line
from overlaytool.cli.views.audit import plain
from overlaytool.model.advisory import Advised, Hit

MOST = 4


def show(advised: Advised) -> None:
    """What fails the build first, then what it does not look at, then what it lets pass."""
    gate = [hit for hit in advised.hits if hit.gate and not hit.allowed]
    beside = [hit for hit in advised.hits if not hit.gate]
    allowed = [hit for hit in advised.hits if hit.gate and hit.allowed]
    for title, style, hits in (
        ("These fail the build", "bold red", gate),
        ("These apply outside of what the build checks", "yellow", beside),
        ("GLSA_ALLOWLIST lets these pass", "dim", allowed),
    ):
        if hits:
            console.show((title, style))
            for hit in hits:
                for line in _hit(hit):
                    console.show(*line)
    for name in advised.stale:
        console.show(
            ("stale exception: ", "yellow"), f"{name} applies to nothing that the build checks any more"
        )
    for file, reason in advised.unreadable:
        console.show(("cannot be read: ", "yellow"), plain(f"{file}: {reason}"))
    verdict = "the build's check passes" if advised.holds else "the build's check fails"
    console.show((f"{advised.read} advisories: {verdict}", "bold"))


def _hit(hit: Hit) -> list[Line]:
    cited = hit.advisory.references
    more = f" and {len(cited) - MOST} more" if len(cited) > MOST else ""
    return [
        (f"  GLSA {hit.advisory.id}  {plain(hit.advisory.title)}: {hit.cpv}",),
        ((f"    for {', '.join(hit.targets)} on {', '.join(hit.views)}", "dim"),),
        ((f"    {plain(', '.join(cited[:MOST]))}{more}", "dim"),),
    ]


def to_json(advised: Advised) -> str:
    """The document, with a newline at its end."""
    return json.dumps(to_data(advised), indent=2, ensure_ascii=False) + "\n"


def to_data(advised: Advised) -> dict[str, Any]:
    """``{"schema", "holds", "advisories": [...], "stale", "unreadable", "read"}``."""
    return {
        "schema": 1,
        "holds": advised.holds,
        "read": advised.read,
        "advisories": [
            {
                "id": hit.advisory.id,
                "title": hit.advisory.title,
                "references": list(hit.advisory.references),
                "cpv": hit.cpv,
                "targets": list(hit.targets),
                "views": list(hit.views),
                "gate": hit.gate,
                "allowed": hit.allowed,
                "file": hit.advisory.file,
            }
            for hit in advised.hits
        ],
        "stale": list(advised.stale),
        "unreadable": [{"file": file, "reason": reason} for file, reason in to_builtins(advised.unreadable)],
    }
