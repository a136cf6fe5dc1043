"""What keeps Portage from building a graph, read from its data and not from its output.

A finding is a dict for the report::

    {"kind": "masked", "root": "/…/board/", "atom": ">=dev-libs/b-2", "cpvs": ["dev-libs/b-2"],
     "candidates": [{"cpv": …, "repository": …, "reasons": [{"kind": "masked", "text": …}]}],
     "needs": ["~amd64"], "chain": ["dev-libs/a-1", …, "dev-libs/a"], "text": "…"}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import PurePath
from typing import Any

import portage
from _emerge.Blocker import Blocker
from _emerge.depgraph import _get_masking_status, get_mask_info
from _emerge.DepPrioritySatisfiedRange import DepPrioritySatisfiedRange
from _emerge.Package import Package
from portage._sets.base import InternalPackageSet
from portage.dep import check_required_use

KIND_OF_MASK = {
    "package.mask": "masked",
    "KEYWORDS": "keyword",
    "LICENSE": "license",
    "EAPI": "eapi",
    "corruption": "ebuild",
    "invalid": "ebuild",
}
"""Portage's category of a mask to the kind of a finding; the others count as ``masked``."""


def find(graph: Any) -> list[dict[str, Any]]:
    """Everything that keeps emerge from going on with this graph."""
    dynamic = graph._dynamic_config
    found = [
        *(_unsatisfied(graph, *place, **more) for place, more in dynamic._unsatisfied_deps_for_display),
        *_needed_changes(graph),
        *(_slot_conflict(graph, conflict) for conflict in dynamic._package_tracker.slot_conflicts()),
        *(_blocker(graph, blocker) for blocker in dynamic._unsatisfied_blockers_for_display or ()),
    ]
    if dynamic._circular_deps_for_display is not None:
        found.append(_cycle(dynamic._circular_deps_for_display))
    return found


def _finding(kind: str, root: str, **rest: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"atom": None, "cpvs": [], "candidates": [], "needs": [], "chain": [], "text": ""}
    return {"kind": kind, "root": root, **empty, **rest}


def _unsatisfied(graph: Any, root: str, atom: Any, *, myparent: Any = None, **more: Any) -> dict[str, Any]:
    """A dependency, or an argument, that nothing satisfies."""
    required_use = more.get("show_req_use")
    place: dict[str, Any] = {"atom": str(atom), "chain": _chain(graph, myparent)}
    if required_use is not None:
        text = _violated_required_use(graph, required_use)
        return _finding("required-use", root, cpvs=[str(required_use.cpv)], text=text, **place)
    candidates = list(_candidates(graph, root, atom, myparent))
    kind = "no-ebuild"
    if candidates:
        kind = _nearest(candidates)["reasons"][0]["kind"]
    return _finding(kind, root, candidates=candidates, **place)


def _nearest(candidates: list[dict[str, Any]]) -> dict[str, Any]:
    """The candidate that lacks least: it says what the finding is about. Portage lists the highest first."""
    return min(candidates, key=lambda candidate: len(candidate["reasons"]))


def _candidates(graph: Any, root: str, atom: Any, parent: Any) -> Iterator[dict[str, Any]]:
    """Every package that has the name, slot and version, and why it will not do."""
    for database, kind, built, installed, keys in graph._dynamic_config._filtered_trees[root]["dbs"]:
        if installed:
            continue
        matches = (
            database.xmatch("match-all-cpv-only", atom.without_use)
            if hasattr(database, "xmatch")
            else database.match(atom.without_use)
        )
        for cpv in reversed(matches):
            repositories = (
                database.getRepositories(catpkg=atom.cp) if hasattr(database, "getRepositories") else [None]
            )
            for repository in repositories:
                if not database.cpv_exists(cpv, myrepo=repository):
                    continue
                reasons = _reasons(graph, root, atom, parent, cpv, repository, (database, kind, built, keys))
                if reasons:
                    yield {"cpv": str(cpv), "repository": repository or "binary", "reasons": reasons}


