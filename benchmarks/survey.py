"""How fast packages are surveyed, by the number of workers; and what many more of them would give, on paper.

    python benchmarks/survey.py --checkout ~/scripts --gentoo ~/gentoo [--workers 1 2 4] [--sample 1000]

Each run has its own cache: cold it sources, kept it finds the metadata there, again it finds the answers.
What a survey does alone (reading the trees, keeping answers) and what a task costs its scheduler are
measured by themselves; the simulation hands tasks of the size that a survey has to any number of workers.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from heapq import heapify, heappop, heappush
from pathlib import Path

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool.flatcar import checkout as checkouts
from overlaytool.survey.content import Content
from overlaytool.workflow.survey import BATCH

MANY = (1, 2, 4, 32, 1000)


def main() -> None:
    """Measure, then simulate."""
    options = _options()
    began = time.perf_counter()
    found = checkouts.find(options.checkout)
    packages = Content(found.repositories, {"gentoo": options.gentoo}).packages()
    serial = 2 * (time.perf_counter() - began)
    sample = sorted(random.Random(options.seed).sample(packages, min(options.sample, len(packages))))
    print(f"{len(packages):,} packages, of which {len(sample):,} are taken by lot")
    rates = {}
    with tempfile.TemporaryDirectory(prefix="overlaytool-bench-") as place:
        for workers in options.workers:
            for kind in ("cold", "metadata kept", "again"):
                seconds, memory = _run(options, sample, workers, Path(place, str(workers)), kind)
                print(
                    f"{workers:>3} workers, {kind:<14}{seconds:8.1f} s {len(sample) / seconds:8.1f} a second,"
                    f" {memory >> 10:4} MiB the largest process",
                    flush=True,
                )
                rates[workers, kind] = seconds
    base = options.workers[0]
    each = base * (rates[base, "metadata kept"] - rates[base, "again"]) / len(sample)
    task = _task_cost()
    print(f"\na package takes {each * 1000:.1f} ms, a task {task * 1000:.2f} ms of its scheduler,")
    print(f"and what is done once, reading the trees at begin and end, {serial:.1f} s. So on paper:")
    for workers in MANY:
        seconds = serial + simulated(len(packages), workers, each, task)
        print(f"{workers:>5} workers {seconds:8.1f} s {len(packages) / seconds:8.0f} packages/s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--gentoo", type=Path, required=True)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--sample", type=int, default=1000, help="packages, by lot")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _run(
    options: argparse.Namespace, sample: list[str], workers: int, cache: Path, kind: str
) -> tuple[float, int]:
    """Seconds of a survey, and KiB of its largest process."""
    command = [sys.executable, "-m", "overlaytool", "-q", "-C", str(options.checkout), "survey"]
    command += ["--gentoo", str(options.gentoo), "--workers", str(workers)]
    command += ["--fresh"] if kind == "metadata kept" else []
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    began = time.perf_counter()
    done = subprocess.run([*command, *sample], env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def _task_cost() -> float:
    """Seconds that a scheduler spends on a task that does nothing."""
    from distributed import Client

    with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as client:
        client.gather(client.map(abs, range(50)))
        began = time.perf_counter()
        client.gather(client.map(abs, range(-1000, 0)))
        return (time.perf_counter() - began) / 1000


def simulated(packages: int, workers: int, each: float, task: float) -> float:
    """Seconds for the packages where a scheduler gives out one task after the other.

    :param each: seconds for a package.
    :param task: seconds of the scheduler for a task.
    """
    free = [0.0] * workers
    heapify(free)
    given = 0.0
    for start in range(0, packages, BATCH):
        given = max(given + task, heappop(free))
        heappush(free, given + each * min(BATCH, packages - start))
    return max(free)


if __name__ == "__main__":
    main()
