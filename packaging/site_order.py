"""The order of the documents' pages, a hook of mkdocs: those that are named here, then the others by name."""

from __future__ import annotations

from typing import Any

FIRST = ("index", "install", "walkthrough", "plans", "edits", "series", "verify", "sdk", "graph")
LAST = ("configuration", "exit-status", "notices", "json", "ci", "faults")


def on_files(files: Any, **_: Any) -> Any:
    """Sort what mkdocs has found; it makes the navigation of all of it."""
    return type(files)(sorted(files, key=_place))


def _place(file: Any) -> tuple[int, int, str]:
    name = file.src_uri.removesuffix(".md")
    for group, names in ((0, FIRST), (2, LAST)):
        if name in names:
            return group, names.index(name), name
    return 1, 0, name
