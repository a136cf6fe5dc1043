"""Does a plan import what the maintainers of flatcar/scripts imported? Asked of their own history.

    python benchmarks/replay.py --clone CLONE [--cases FILE]... [--case NAME]... [--trees DIRECTORY]

For each case the checkout as it was before the maintainers' merge, and the portage-stable that they merged
as the Gentoo tree, are taken out of CLONE (any clone of flatcar/scripts with history), and the request
is planned. Imports into portage-stable, eclasses and keywords are compared with what they merged. A
difference that cases.json beside this file defends, with the reason, is shown; any other makes the exit
status 1. So does a defence of a difference that is not there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool import workflow
from overlaytool.ebuild.evaluate import parse_atom
from overlaytool.errors import OverlaytoolError
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE, VERSION_FILE
from overlaytool.model.plan import Action, Plan
from overlaytool.model.resolution import Into, Request

PROJECT = Path(__file__).parent.parent
OURS = PROJECT / "benchmarks/cases.json"
CASE_FILES = (PROJECT.parent / "shared/replay.json", OURS)
BOTH_BOARDS = {"~amd64", "~arm64"}
CHECKOUT_PARTS = (
    str(PORTAGE_STABLE),
    str(OVERLAY),
    str(VERSION_FILE),
    "setup_board",
    "build_library",
    "build_image",
    "build_torcx_store",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request, and what people did about it."""

    name: str
    checkout: str
    """The commit before."""
    source: str
    """The commit whose portage-stable stands for Gentoo."""
    also_source: str | None
    """A directory of that commit, which is one more tree to import from."""
    request: Request
    facts: frozenset[str]
    """What they merged: ``import a/b``, ``update a/b``, ``eclass name``, ``keyword =a/b-1 ~arm64``."""
    defended: Mapping[str, str]
    """Difference to the reason why it is right."""


class Trees:
    """Parts of commits, taken out of a clone. The clone is only read."""

    def __init__(self, clone: Path, directory: Path) -> None:
        """:param directory: where the trees go; those that are there already are used again."""
        self._clone, self._directory = clone, directory

    def checkout(self, commit: str) -> Path:
        """The parts of flatcar/scripts that a plan is made from."""
        return self._taken(commit, CHECKOUT_PARTS)

    def source(self, commit: str, tree: str) -> Path:
        """A tree of a commit as a repository to import from. portage-stable gets Gentoo's own name back."""
        repository = self._taken(commit, (tree,)) / tree
        if tree == str(PORTAGE_STABLE):
            (repository / "profiles/repo_name").write_text("gentoo\n")
        return repository

    def _taken(self, commit: str, paths: Iterable[str]) -> Path:
        wanted = [path for path in paths if self._git("ls-tree", commit, "--", path)]
        names = "+".join(path.rpartition("/")[2] for path in wanted)
        place = self._directory / f"{commit[:12]}-{names}"
        if place.is_dir():
            return place
        partial = place.with_name(f"{place.name}.partial")
        partial.mkdir(parents=True)
        with tempfile.TemporaryFile() as archive:
            command = ["git", "-C", str(self._clone), "archive", commit, "--", *wanted]
            subprocess.run(command, stdout=archive, check=True)
            archive.seek(0)
            subprocess.run(["tar", "-x", "-C", str(partial)], stdin=archive, check=True)
        return partial.rename(place)

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self._clone), *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


def read_cases(files: Iterable[Path]) -> list[Case]:
    """The cases of these files, with what our own file defends."""
    defended = json.loads(OURS.read_text())["defended"]
    return [
        _case(entry, defended.get(entry["name"], {}))
        for file in files
        for entry in json.loads(file.read_text())["cases"]
    ]


def _case(entry: Mapping[str, Any], defended: Mapping[str, str]) -> Case:
    return Case(
        name=entry["name"],
        checkout=entry["checkout"],
        source=entry["source"],
        also_source=entry.get("also_source"),
        request=Request(
            atoms=tuple(entry["request"]),
            into=Into(entry["into"]),
            update=entry.get("command") == "update",
        ),
        facts=frozenset(
            (
                *(f"import {package}" for package in entry["imports"]),
                *(f"update {package}" for package in entry.get("updates", ())),
                *(f"eclass {name}" for name in entry["eclasses"]),
                *(_keyword(*line.split()) for line in entry["keywords"]),
            )
        ),
        defended=defended,
    )


