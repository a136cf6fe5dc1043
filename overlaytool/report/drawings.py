"""A graph as a drawing: DOT, SVG and PNG through Graphviz, and Mermaid for a pull request's text."""

from __future__ import annotations

import shutil
import subprocess

from overlaytool.errors import HungError, OutputError, ToolMissingError
from overlaytool.model.resolution import DepClass, Root, State
from overlaytool.report.graph import neighbourhood
from overlaytool.report.records import Graph, Link, Node

DOT_TIMEOUT = 120
"""Seconds; the 622 packages of an image with its build host take about 10."""
CROWD = 60
"""Packages from which on a drawing leaves out what can be left out."""

MERMAID_NODES = 60
"""What can still be read in a pull request. GitHub draws up to 500 edges and 50,000 characters."""
MERMAID_EDGES = 200
MERMAID_SPECIAL = '#"<>&`'
"""What has a meaning inside a quoted label; ``#`` comes first since it starts what replaces the others."""

RUN_TIME = frozenset({DepClass.RDEPEND, DepClass.PDEPEND})
COLOURS = {
    State.ADD: ("#d9f2df", "#1c7a3a"),
    State.UPDATE: ("#fdebc8", "#9a5b00"),
    State.PRESENT: ("#ffffff", "#8d99a8"),
    State.PROVIDED: ("#eceef2", "#6a7686"),
}
"""Fill and line, as in the page."""


def dot(graph: Graph) -> str:
    """``graph`` in Graphviz's language.

    A link that a longer way repeats is drawn pale. From ``CROWD`` packages on such links
    are left out, and ranks become columns: names are wider than high.
    """
    crowded = len(graph.nodes) >= CROWD
    links = [link for link in graph.links if not (crowded and link.implied)]
    lines = [
        "digraph overlaytool {",
        f"  rankdir={'LR' if crowded else 'TB'}; nodesep=0.15; ranksep=0.45; newrank=true; splines=true;",
        '  node [shape=box, style="filled,rounded", fontname="Helvetica,Arial,sans-serif", fontsize=10];',
        '  edge [color="#7c8998", arrowsize=0.6];',
    ]
    lines += [f"  {_quoted(node.id)} [{_dot_node(node)}];" for node in graph.nodes]
    lines += [f"  {_quoted(link.parent)} -> {_quoted(link.child)} [{_dot_link(link)}];" for link in links]
    asked_for = {link.child for link in graph.links}
    top = [_quoted(node.id) for node in graph.nodes if node.requested and node.id not in asked_for]
    if top:
        lines.append(f"  {{ rank=source; {'; '.join(top)} }}")
    return "\n".join([*lines, "}", ""])


def svg(graph: Graph) -> bytes:
    """``graph`` as SVG.

    :raises ToolMissingError: Graphviz is not installed.
    """
    return _drawn(dot(graph), "svg")


def png(graph: Graph) -> bytes:
    """``graph`` as PNG.

    :raises ToolMissingError: Graphviz is not installed.
    """
    return _drawn(dot(graph), "png")


def mermaid(graph: Graph) -> str:
    """The imports and their direct neighbours, for a fenced ``mermaid`` block; empty without imports.

    Of too many neighbours those that most imports share stay, and the last line says how many do not.
    """
    part = neighbourhood(graph)
    kept = _kept(part)
    if not kept:
        return ""
    names = {node.id: f"n{index}" for index, node in enumerate(kept)}
    lines = ["flowchart TD"]
    lines += [f"  {names[node.id]}{_mermaid_label(node)}:::{node.state}" for node in kept]
    links = [link for link in part.links if link.parent in names and link.child in names]
    for link in links[:MERMAID_EDGES]:
        arrow = "-->" if RUN_TIME & set(link.classes) else "-.->"
        lines.append(f"  {names[link.parent]} {arrow} {names[link.child]}")
    for state, (fill, stroke) in COLOURS.items():
        if any(node.state is state for node in kept):
            width = "2px" if state in (State.ADD, State.UPDATE) else "1px"
            lines.append(f"  classDef {state} fill:{fill},stroke:{stroke},stroke-width:{width},color:#1b2430")
    left_out = len(part.nodes) - len(kept)
    if left_out:
        lines.append(f"  %% {left_out} more neighbours are left out")
    return "\n".join(lines) + "\n"


def _kept(part: Graph) -> list[Node]:
    touched = dict.fromkeys((node.id for node in part.nodes), 0)
    for link in part.links:
        touched[link.parent] += 1
        touched[link.child] += 1
    ranked = sorted(part.nodes, key=lambda node: (not node.imported, -touched[node.id], node.id))
    kept = {node.id for node in ranked[:MERMAID_NODES]}
    return [node for node in part.nodes if node.id in kept]


def _mermaid_label(node: Node) -> str:
    text = f"{node.cpv}{' (build host)' if node.root is Root.HOST else ''}"
    for character in MERMAID_SPECIAL:
        text = text.replace(character, f"#{ord(character)};")
    return f'["{text}"]'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _dot_node(node: Node) -> str:
    fill, line = COLOURS[node.state]
    label = f"{node.name}\n{node.version}" + ("\nbuild host" if node.root is Root.HOST else "")
    style = "filled,rounded,dashed" if node.state is State.PROVIDED else "filled,rounded"
    width = 2.4 if node.requested else 1.8 if node.imported else 1.0
    tooltip = f"{node.cpv}: {node.state}\n{node.description}"
    return (
        f'label={_quoted(label)}, tooltip={_quoted(tooltip)}, fillcolor="{fill}", color="{line}", '
        f'style="{style}", penwidth={width}'
    )


def _dot_link(link: Link) -> str:
    attributes = [f"tooltip={_quoted(' '.join(link.classes) + ': ' + ' '.join(link.atoms))}"]
    if link.cut:
        attributes += ['color="#b3261e"', "style=dotted", "constraint=false"]
    elif not RUN_TIME & set(link.classes):
        attributes.append("style=dashed")
    if link.implied:
        attributes.append('color="#c9d0d8"')
    return ", ".join(attributes)


def graphviz(form: str) -> str:
    """Where Graphviz's ``dot`` is; ``form`` is what it is needed for.

    :raises ToolMissingError: it is not installed.
    """
    program = shutil.which("dot")
    if program is None:
        raise ToolMissingError(
            f"{form.upper()} is drawn by Graphviz, and there is no `dot` on this machine",
            hint="install it (apt install graphviz, dnf install graphviz), or write .html, .dot or .mmd",
        )
    return program


def _drawn(text: str, form: str) -> bytes:
    command = [graphviz(form), f"-T{form}"]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=DOT_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HungError(
            f"Graphviz took more than {DOT_TIMEOUT} seconds to draw the graph",
            hint="draw less of it: --imports, --class RDEPEND, --root board; or write .html",
        ) from error
    if done.returncode:
        found = done.stderr.decode(errors="replace").splitlines()[-3:]
        raise OutputError("Graphviz could not draw the graph", details=tuple(found))
    return done.stdout
