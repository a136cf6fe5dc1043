"""A survey's page: see :mod:`overlaytool.report.single_file`.

There may be twenty thousand packages. So a row says only what is there, texts that many rows have stand once,
and the page's script puts as many rows into the document as somebody scrolls to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from overlaytool.report.single_file import single_file

TEXTS = ("licenses", "masked", "warnings", "manual_work")
"""What many rows have the same of."""
LEFT_OUT = frozenset({"schema", "package", "source", "outcome", "refusal", "boards", *TEXTS})


class Texts:
    """Texts that are written once, and their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The place of a text in the list."""
        return self._numbers.setdefault(text, len(self._numbers))

    def all(self) -> list[str]:
        """Every text at its place."""
        return list(self._numbers)


def page(lines: Iterable[Any], about: Mapping[str, Any]) -> str:
    """The whole file; the same lines give the same bytes.

    :param lines: records as a survey's lines are.
    :param about: ``checkout`` and ``sources`` with their commits, ``into``, ``boards``, and ``reasons``: what
        keeps many packages out, each with ``words``, ``hint`` and ``packages``.
    """
    texts = Texts()
    rows = [_row(msgspec.to_builtins(line), texts) for line in lines]
    version = about["checkout"]["version"]
    return single_file(
        "survey.html",
        title=f"Survey for {version}",
        data={**about, "rows": rows, "texts": texts.all()},
        styles=("page.css", "survey.css"),
        scripts=("survey.js",),
    )


def _row(line: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Only what is not empty; texts by their numbers."""
    row: dict[str, Any] = {"p": line["package"], "s": texts.number(line["source"]), "o": line["outcome"]}
    row |= {name: value for name, value in line.items() if name not in LEFT_OUT and value}
    row["b"] = texts.number(", ".join(line["boards"]))
    for name in TEXTS:
        value = line[name]
        if value:
            row[name] = texts.number(value) if isinstance(value, str) else [*map(texts.number, value)]
    refusal = line["refusal"]
    if refusal is not None:
        row["r"] = [
            refusal["kind"],
            refusal["about"],
            texts.number(refusal["message"]),
            [*map(texts.number, refusal["chain"])],
            texts.number(refusal["hint"] or ""),
        ]
    return row
