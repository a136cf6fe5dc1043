"""Chains of "because", for people and for scripts."""

from __future__ import annotations

import json

from msgspec import to_builtins
from rich.text import Text

from overlaytool.cli import console
from overlaytool.workflow import Why


def show(answer: Why) -> None:
    """Print the chains, each from the request down to the package."""
    if not answer.chains:
        console.show(Text(f"{answer.package} is not in {answer.where}"))
        return
    for number, chain in enumerate(answer.chains):
        if number:
            console.show("")
        for depth, edge in enumerate(chain):
            place = edge.child.board or "host"
            if edge.parent is None:
                line = Text.assemble((edge.child.cpv, "bold"), f"  on {place}  ")
                line.append(f"for {edge.atom} in {answer.where}", style="dim")
            else:
                line = Text("  " * depth + "└ ")
                line.append(edge.child.cpv, style="bold" if depth == len(chain) - 1 else "")
                line.append(f"  {edge.dep_class} {edge.atom}", style="dim")
                if edge.child.board != edge.parent.board:
                    line.append(f"  on the {place}", style="cyan")
            console.show(line)


def to_json(answer: Why) -> str:
    """The chains as lists of edges."""
    return json.dumps({"schema": 1, **to_builtins(answer)}, indent=2) + "\n"
