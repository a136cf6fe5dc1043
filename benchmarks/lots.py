"""Do plans hold for anything that one might ask for? Random packages, planned, applied, and put to Portage.

    python benchmarks/lots.py --clone CLONE --checkout COMMIT --source COMMIT [--count 50] [--seed 1]

Packages are drawn from the portage-stable of the newer commit, which stands for Gentoo. What the older
checkout has is updated, anything else is added to the packages that are built beside the image. With
--changed only packages are drawn of which both commits have copies that differ: updates by lot. Each plan is
applied to a scratch copy, and Portage is asked for all that the image, the boards and the SDK pull in. A
complaint that the checkout did not have before, where the plan left no work to a person, is a fault of the
plan and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import replay

from overlaytool import workflow
from overlaytool.errors import OverlaytoolError
from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.model.resolution import Request
from overlaytool.model.target import Into
from overlaytool.workflow import proof

MORE_PARTS = (".github/workflows", "build_library", "changelog", "setup_board")
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one package."""

    package: str
    kind: str
    """``holds``, ``nothing`` to do, ``refused``, or ``fault``.

    With complaints: ``work`` where the plan left some to a person, ``warned`` where it had said that an
    ebuild which comes along cannot be sourced.
    """
    said: tuple[str, ...]
    seconds: float


def drawn(tree: Path, count: int, seed: int, beside: Path | None = None) -> list[str]:
    """Packages of a tree, the same ones for the same seed.

    :param beside: another tree: only packages of which that has another copy.
    """
    packages = sorted({"/".join(path.parts[-3:-1]) for path in tree.glob("*/*/*.ebuild")})
    if beside is not None:
        packages = [name for name in packages if _contents(beside / name) not in ({}, _contents(tree / name))]
    return sorted(random.Random(seed).sample(packages, min(count, len(packages))))


def _contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def outcome(package: str, checkout: Path, gentoo: Path) -> Outcome:
    """Plan for one package, apply, and ask Portage; the checkout is as before at the end."""
    update = (checkout / PORTAGE_STABLE / package).is_dir()
    into = Into.BOARD
    request = Request(atoms=(package,), into=into, update=update)
    start = time.perf_counter()
    try:
        with workflow.open_workspace(checkout=checkout, gentoo=gentoo) as space:
            planned = workflow.prepare(space, request)
            if not workflow.add(space, planned, date(2026, 1, 1)):
                return Outcome(package=package, kind="nothing", said=(), seconds=time.perf_counter() - start)
        seconds = time.perf_counter() - start
        with workflow.open_workspace(checkout=checkout, with_sources=False) as space:
            verdict = proof.verify(space, proof.Subject(into=into, plan=planned.plan))
    except OverlaytoolError as error:
        said = (error.message, *error.details[:3])
        return Outcome(package=package, kind=REFUSED, said=said, seconds=time.perf_counter() - start)
    finally:
        for command in (["checkout", "-q", "--", "."], ["clean", "-fdqx"]):
            subprocess.run(["git", "-C", str(checkout), *command], check=True)
    announced = [notice.message for notice in planned.plan.warnings if notice.reference == "unsourceable"]
    new, warned = [], []
    for complaint in verdict.complaints:
        if not complaint.before:
            said_before = any(
                text.startswith(f"{complaint.cpvs[0]} ") for text in announced if complaint.cpvs
            )
            place = f"{complaint.view} {complaint.board or 'host'}"
            (warned if said_before else new).append(f"{place}: {complaint.message}")
    work = [f"{notice.reference}: {notice.message}" for notice in planned.plan.manual_work]
    kind = ("work" if work else "fault") if new else "warned" if warned else "holds"
    return Outcome(package=package, kind=kind, said=(*new, *warned, *work), seconds=seconds)


def scratch(tree: Path, place: Path) -> Path:
    """A copy of a checkout that git can set back."""
    shutil.copytree(tree, place, symlinks=True)
    identity = ("-c", "user.name=Lots", "-c", "user.email=lots@example.org")
    for command in (["init", "-q"], ["add", "-A", "-f"], [*identity, "commit", "-qm", "Before"]):
        subprocess.run(["git", "-C", str(place), *command], check=True)
    return place


def report(outcomes: Iterator[Outcome]) -> int:
    """Print each outcome and the sums; how many are faults."""
    count: Counter[str] = Counter()
    for one in outcomes:
        count[one.kind] += 1
        print(f"{one.kind:8} {one.package}  {one.seconds:.1f} s", flush=True)
        for line in one.said:
            print(f"           {line}", flush=True)
    print(", ".join(f"{number} {kind}" for kind, number in sorted(count.items())))
    return count["fault"]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clone", type=Path, required=True, metavar="PATH")
    parser.add_argument("--checkout", required=True, metavar="COMMIT")
    parser.add_argument("--source", required=True, metavar="COMMIT")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changed", action="store_true", help="draw updates only")
    parser.add_argument("--package", action="append", metavar="CAT/PN", help="instead of drawing; repeatable")
    parser.add_argument("--trees", type=Path, metavar="DIRECTORY", help="keep the trees there")
    options = parser.parse_args()
    replay.CHECKOUT_PARTS = tuple(dict.fromkeys((*replay.CHECKOUT_PARTS, *MORE_PARTS)))
    with tempfile.TemporaryDirectory() as temporary:
        trees = replay.Trees(options.clone, options.trees or Path(temporary))
        gentoo = trees.source(options.source, str(PORTAGE_STABLE))
        checkout = scratch(trees.checkout(options.checkout), Path(temporary) / "checkout")
        beside = checkout / PORTAGE_STABLE if options.changed else None
        packages = options.package or drawn(gentoo, options.count, options.seed, beside)
        faults = report(outcome(package, checkout, gentoo) for package in packages)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
