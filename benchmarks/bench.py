"""Time and memory of overlaytool on a real checkout, side by side with ``emerge --pretend``.

    make bench BENCH_ARGS="--checkout ~/scripts --gentoo ~/gentoo --applied ~/scripts-with-htop"
    make bench BENCH_ARGS="--checkout ~/scripts --gentoo ~/gentoo --all --review BASE..TIP"

Every figure is the median of whole processes, run in turn, so that a machine that gets slower gets slower
for all of them. Nothing is asserted: machines differ. emerge runs for one board, on a checkout to which
the same request was added, with an empty cache of its own where it runs cold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration"))

from portage_root import pretend_command

ATOMS = ("sys-process/htop", "app-misc/screen")
IMAGE = ("coreos-base/coreos",)
RESOLVED = (0, 1)
"""emerge ends with 1 where all is resolved, but build dependencies go round in a circle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process."""

    wall: float
    """Seconds."""
    memory: int
    """Peak of the largest process, in KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to time."""

    name: str
    command: tuple[str, ...]
    cold: bool = False
    """Whether the cache is emptied before each run."""
    target: str = ""
    environment: dict[str, str] | None = None
    """None: the caller's, with caches of our own."""
    statuses: tuple[int, ...] = (0,)
    """Exit statuses with which the work was done."""
    cache: Path | None = None
    """What to empty before each run when it is cold; None: overlaytool's cache."""


def main() -> None:
    """Run everything a few times in turn and print medians."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="overlaytool-bench-") as place:
        cache = Path(place, "cache")
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": f"{place}/state"}
        results: dict[str, list[Run]] = {}
        cases = _cases(options, Path(place))
        for round_number in range(options.runs + 1):
            for case in cases:
                if case.cold:
                    shutil.rmtree(case.cache or cache, ignore_errors=True)
                run = _timed(case, case.environment or environment)
                if round_number:  # the first round fills file-system caches
                    results.setdefault(case.name, []).append(run)
    _print(cases, results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True, help="a clone of flatcar/scripts")
    parser.add_argument("--gentoo", type=Path, required=True, help="a Gentoo tree with htop and screen")
    parser.add_argument("--large", type=Path, help="the same tree with many more packages")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command (default: 5)")
    parser.add_argument(
        "--all", action="store_true", help="time update --all and audit too, and what pkg_auto runs instead"
    )
    parser.add_argument("--review", metavar="BASE..TIP", help="time the review of a weekly update too")
    parser.add_argument(
        "--applied", type=Path, help="a clone with the request added: time verify and emerge on it too"
    )
    return parser.parse_args()


def _cases(options: argparse.Namespace, place: Path) -> list[Case]:
    tool = (sys.executable, "-m", "overlaytool", "-q", "-C", str(options.checkout))

    def plan(tree: Path, *atoms: str) -> tuple[str, ...]:
        return (*tool, "plan", "--gentoo", str(tree), *atoms)

    cases = [
        Case(name="help", command=(sys.executable, "-m", "overlaytool", "--help"), target="0.25 s"),
        Case(name="plan, cold", command=plan(options.gentoo, *ATOMS), cold=True, target="3 s"),
        Case(name="plan, warm", command=plan(options.gentoo, *ATOMS), target="0.6 s"),
    ]
    if options.large:
        plan_large = plan(options.large, *ATOMS)
        cases.append(Case(name="plan, warm, large tree", command=plan_large, target="1.3 x plan, warm"))
    cases += [
        Case(name="image, cold", command=plan(options.gentoo, *IMAGE), cold=True, target="20 s"),
        Case(name="image, warm", command=plan(options.gentoo, *IMAGE), target="2 s"),
    ]
    cases += _upkeep_cases(options, tool, place / "portage-all")
    if options.applied:
        applied = (sys.executable, "-m", "overlaytool", "-q", "-C", str(options.applied))
        verify = (*applied, "verify", *ATOMS, "--board", "amd64-usr")
        cases += [
            Case(name="verify, cold", command=verify, cold=True, target="10 s"),
            Case(name="verify, warm", command=verify, target="3 s"),
            *_emerge_cases(options.applied, place / "portage"),
        ]
    return cases


def _upkeep_cases(options: argparse.Namespace, tool: tuple[str, ...], place: Path) -> list[Case]:
    """Keeping a checkout up, beside the two passes of emerge that pkg_auto needs to compare two states."""
    cases = []
    answered = (0, 1)  # 1: something is left to a person
    if options.all:
        update = (*tool, "update", "--all", "--dry-run", "--gentoo", str(options.gentoo))
        audit = (*tool, "audit")
        command, environment = pretend_command(
            options.checkout.resolve(), "amd64", place, "--emptytree", "coreos-devel/board-packages"
        )
        cases += [
            Case(name="update --all, cold", command=update, cold=True, target="30 s", statuses=answered),
            Case(name="update --all, warm", command=update, target="6 s", statuses=answered),
            Case(name="audit, cold", command=audit, cold=True, target="20 s", statuses=answered),
            Case(name="audit, warm", command=audit, target="4 s", statuses=answered),
            Case(
                name="emerge --emptytree, one pass",
                command=tuple(command),
                target="half of what pkg_auto runs",
                environment=environment,
                statuses=RESOLVED,
            ),
        ]
    if options.review:
        review = (*tool, "review", options.review)
        cases.append(Case(name="review, warm", command=review, target="10 s"))
    return cases


def _emerge_cases(checkout: Path, place: Path) -> list[Case]:
    command, environment = pretend_command(checkout.resolve(), "amd64", place, *ATOMS)
    cache = Path(environment["PORTAGE_DEPCACHEDIR"])
    return [
        Case(
            name="emerge --pretend, cold",
            command=tuple(command),
            target="10 x plan, cold",
            environment=environment,
            cold=True,
            cache=cache,
            statuses=RESOLVED,
        ),
        Case(
            name="emerge --pretend, warm",
            command=tuple(command),
            target="3 x plan, warm",
            environment=environment,
            statuses=RESOLVED,
        ),
    ]


def _timed(case: Case, environment: dict[str, str]) -> Run:
    start = time.monotonic()
    process = subprocess.Popen(
        case.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in case.statuses:
        sys.exit(f"{' '.join(case.command)} ended with {process.returncode}")
    return Run(wall=time.monotonic() - start, memory=usage.ru_maxrss)


def _print(cases: list[Case], results: dict[str, list[Run]]) -> None:
    print(f"{'':<30}{'median':>9}{'min':>9}{'max':>9}{'memory':>10}  target")
    for case in cases:
        runs = results[case.name]
        walls = [run.wall for run in runs]
        figures = "".join(f"{wall:7.2f} s" for wall in (statistics.median(walls), min(walls), max(walls)))
        memory = max(run.memory for run in runs) / 1024
        print(f"{case.name:<30}{figures}{memory:6.0f} MiB  {case.target}")


if __name__ == "__main__":
    main()
