"""What the trees say of packages, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Line
from overlaytool.support.text import counted
from overlaytool.workflow.info import Hit, Info, Outdated, Version

SCHEMA = 1


def show(found: Info) -> None:
    """A package: what it is, its versions by tree, where the checkout uses it."""
    console.show((found.package, "bold"), f"  {found.description}")
    if found.homepage:
        console.show(f"  {found.homepage}")
    if found.license:
        console.show(f"  licence {found.license}")
    if found.use:
        console.show(f"  USE {' '.join(found.use)}")
    for repository, versions in groupby(found.versions, key=lambda version: version.repository):
        console.show("")
        console.show((repository, "bold"))
        for version in versions:
            _show_version(version)
    console.show("")
    if found.targets:
        console.show(("in the checkout", "bold"), f"  {', '.join(found.targets)}")
        for view, selected in found.selected.items():
            console.show(f"  {view}  {selected}")
    else:
        console.show("no target of the checkout reaches it")
    for path in found.patches:
        console.show(f"  {path}")


def _show_version(version: Version) -> None:
    slot = f":{version.slot}" if version.slot not in ("", "0") else ""
    console.show(f"  {version.version}{slot}  {' '.join(version.keywords)}")
    by_reason: dict[str, list[str]] = {}
    for view, reason in version.hidden.items():
        by_reason.setdefault(reason, []).append(view)
    for reason, views in by_reason.items():
        console.show((f"      {', '.join(views)}: {reason}", "dim"))


def show_hits(found: Sequence[Hit]) -> None:
    """A line for each package; those of the checkout have a star."""
    if not found:
        console.show("no package has all of these words in its name or description")
    width = max((len(hit.package) for hit in found), default=0)
    for hit in found:
        console.show("* " if hit.here else "  ", (f"{hit.package:<{width}}", "bold"), f"  {hit.description}")


def show_outdated(found: Sequence[Outdated]) -> None:
    """A line for each package: ours, Gentoo's stable and newest version, patches."""
    if not found:
        console.show("Gentoo has no newer version of anything in the checkout")
        return
    width = max(len(one.package) for one in found)
    for one in found:
        console.show(f"{one.package:<{width}}  {one.ours} → ", (str(one.newest), "green"), *_remarks(one))
    forks = sum(one.repository == "coreos-overlay" for one in found)
    console.show(f"{counted(len(found), 'package')}, {forks} of them in coreos-overlay")


def _remarks(one: Outdated) -> Line:
    """Whether the newest version is stable, and what of Flatcar's own it has to suit."""
    stable = f", stable is {one.stable}" if one.stable not in (None, one.ours) else ""
    said = [
        *([f"testing{stable}"] if one.stable != one.newest else []),
        *(["in coreos-overlay"] if one.repository == "coreos-overlay" else []),
        *([counted(one.patches, "patch", "patches")] if one.patches else []),
    ]
    return ((f"  {'; '.join(said)}", "dim"),) if said else ()


def to_json(found: Info) -> str:
    """A package as a document."""
    return _document(to_builtins(found))


def hits_to_json(found: Sequence[Hit]) -> str:
    """A search as a document."""
    return _document({"packages": to_builtins(tuple(found))})


def outdated_to_json(found: Sequence[Outdated]) -> str:
    """What is outdated as a document."""
    return _document({"packages": to_builtins(tuple(found))})


def _document(data: dict[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA, **data}, indent=2, ensure_ascii=False) + "\n"
