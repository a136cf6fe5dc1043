"""A graph for people: the tree in the terminal. Words say what colours say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from overlaytool.cli import console
from overlaytool.cli.console import Part
from overlaytool.model.resolution import Root, State
from overlaytool.report import tree
from overlaytool.report.records import Graph, Node

STYLES = {State.ADD: "bold green", State.UPDATE: "bold yellow", State.PRESENT: "", State.PROVIDED: "dim"}
NOTHING_NEW = "Nothing is new: the checkout has every package of this plan."
NOTHING_PASSES = "Nothing to show: no package is of that root and reached by those classes."
WORDS = {
    State.ADD: "add from {}",
    State.UPDATE: "update from {}",
    State.PRESENT: "",
    State.PROVIDED: "provided",
}


def show(graph: Graph, targets: tuple[str, ...], *, depth: int | None) -> None:
    """Print the tree from the request down, or from ``targets`` (ids) up.

    Down from a request, what only builds need is counted, unless one root was chosen.
    """
    if not graph.nodes:
        console.show(NOTHING_NEW if graph.selection.imports_only else NOTHING_PASSES)
        return
    chosen = targets or graph.selection.roots != frozenset(Root)
    left_out = frozenset[str]() if chosen else tree.on_the_host(graph)
    lines = (
        tree.reverse_lines(graph, targets, depth=depth)
        if targets
        else tree.lines(graph, depth=depth, left_out=left_out)
    )
    marks = set()
    for line in lines:
        console.show(*_parts(line, graph))
        marks.add(line.mark)
    if tree.Mark.REPEATED in marks:
        console.say(("(*) its dependencies stand further up", "dim"))
    if left_out:
        packages = f"{len(left_out)} build-time package{'s' if len(left_out) > 1 else ''}"
        console.say((f"and {packages} on the build host: --root host", "dim"))
    console.say((_totals(graph), "dim"))


def written(graph: Graph, path: Path) -> str:
    """What to say after a file was written."""
    return f"{path}: {_totals(graph)}"


def _totals(graph: Graph) -> str:
    count = len(graph.nodes)
    parts = [f"{count} package{'' if count == 1 else 's'}"]
    for state in (State.ADD, State.UPDATE):
        number = sum(node.state is state for node in graph.nodes)
        if number:
            parts.append(f"{number} to {state}")
    if graph.cycles:
        parts.append(f"{len(graph.cycles)} cycle{'' if len(graph.cycles) == 1 else 's'}")
    return ", ".join(parts)


def _parts(line: tree.Line, graph: Graph) -> Iterator[Part]:
    node = line.node
    yield line.branch, "dim"
    yield node.cpv, STYLES[node.state]
    for word in (WORDS[node.state].format(node.repository), " ".join(line.classes), _target_of(node, graph)):
        if word:
            yield f"  {word}", "dim"
    if line.mark:
        yield f" {line.mark}", "dim"


def _target_of(node: Node, graph: Graph) -> str:
    if node.root is Root.HOST:
        return "host"
    return "" if node.boards == graph.boards else " ".join(node.boards)
