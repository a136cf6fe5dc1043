"""The runs of a job, one after the other, each reported as plain data."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import portage
from _emerge.AtomArg import AtomArg
from _emerge.Package import Package
from portage.exception import PortageException
from portage.versions import _pkg_str

from overlaytool.verify.inside import findings, graph, trees

BUILD_TIME = ("DEPEND", "BDEPEND", "IDEPEND")
"""Dependencies that are of no account when a binary package is put into the image."""
SAID = 12
"""Lines of Portage's output that have to do where nothing else explains a refusal."""


def carry_out(job: dict[str, Any]) -> dict[str, Any]:
    """Run everything that the job asks for.

    :raises ConfigurationError: when a profile cannot be read.
    """
    client = trees.MetadataClient(job["metadata"])
    made = trees.Roots(job["roots"], client, root_deps=job["root_deps"])
    roles = {root["path"].rstrip("/") + "/": role for role, root in job["roots"].items()}
    graph.BootstrappedGraph.new = frozenset(job["new"])
    reports: list[dict[str, Any]] = []
    resolved: dict[str, _Resolved] = {}
    for run in job["runs"]:
        source = run.get("binaries_of")
        if source is not None and source not in resolved:
            reports.append(_report(run, judged=False))
            continue
        world = made.trees(run["target"], run.get("use", ""))
        known: frozenset[str] = frozenset()
        if source is not None:
            known = resolved[source].passed_over
            _offer_binaries(world, resolved[source].packages)
        report, result = _run(world, run, known, client)
        if report["success"]:
            resolved[run["view"]] = result.of_root(world._target_eroot)
        elif not report["findings"]:
            report["findings"] = [_unexplained(world, job["log"])]
        for finding in report["findings"]:
            finding["root"] = roles.get(finding["root"], run["target"])
        report["packages"] = sorted([roles[package.root], str(package.cpv)] for package in result.packages)
        reports.append(report)
    return {"portage": str(portage.VERSION), "runs": reports}


@dataclass(frozen=True)
class _Resolved:
    """What a run would merge, and the atoms that it passed over since nothing satisfies them."""

    packages: tuple[Any, ...]
    passed_over: frozenset[str]

    def of_root(self, eroot: str) -> _Resolved:
        """The packages of one root."""
        return replace(self, packages=tuple(package for package in self.packages if package.root == eroot))


def _report(run: dict[str, Any], *, judged: bool = True) -> dict[str, Any]:
    return {
        "view": run["view"],
        "judged": judged,
        "success": False,
        "more": False,
        "findings": [],
        "packages": [],
    }


def _run(
    world: Any, run: dict[str, Any], known: frozenset[str], client: trees.MetadataClient
) -> tuple[dict[str, Any], _Resolved]:
    """Resolve the atoms, again and again with what failed passed over, until nothing new turns up.

    :param known: atoms that are passed over from the start: they were complained of in another view.
    """
    report = _report(run)
    atoms = list(run["atoms"])
    passed_over = {(world._target_eroot, atom) for atom in known}
    found: dict[str, dict[str, Any]] = {}
    packages: tuple[Any, ...] = ()
    report["more"] = True
    for number in range(graph.ROUNDS):
        if number:
            gc.collect()
        graph.BootstrappedGraph.passed_over = frozenset(passed_over)
        try:
            report["success"], result = graph.resolve(world, atoms, run["options"])
        except (PortageException, ValueError) as error:
            text = f"{type(error).__name__}: {error}"
            _add(found, {**findings._finding("portage", world._target_eroot), "text": text})
            report["more"] = False
            break
        if not report["success"]:
            result.display_problems()  # into the log
        packages = _merged(result)
        unsatisfied = result._dynamic_config._unsatisfied_deps_for_display
        for finding in findings.find(result):
            _add(found, finding)
        failed = {(place[0], str(place[1])) for place, _ in unsatisfied} - passed_over
        refused = {
            str(more["myparent"].arg) for _, more in unsatisfied if isinstance(more.get("myparent"), AtomArg)
        }
        passed_over |= failed
        atoms = [atom for atom in atoms if atom not in refused]
        if not failed or not atoms:
            report["more"] = False
            break
    _name_the_broken(world, found, client)
    report["findings"] = list(found.values())
    return report, _Resolved(packages, frozenset(atom for _, atom in passed_over))


def _unexplained(world: Any, log: str) -> dict[str, Any]:
    """A refusal without a reason that can be read: what Portage printed last has to do."""
    sys.stdout.flush()
    lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    text = " / ".join([line.strip() for line in lines if line.strip()][-SAID:])
    return {**findings._finding("portage", world._target_eroot), "text": text}


def _add(found: dict[str, dict[str, Any]], finding: dict[str, Any]) -> None:
    key = "\0".join((finding["kind"], finding["root"], str(finding["atom"]), *finding["cpvs"]))
    found.setdefault(key, finding)


def _merged(result: Any) -> tuple[Any, ...]:
    return tuple(
        node
        for node in result._dynamic_config.digraph
        if isinstance(node, Package) and node.operation == "merge"
    )


def _name_the_broken(world: Any, found: dict[str, dict[str, Any]], client: trees.MetadataClient) -> None:
    """A finding for each ebuild that Portage could not source, with what the ebuild said as it died."""
    for eroot in world:
        portdb = world[eroot]["porttree"].dbapi
        for path in sorted(portdb._broken_ebuilds):
            tree = next(tree for tree in portdb.porttrees if path.startswith(tree + os.sep))
            category, _, file = PurePath(path).relative_to(tree).parts
            cpv = f"{category}/{file.removesuffix('.ebuild')}"
            said = client.why_not(tree, cpv)
            kind = "eclass" if "could not be found by inherit" in said else "ebuild"
            explained = [_explain(finding, cpv, kind, said) for finding in found.values()]
            if not any(explained):
                _add(found, {**findings._finding(kind, eroot), "cpvs": [cpv], "text": said})


def _explain(finding: dict[str, Any], cpv: str, kind: str, said: str) -> bool:
    """Put an ebuild's last words where Portage only says ``corruption``; whether it is about that alone."""
    for candidate in finding["candidates"]:
        if candidate["cpv"] == cpv:
            candidate["reasons"] = [{"kind": kind, "text": said}]
            if finding["kind"] == "ebuild":
                finding |= {"kind": kind, "cpvs": [cpv], "text": said}
                return True
    return False


def _offer_binaries(world: Any, packages: Iterable[Any]) -> None:
    """Put the packages of another run into the target root's binary packages, as they would be built.

    build_image merges binary packages only. gcc's are not merged: build_image extracts its libraries
    and enters it in package.provided (extract_prod_gcc), and so does this.
    """
    tree = world[world._target_eroot]
    settings = tree["root_config"].settings
    bintree = tree["bintree"]
    bintree.populated = True
    for package in packages:
        if package.cp == "sys-devel/gcc":
            settings.pprovideddict.setdefault(package.cp, []).append(str(package.cpv))
            continue
        known = bintree.dbapi._aux_cache_keys & set(package._metadata)
        metadata = {key: package._metadata[key] for key in known}
        metadata["RDEPEND"] = trees.own_rdepend(package)
        metadata |= dict.fromkeys(BUILD_TIME, "")
        metadata |= {
            "repository": str(package.repo),
            "USE": " ".join(sorted(package.use.enabled)),
            "SIZE": "0",
        }
        metadata |= {"BUILD_TIME": "0", "_mtime_": "0"}
        bintree.dbapi.cpv_inject(
            _pkg_str(str(package.cpv), metadata=metadata, settings=settings, db=bintree.dbapi)
        )
