"""A graph in the form that a file's name asks for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
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


STANDARD_OUTPUT = "-"
"""The file's name, with or without a suffix, that stands for standard output."""


def is_standard_output(path: Path) -> bool:
    """Whether ``-`` is named, for Graphviz, or ``-.json`` and the like for another form."""
    return str(path) == STANDARD_OUTPUT or (len(path.parts) == 1 and path.stem == STANDARD_OUTPUT)


def _suffix(path: Path) -> str:
    return ".dot" if str(path) == STANDARD_OUTPUT else path.suffix.lower()


def check(path: Path) -> None:
    """Before any work is done: can this file be written at all?

    :raises OutputError: the suffix stands for no form, or the directory is not there or not writable.
    :raises ToolMissingError: Graphviz is needed and is not there.
    """
    suffix = _suffix(path)
    if suffix not in FORMS:
        raise OutputError(
            f"cannot write {path}: {path.suffix or 'a name without a suffix'} stands for no form of a graph",
            hint="give it one of " + " ".join(FORMS),
        )
    folder = path.absolute().parent
    if not is_standard_output(path) and (not folder.is_dir() or path.is_dir()):
        found = f"{path} is a directory" if path.is_dir() else f"there is no directory {folder}"
        raise OutputError(f"cannot write {path}", details=(found,), hint="name another file with -o")
    if suffix in (".svg", ".png"):
        drawings.graphviz(suffix[1:])


def render(graph: Graph, path: Path) -> bytes:
    """What belongs into ``path``.

    :raises OutputError: nothing can be drawn in this form, or Graphviz could not draw it.
    :raises ToolMissingError: Graphviz is needed and is not there.
    """
    suffix = _suffix(path)
    if suffix == ".mmd" and not graph.imports:
        raise OutputError(
            "nothing to draw: a Mermaid graph shows what is imported and what is beside it",
            details=(f"the checkout has all {len(graph.nodes)} packages of this graph",),
            hint="write .html or .svg to see all of them",
        )
    return FORMS[suffix](graph)


def write(content: bytes, path: Path) -> None:
    """Put ``content`` into ``path``, whole or not at all.

    :raises OutputError: it cannot be written.
    """
    target = path.resolve()
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OutputError(
            f"cannot write {path}", details=(error.strerror or str(error),), hint="name another file with -o"
        ) from error
