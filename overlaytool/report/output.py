"""A graph in the form that a file's name asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from overlaytool.errors import OutputError
from overlaytool.report import document, drawings, html
from overlaytool.report.graph import graphml
from overlaytool.report.records import Graph


def _bytes(write: Callable[[Graph], str]) -> Callable[[Graph], bytes]:
    return lambda graph: write(graph).encode()


FORMS: dict[str, Callable[[Graph], bytes]] = {
    ".html": _bytes(html.page),
    ".svg": drawings.svg,
    ".png": drawings.png,
    ".dot": _bytes(drawings.dot),
    ".graphml": _bytes(graphml),
    ".json": _bytes(document.to_json),
    ".mmd": _bytes(drawings.mermaid),
}


def check_suffix(path: Path) -> None:
    """Before any work is done: can this file be written at all?

    :raises OutputError: the suffix stands for no form.
    """
    if path.suffix.lower() not in FORMS:
        raise OutputError(
            f"cannot write {path}: {path.suffix or 'no suffix'} stands for no form of a graph",
            hint="give it one of " + " ".join(FORMS),
        )


def render(graph: Graph, path: Path) -> bytes:
    """What belongs into ``path``.

    :raises OutputError: the suffix stands for no form, or Graphviz could not draw.
    :raises ToolMissingError: Graphviz is needed and is not there.
    """
    check_suffix(path)
    return FORMS[path.suffix.lower()](graph)


def write(content: bytes, path: Path) -> None:
    """Put ``content`` into ``path``, whole or not at all.

    :raises OutputError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(
            f"cannot write {path}", details=(error.strerror or str(error),), hint="name another file with -o"
        ) from error
