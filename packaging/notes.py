"""The notes of a release: ``notes.py v1.2.3`` prints what CHANGELOG.md has under that version.

Where the version has no section yet, what is under "Unreleased" is what the tag releases.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str:
    """The section of a version, without its heading.

    :raises LookupError: where there is neither one of that version nor anything unreleased.
    """
    parts = re.split(r"^## +(.*)\n", changelog, flags=re.MULTILINE)
    sections = dict(zip(map(str.strip, parts[1::2]), map(str.strip, parts[2::2]), strict=True))
    number = version.removeprefix("v")
    for heading, text in sections.items():
        if heading.strip("[]v").split(" ")[0].strip("]") == number and text:
            return f"{text}\n"
    if sections.get("Unreleased"):
        return f"{sections['Unreleased']}\n"
    raise LookupError(f"CHANGELOG.md has nothing about {version}")


if __name__ == "__main__":
    sys.stdout.write(notes(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
