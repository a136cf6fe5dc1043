"""Describes the differences between two plans for one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from overlaytool.model.plan import Plan


def differences(old: Plan, new: Plan) -> tuple[str, ...]:
    """A line for each change that only one of the plans makes, or that they make differently.

    The commits of the trees and the metapackage's revision are not compared.
    """
    return (
        *_compare("package", old.imports, new.imports, lambda entry: entry.package, _import),
        *_compare("eclass", old.eclasses, new.eclasses, lambda entry: (entry.name, entry.source), _from),
        *_compare(
            "licence", old.licenses, new.licenses, lambda entry: entry.name, lambda entry: entry.source
        ),
        *_compare("keyword", old.keywords, new.keywords, lambda entry: entry.atom, _keywords),
        *_compare("USE", old.use, new.use, lambda entry: (entry.atom, entry.file), _flags),
        *_lines(old, new),
        *(
            f"manual work is new: {notice.message}"
            for notice in new.manual_work
            if notice not in old.manual_work
        ),
    )


def _compare(
    what: str,
    old: Iterable[Any],
    new: Iterable[Any],
    identity: Callable[[Any], object],
    words: Callable[[Any], str],
) -> Iterable[str]:
    before = {identity(entry): entry for entry in old}
    after = {identity(entry): entry for entry in new}
    return _changes(
        what,
        {_name(key): words(entry) for key, entry in before.items()},
        {_name(key): words(entry) for key, entry in after.items()},
    )


def _changes(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[str]:
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{what} {name} is not needed any more"
        elif name not in before:
            yield f"{what} {name} is new: {after[name]}"
        elif before[name] != after[name]:
            yield f"{what} {name}: {before[name]}, now {after[name]}"


def _name(key: object) -> str:
    return " in ".join(key) if isinstance(key, tuple) else str(key)


def _import(entry: Any) -> str:
    taken = ", ".join(dict.fromkeys(f"{selected.cpv} on {selected.board}" for selected in entry.selected))
    return f"{entry.action} from {entry.source} into {entry.repository}, {taken}"


def _from(entry: Any) -> str:
    return f"{entry.action} from {entry.source}"


def _keywords(entry: Any) -> str:
    return " ".join(entry.keywords) or "unstable on all boards"


def _flags(entry: Any) -> str:
    return " ".join(entry.flags)


def _lines(old: Plan, new: Plan) -> Iterable[str]:
    """What the metapackage gets."""
    before = set(old.metapackage.added) if old.metapackage else set()
    after = set(new.metapackage.added) if new.metapackage else set()
    yield from (f"the metapackage has {atom} already" for atom in sorted(before - after))
    yield from (f"the metapackage gets {atom}" for atom in sorted(after - before))
