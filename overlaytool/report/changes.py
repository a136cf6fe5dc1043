"""What a plan does, section by section, as the page shows it: the same sections that the terminal has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from overlaytool.model.plan import Import, KeywordChange, MaskAction, Plan, UseChange
from overlaytool.model.resolution import Root

MAX_REASONS = 3
"""Askers named for an import; the rest are counted."""
SIGNS = {MaskAction.ADD: "+", MaskAction.REMOVE: "-", MaskAction.NARROW: "~"}


def sections(plan: Plan) -> list[dict[str, Any]]:
    """``{"title", "note", "lines": [{"text", "note"}]}`` for each kind of change that the plan has."""
    found = {
        "Copy": [line for entry in plan.imports for line in _import(entry)],
        "Up to date": [_line(cpv) for cpv in plan.up_to_date],
        "Copy eclasses": [
            _line(f"{entry.name}.eclass", f"{entry.action} from {entry.source}") for entry in plan.eclasses
        ],
        "Copy licences": [_line(entry.name, f"for {', '.join(entry.needed_by)}") for entry in plan.licenses],
        "Accept keywords": [_line(" ".join((e.atom, *e.keywords)), e.comment) for e in plan.keywords],
        "Set USE": [_line(" ".join((e.atom, *e.flags)), e.comment) for e in plan.use],
        "Lift masks": [
            _line(" ".join((SIGNS[e.action], e.atom, *e.flags)), e.comment, e.file) for e in plan.masks
        ],
        "Count as installed": [_line(e.cpv, e.comment, e.file) for e in plan.provided],
        "Metapackage": list(_metapackage(plan)),
        "System extension": list(_entry(plan)),
        "The image gains": [_line(cpv) for cpv in plan.new_in_image],
        "Work for you": [_line(notice.message, notice.hint or "") for notice in plan.manual_work],
        "Warnings": [_line(notice.message, notice.hint or "") for notice in plan.warnings],
    }
    files = {"Accept keywords": _files(plan.keywords), "Set USE": _files(plan.use)}
    return [
        {"title": title, "note": files.get(title, ""), "lines": lines}
        for title, lines in found.items()
        if lines
    ]


def _files(edits: Sequence[KeywordChange] | Sequence[UseChange]) -> str:
    """The files that get these lines, from coreos-overlay's profiles on."""
    return ", ".join(dict.fromkeys(edit.file.partition("/profiles/")[2] or edit.file for edit in edits))


def _line(text: str, *notes: str) -> dict[str, str]:
    return {"text": text, "note": "; ".join(note for note in notes if note)}


def _import(entry: Import) -> Iterator[dict[str, str]]:
    places: dict[tuple[str | None, str], list[str]] = {}
    for selected in entry.selected:
        where = f"{selected.board} host" if selected.root is Root.HOST else selected.board
        places.setdefault((selected.replaces, selected.cpv), []).append(where)
    if not places:
        yield _line(entry.package, f"{entry.action} from {entry.source}")
    for (before, after), where_taken in places.items():
        version = after.removeprefix(f"{entry.package}-")
        if before and before != after:
            version = f"{before.removeprefix(f'{entry.package}-')} → {version}"
        what = f"{entry.action} from {entry.source}, for {', '.join(where_taken)}"
        yield _line(f"{entry.package} {version}", what, *_because(entry))


def _because(entry: Import) -> Iterator[str]:
    """Who asks for an import, the first few by name."""
    asked = list(dict.fromkeys(each.parent or "you" for each in entry.because))
    named = ", ".join(asked[:MAX_REASONS])
    more = f" and {len(asked) - MAX_REASONS} more" if len(asked) > MAX_REASONS else ""
    if asked:
        yield f"asked for by {named}{more}"


def _metapackage(plan: Plan) -> Iterator[dict[str, str]]:
    edit = plan.metapackage
    if edit is None:
        return
    arches = {line.atom: line.arch for line in edit.arch_only}
    for atom in edit.added:
        yield _line(f"+ {atom}", f"in the {arches[atom]}? ( ) group" if atom in arches else "")
    before, after = edit.revision
    yield _line(edit.file, f"r{before} becomes r{after}" if before != after else f"r{after} stays")


def _entry(plan: Plan) -> Iterator[dict[str, str]]:
    if plan.entry is not None:
        if plan.entry.before is not None:
            yield _line(f"- {plan.entry.before}")
        yield _line(f"+ {plan.entry.after}", plan.entry.file)