def _reasons(
    graph: Any, root: str, atom: Any, parent: Any, cpv: Any, repository: Any, source: tuple[Any, ...]
) -> list[dict[str, str]]:
    """Why one candidate will not do; empty when it is of another slot than the atom asks for."""
    database, kind, built, keys = source
    configuration = graph._frozen_config.roots[root]
    settings = graph._frozen_config.pkgsettings[root]
    metadata, words = get_mask_info(
        configuration, cpv, settings, database, kind, built, False, keys, myrepo=repository
    )
    if metadata is None or not portage.eapi_is_supported(metadata["EAPI"]):
        return [{"kind": "eapi" if metadata else "ebuild", "text": word} for word in words]
    package = graph._pkg(cpv, kind, configuration, myrepo=repository or metadata.get("repository"))
    reasons = [_mask_reason(package, reason) for reason in _masks(graph, package)]
    if package.invalid:
        return reasons
    if not atom.without_use.match(package):
        return []
    if package in graph._dynamic_config._runtime_pkg_mask:
        reasons.append({"kind": "conflict", "text": "it would conflict with what else is needed"})
    reasons += _use_reasons(graph, atom, parent, package)
    for why, what in graph._dynamic_config.ignored_binaries.get(package, {}).items():
        text = f"built with another USE: {' '.join(sorted(what))}" if why == "respect_use" else why
        reasons.append({"kind": "use" if why == "respect_use" else "conflict", "text": text})
    return reasons or [{"kind": "conflict", "text": "Portage did not take it"}]


def _masks(graph: Any, package: Any) -> Any:
    settings = graph._frozen_config.pkgsettings[package.root]
    return _get_masking_status(package, settings, package.root_config, use=graph._pkg_use_enabled(package))


def _mask_reason(package: Any, reason: Any) -> dict[str, str]:
    kind = KIND_OF_MASK.get(reason.category, "masked")
    text = reason.message
    if reason.category == "package.mask":
        text = _mask_text(package)
    return {"kind": kind, "text": text}


def _mask_text(package: Any) -> str:
    """``package.mask`` with the file and the comment above the entry."""
    comment, file = portage.getmaskingreason(
        package.cpv,
        metadata=package._metadata,
        settings=package.root_config.settings,
        portdb=package.root_config.trees["porttree"].dbapi,
        return_location=True,
    )
    words = " ".join(line.lstrip("# ") for line in (comment or "").splitlines()).strip()
    return _short(package, file or "package.mask") + (f": {words}" if words else "")


def _short(package: Any, file: str) -> str:
    """A file of a tree without the way to the tree, ``coreos-overlay/profiles/...``."""
    for tree in package.root_config.trees["porttree"].dbapi.porttrees:
        above = f"{PurePath(tree).parent}/"
        if file.startswith(above):
            return file.removeprefix(above)
    return file


def _use_reasons(graph: Any, atom: Any, parent: Any, package: Any) -> Iterator[dict[str, str]]:
    """USE flags that the atom asks for and the package does not have, or cannot have."""
    if atom.package and atom.unevaluated_atom.use:
        missing = package.iuse.get_missing_iuse(atom.unevaluated_atom.use.required)
        if missing:
            yield {"kind": "use", "text": f"it has no USE flag {' '.join(sorted(missing))}"}
            return
        enabled = graph._pkg_use_enabled(package)
        violated = atom.violated_conditionals(enabled, package.iuse.is_valid_flag).use
        if violated:
            fixed = package.use.mask | package.use.force
            for flag in sorted((*violated.enabled, *(f"-{flag}" for flag in violated.disabled))):
                frozen = flag.lstrip("-") in fixed
                yield {
                    "kind": "use",
                    "text": f"USE={flag}" + (" (masked or forced in the profile)" if frozen else ""),
                }
    if not package.built and package._metadata.get("REQUIRED_USE"):
        text = _violated_required_use(graph, package)
        if text:
            yield {"kind": "required-use", "text": text}


def _violated_required_use(graph: Any, package: Any) -> str:
    """The part of REQUIRED_USE that does not hold; empty when all of it does."""
    result = check_required_use(
        package._metadata["REQUIRED_USE"],
        graph._pkg_use_enabled(package),
        package.iuse.is_valid_flag,
        eapi=package.eapi,
    )
    return "" if result else str(result.tounicode())


def _needed_changes(graph: Any) -> Iterator[dict[str, Any]]:
    """Keywords, masks, licences and USE that Portage had to change to get through (``--autounmask``)."""
    dynamic = graph._dynamic_config
    hinted = (
        ("keyword", "unstable keyword", dynamic._needed_unstable_keywords),
        ("masked", "p_mask", dynamic._needed_p_mask_changes),
        ("license", "license", dynamic._needed_license_changes),
    )
    for kind, key, packages in hinted:
        for package in packages:
            if package not in dynamic.digraph:
                continue
            needs = [
                word
                for reason in _masks(graph, package)
                if reason.unmask_hint is not None and reason.unmask_hint.key == key
                for word in _hint_words(reason.unmask_hint.value)
            ]
            text = _mask_text(package) if kind == "masked" else ""
            yield _change(graph, kind, package, needs, text)
    for package, changes in dynamic._needed_use_config_changes.items():
        if package in dynamic.digraph:
            needs = [flag if state else f"-{flag}" for flag, state in sorted(changes[1].items())]
            yield _change(graph, "use", package, needs, "")


