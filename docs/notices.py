"""Writes docs/notices.md from the classes of the notices."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from overlaytool.model.notices.every import KINDS
from overlaytool.model.notices.kind import NoticeKind

PAGE = Path(__file__).with_name("notices.md")
HEAD = """# Notices

What a person should know, and what does not stop a command, is a notice: the `warnings` and `manual_work` of
a plan, what `update --all`, `fork`, `unfork` and `review` leave to a person, and what `verify` says was
forgotten. In JSON each has a `reference`, a `message` and a `hint`. References stay the same from one version
to the next.

<!-- The kinds: made by docs/notices.py from the classes. -->
"""


def page() -> str:
    """The whole page: a section for each reference."""
    ordered = sorted(KINDS, key=lambda kind: kind.reference)
    sections = [
        f"## {reference}\n\n" + "\n".join(map(_form, kinds))
        for reference, kinds in groupby(ordered, key=lambda kind: kind.reference)
    ]
    return f"{HEAD}\n" + "\n".join(sections)


def _form(kind: type[NoticeKind]) -> str:
    meaning = " ".join((kind.__doc__ or "").split())
    lines = [f"{meaning}\n", f"- Message: `{kind.says}`"]
    if kind.hint is not None:
        lines.append(f"- Hint: `{kind.hint}`")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
