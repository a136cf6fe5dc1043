"""Chains of "because", for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Part
from overlaytool.model.resolution import Edge
from overlaytool.workflow import Why


def show(answer: Why) -> None:
    """Print the chains, each from the request down to the package."""
    if not answer.chains:
        console.show(f"{answer.package} is not in {answer.where}")
        return
    for number, chain in enumerate(answer.chains):
        if number:
            console.show("")
        for depth, edge in enumerate(chain):
            console.show(*_step(edge, answer, depth, last=depth == len(chain) - 1))


def _step(edge: Edge, answer: Why, depth: int, *, last: bool) -> Iterator[Part]:
    """One package of a chain."""
    place = edge.child.board or "host"
    if edge.parent is None:
        yield edge.child.cpv, "bold"
        yield f"  on {place}  "
        yield f"for {edge.atom} in {answer.where}", "dim"
        return
    yield "  " * depth + "└ "
    yield edge.child.cpv, "bold" if last else ""
    yield f"  {edge.dep_class} {edge.atom}", "dim"
    if edge.child.board != edge.parent.board:
        yield f"  on the {place}", "cyan"


def to_json(answer: Why) -> str:
    """The chains as lists of edges."""
    return json.dumps({"schema": 1, **to_builtins(answer)}, indent=2) + "\n"
