"""Plants small faults in resolve/, plan/ and flatcar/, and counts those that no quick test notices.

    make mutants MUTANTS_ARGS="--count 200 --seed 1"

The faults are Cosmic Ray's (a comparison turned round, a loop that is not entered, ...), drawn by lot, one at
a time. They are planted in a copy of the last commit. One counts as noticed when tests/cases or the tests in
tests/unit that are about these rooms fail with it. Faults in annotations, which nothing
evaluates, are left out. Each takes some seconds.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.modules import find_modules
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("overlaytool/resolve", "overlaytool/plan", "overlaytool/flatcar")
PYTEST = "-m pytest -q -x -n 2 -p no:cacheprovider tests/cases"
ABOUT = re.compile(
    r"overlaytool\.(resolve|plan|flatcar|apply|series|audit|report)|import (records|plans|text_source)"
)
"""What a file of tests/unit names that can notice a fault: the others would only take time."""
LIMIT = 600.0
"""Seconds for the tests with one fault."""


def main() -> int:
    """Plant the faults and print what became of each; 1 where a tenth of them or more was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200, help="how many faults (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--room", action="append", metavar="PATH", help="a directory or module; repeatable")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copy = Path(place) / "overlaytool"
        _copy(copy)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        files = [str(file) for file in sorted(Path("tests/unit").glob("test_*.py")) if _is_about(file)]
        command = " ".join([sys.executable, PYTEST, *files])
        without = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if without.returncode:
            raise SystemExit(f"{without.stdout[-4000:]}{without.stderr}\nthe tests fail without any fault")
        faults = _faults(given.room or ROOMS, Path(place) / "faults.sqlite")
        chosen = random.Random(given.seed).sample(faults, min(given.count, len(faults)))
        print(f"{len(faults)} faults can be planted, {len(chosen)} are", flush=True)
        return _plant(chosen, command)


def _is_about(file: Path) -> bool:
    return ABOUT.search(file.read_text(encoding="utf-8")) is not None


def _copy(place: Path) -> None:
    archive = subprocess.Popen(["git", "-C", PROJECT, "archive", "HEAD"], stdout=subprocess.PIPE)
    place.mkdir()
    subprocess.run(["tar", "-x", "-C", place], stdin=archive.stdout, check=True)
    if archive.wait():
        raise SystemExit("git archive failed")


def _faults(rooms: list[str] | tuple[str, ...], file: Path) -> list[MutationSpec]:
    """Every fault that can be planted, in a fixed order."""
    with use_db(file, WorkDB.Mode.create) as database:
        init(find_modules(map(Path, rooms)), database, {})
        faults = [fault for item in database.work_items for fault in item.mutations]
    annotations = {path: list(_annotations(path)) for path in {fault.module_path for fault in faults}}
    kept = [
        fault
        for fault in faults
        if not any(first <= fault.start_pos < last for first, last in annotations[fault.module_path])
    ]
    return sorted(kept, key=lambda fault: (str(fault.module_path), fault.operator_name, fault.occurrence))


def _annotations(path: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations and type aliases begin and end: line from 1, column from 0."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.AnnAssign(annotation=found) | ast.arg(annotation=ast.expr() as found):
                pass
            case ast.FunctionDef(returns=ast.expr() as found):
                pass
            case ast.TypeAlias(value=found):
                pass
            case _:
                continue
        yield (found.lineno, found.col_offset), (found.end_lineno or 0, found.end_col_offset or 0)


def _plant(faults: list[MutationSpec], command: str) -> int:
    outcomes: Counter[str] = Counter()
    for number, fault in enumerate(faults, 1):
        began = time.monotonic()
        result = mutate_and_test([fault], command, LIMIT)
        if result.worker_outcome is not WorkerOutcome.NORMAL:
            raise SystemExit(f"{fault}: {result.output}")
        survived = result.test_outcome is TestOutcome.SURVIVED
        outcomes["not noticed" if survived else "noticed"] += 1
        where = f"{fault.module_path}:{fault.start_pos[0]} {fault.operator_name.removeprefix('core/')}"
        word = "NOT NOTICED" if survived else "noticed"
        print(f"{number:4} {time.monotonic() - began:5.1f} s  {word:11}  {where}", flush=True)
        if survived:
            lines = (result.diff or "").splitlines()
            changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
            print("\n".join(f"       {line}" for line in changed), flush=True)
    missed, total = outcomes["not noticed"], len(faults)
    print(f"{missed} of {total} faults were not noticed: {missed / total:.1%}")
    return int(missed * 10 >= total)


if __name__ == "__main__":
    sys.exit(main())