def _keyword(atom: str, *keywords: str) -> str:
    """An entry of package.accept_keywords, the same for both ways to accept ~arch on both boards."""
    return " ".join(("keyword", atom, *(() if set(keywords) == BOTH_BOARDS else keywords)))


def run(case: Case, trees: Trees) -> tuple[Plan, float]:
    """The plan that is made today, and the seconds that it took."""
    checkout = trees.checkout(case.checkout)
    gentoo = trees.source(case.source, str(PORTAGE_STABLE))
    others = [trees.source(case.source, case.also_source)] if case.also_source else []
    start = time.perf_counter()
    with workflow.open_workspace(checkout=checkout, gentoo=gentoo, sources=others) as workspace:
        _resolution, plan = workflow.plan(workspace, case.request)
    return plan, time.perf_counter() - start


def differences(case: Case, plan: Plan) -> list[str]:
    """What one of the two has and the other has not: ``missing import cat/pn``, ``extra eclass name``.

    The lists of the cases leave out what landed in coreos-overlay, and what was asked to be updated.
    """
    requested = {parse_atom(atom).package for atom in case.request.atoms}
    imports = {
        f"{'update' if entry.action is Action.UPDATE else 'import'} {entry.package}": entry
        for entry in plan.imports
        if not (case.request.update and entry.package in requested)
    }
    ours = {
        *(
            fact
            for fact, entry in imports.items()
            if fact in case.facts or entry.repository == "portage-stable"
        ),
        *(f"eclass {entry.name}" for entry in plan.eclasses),
        *(_keyword(entry.atom, *entry.keywords) for entry in plan.keywords),
    }
    return [
        *(f"missing {fact}" for fact in sorted(case.facts - ours)),
        *(f"extra {fact}" for fact in sorted(ours - case.facts)),
    ]


def report(case: Case, plan: Plan, seconds: float) -> Iterator[tuple[bool, str]]:
    """Lines for a person, each with whether it speaks against us."""
    found = differences(case, plan)
    yield False, f"{case.name}: {len(plan.imports)} imports, {len(found)} differences, {seconds:.1f} s"
    for difference in found:
        why = case.defended.get(difference)
        yield why is None, f"  {difference}" + (f" (defended: {why})" if why else "")
    for difference in sorted(set(case.defended) - set(found)):
        yield True, f"  defended, but not there: {difference}"
    for change in plan.use:
        yield False, f"  USE {change.atom} {' '.join(change.flags)}"
    for notice in (*plan.warnings, *plan.manual_work):
        yield False, f"  {notice.reference}: {notice.message}"


def replay(cases: Iterable[Case], trees: Trees) -> int:
    """Run the cases and say what came of them.

    :return: how many lines speak against us.
    """
    bad = 0
    for case in cases:
        try:
            lines = list(report(case, *run(case, trees)))
        except subprocess.CalledProcessError as error:
            lines = [
                (True, f"{case.name}: the clone does not give {case.checkout} and {case.source}: {error}")
            ]
        except OverlaytoolError as error:
            lines = [(True, f"{case.name}: error: {error.message}")]
            lines += [(False, f"  {line}") for line in (*error.details, error.hint) if line]
        for against, line in lines:
            print(f"{'!' if against else ' '} {line}", flush=True)
        bad += sum(against for against, _line in lines)
    return bad


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clone", type=Path, required=True, metavar="PATH")
    parser.add_argument(
        "--cases",
        type=Path,
        action="append",
        metavar="FILE",
        help=f"repeatable; default: shared/{CASE_FILES[0].name} beside the project, {OURS.name} beside this",
    )
    parser.add_argument("--case", action="append", metavar="NAME", help="repeatable; default: all")
    parser.add_argument(
        "--trees", type=Path, metavar="DIRECTORY", help="keep the trees there (about 150 MB a case)"
    )
    options = parser.parse_args()
    files = options.cases or [file for file in CASE_FILES if file.is_file()]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        parser.error(f"no file {', '.join(missing)}")
    cases = read_cases(files)
    unknown = set(options.case or ()) - {case.name for case in cases}
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}")
    chosen = [case for case in cases if not options.case or case.name in options.case]
    with tempfile.TemporaryDirectory() as temporary:
        bad = replay(chosen, Trees(options.clone, options.trees or Path(temporary)))
    print(f"{len(chosen)} cases, {bad or 'no'} lines against us")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
