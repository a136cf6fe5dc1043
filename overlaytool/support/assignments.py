"""Files of ``NAME=value`` lines, as os-release(5) and Flatcar's version.txt are."""

from __future__ import annotations


def assignments(text: str) -> dict[str, str]:
    """The values by name, in order, without the quotes around them; the last one of a name counts."""
    pairs = (line.strip().partition("=") for line in text.splitlines())
    return {
        name.strip(): value.strip().strip("\"'")
        for name, equals, value in pairs
        if equals and not name.startswith("#")
    }
