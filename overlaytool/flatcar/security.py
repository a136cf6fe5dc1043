"""Reads what a checkout says about advisories: where they are, and which ones the build ignores."""

from __future__ import annotations

import re

from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.flatcar.tree import Tree

ADVISORIES = f"{PORTAGE_STABLE}/metadata/glsa"
ALLOWLIST_FILE = "build_library/test_image_content.sh"
_ARRAY = re.compile(r"^\s*(?:GLSA_ALLOWLIST|GLSA_WHITELIST)\+?=\((?P<rest>.*)", re.MULTILINE)
_ID = re.compile(r"\b(\d{6}-\d+)\b")


def allowlist(tree: Tree) -> tuple[tuple[str, int, str], ...]:
    """The ids in GLSA_ALLOWLIST with their line, counted from 1, and its text; empty where there is none."""
    state = tree.read(ALLOWLIST_FILE)
    if state is None:
        return ()
    lines = state.content.decode("utf-8", "replace").split("\n")
    found: list[tuple[str, int, str]] = []
    inside = False
    for number, line in enumerate(lines, 1):
        code = line.partition("#")[0]
        start = _ARRAY.match(line)
        if start:
            inside, code = True, start["rest"].partition("#")[0]
        if inside:
            found += [(name, number, line) for name in _ID.findall(code)]
            inside = ")" not in code
    return tuple(found)