def _hint_words(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else sorted(value)


def _change(graph: Any, kind: str, package: Any, needs: list[str], text: str) -> dict[str, Any]:
    atoms = sorted(
        str(atom) for parent, atom in graph._dynamic_config._parent_atoms.get(package, ()) if atom.package
    )
    path = _chain(graph, package)
    return _finding(
        kind,
        package.root,
        atom=atoms[0] if atoms else f"={package.cpv}",
        cpvs=[str(package.cpv)],
        needs=needs,
        chain=path[1:],
        text=text,
    )


def _slot_conflict(graph: Any, conflict: Any) -> dict[str, Any]:
    """Two packages in one slot: each with the atoms that want it and not the others."""
    candidates = []
    for package in conflict.pkgs:
        others = [other for other in conflict.pkgs if other is not package]
        reasons = []
        for parent, atom in graph._dynamic_config._parent_atoms.get(package, ()):
            wanted = InternalPackageSet(initial_atoms=(atom,), allow_repo=True)
            if not all(
                wanted.findAtomForPackage(other, modified_use=graph._pkg_use_enabled(other))
                for other in others
            ):
                reasons.append({"kind": "slot-conflict", "text": f"{atom} wanted by {_name(parent)}"})
        reasons.sort(key=lambda reason: reason["text"])
        repository = str(package.repo)
        candidates.append({"cpv": str(package.cpv), "repository": repository, "reasons": reasons})
    return _finding(
        "slot-conflict",
        conflict.root,
        atom=str(conflict.atom),
        cpvs=sorted(str(package.cpv) for package in conflict.pkgs),
        candidates=sorted(candidates, key=lambda candidate: candidate["cpv"]),
        chain=_chain(graph, conflict.pkgs[-1])[1:],
    )


def _blocker(graph: Any, blocker: Any) -> dict[str, Any]:
    """A package that must not be there beside the one that blocks it."""
    dynamic = graph._dynamic_config
    blockers = {*dynamic._blocker_parents.parent_nodes(blocker)}
    blocked = {*dynamic._blocked_pkgs.child_nodes(blocker)} - blockers
    pulled_in = [package for package in sorted(blocked) if isinstance(package, Package)]
    return _finding(
        "blocker",
        blocker.root,
        atom=str(blocker.atom),
        cpvs=[str(package.cpv) for package in chain(sorted(blockers), pulled_in)],
        chain=_chain(graph, pulled_in[0])[1:] if pulled_in else [],
    )


def _cycle(graph: Any) -> dict[str, Any]:
    """The shortest of the cycles that Portage could not break."""
    levels = DepPrioritySatisfiedRange.ignore_priority
    highest = levels.index(DepPrioritySatisfiedRange.ignore_medium_soft)
    cycles: list[list[Any]] = []
    for level in reversed(levels[: highest + 1]):
        cycles = graph.get_cycles(ignore_priority=level)
        if cycles:
            break
    packages = min(cycles, key=len) if cycles else list(graph)
    names = [_name(package) for package in packages]
    start = names.index(min(names))
    names = names[start:] + names[:start]
    return _finding("circular", getattr(packages[0], "root", ""), cpvs=names)


def _chain(graph: Any, node: Any) -> list[str]:
    """From a package up to the argument that it is there for, the shortest way."""
    digraph = graph._dynamic_config.digraph
    ways: list[list[Any]] = [[node]] if node is not None else []
    seen = {node}
    for way in ways:
        parents = digraph.parent_nodes(way[-1]) if way[-1] in digraph else []
        if not isinstance(way[-1], Package) or not parents:
            return [_name(step) for step in way]
        for parent in parents:
            if parent not in seen and not isinstance(parent, Blocker):
                seen.add(parent)
                ways.append([*way, parent])
    return [_name(node)] if node is not None else []


def _name(node: Any) -> str:
    return str(node.cpv) if isinstance(node, Package) else str(node)
