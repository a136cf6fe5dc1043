"""Writes the part of docs/audit.md that explains the kinds of findings, from their classes."""

from __future__ import annotations

from pathlib import Path

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool.audit.run import KINDS

PAGE = Path(__file__).with_name("audit.md")
START = "<!-- The kinds: made by docs/audit.py from the classes. -->\n"


def kinds() -> str:
    """A section for each kind: what it is, why it matters, what to do."""
    sections = []
    for kind in KINDS:
        said = " ".join((kind.__doc__ or "").split())
        sections.append(
            f"### {kind.reference}\n\n*{kind.severity}.* {said} {kind.why}\n\nWhat to do: {kind.hint}.\n"
        )
    return "\n".join(sections)


def page() -> str:
    """The whole page with the kinds as they are."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(START)
    return f"{head}{START}\n{kinds()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
