"""Kill overlaytool at random points, feed it spoilt inputs, and count what is lost, crashes, hangs or stays.

    python benchmarks/torture.py [--kills 1000] [--inputs 5000] [--seed 1]

``add``, ``add --commit``, ``pr`` and ``sync`` are killed (SIGKILL) on copies of the fixtures, in which
somebody has work under way: edited, staged, untracked and ignored files, and a stash. After each kill the
same command is run to its end. Then every file, the index, the stash and the branches have to be what they
were, plus what it makes. The exit status is 1 where a count is not zero. See :mod:`spoilt` for the inputs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
LIMIT = 60
SETTLED = 20
"""Seconds, on a busy machine, in which what a killed run had started has to end."""
OPERATIONS = {
    "add": ("add", "sys-process/htop", "--yes"),
    "commit": ("add", "sys-process/htop", "--commit", "--yes"),
    "pr": ("pr", "--branch", "add-htop", "-o", "written"),
    "sync": ("sync",),
}
OWN, DONE = ("lock", "written.json", "series", "add-htop.json"), "done"
"""What stays in .git/overlaytool: two files, records of series, and a directory of what can be taken back."""
KEPT = ("work.txt", "staged.txt", "README.md", "ignored.o")
"""What somebody works on; README.md is a tracked file."""


def git(place: Path, *arguments: str) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=place, check=True, capture_output=True, text=True)
    return done.stdout


class Stand:
    """One copy of everything, to be killed in."""

    def __init__(self, place: Path, template: Path) -> None:
        shutil.copytree(template, place, symlinks=True)
        self.place, self.checkout, self.gentoo = place, place / "scripts", place / "gentoo"
        (place / "tmp").mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_"))},
            "HOME": str(place),
            "TMPDIR": str(place / "tmp"),
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": str(place / "cache"),
            "XDG_STATE_HOME": str(place / "state"),
        }

    def command(self, operation: str) -> list[str]:
        words = OPERATIONS[operation]
        trees = [] if operation in ("sync", "pr") else ["--gentoo", str(self.gentoo)]
        return [sys.executable, "-m", "overlaytool", "-C", str(self.checkout), *words, *trees]

    def start(self, operation: str) -> subprocess.Popen[bytes]:
        with (self.place / "said").open("wb") as said:
            return subprocess.Popen(
                self.command(operation),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.place,
                start_new_session=True,
            )

    def finish(self, operation: str) -> int | None:
        """The status of a run to the end; None where it hangs."""
        process = self.start(operation)
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def said(self) -> str:
        return (self.place / "said").read_text(errors="replace")

    def facts(self) -> dict[str, str]:
        """All that must not be lost, by name: somebody's files, the index, the stash, the branches."""
        found = {
            name: hashlib.sha256((self.checkout / name).read_bytes()).hexdigest()
            for name in KEPT
            if (self.checkout / name).exists()
        }
        found["index"] = git(self.checkout, "diff", "--cached")
        found["stash"] = git(self.checkout, "stash", "list", "--format=%H")
        found["main"] = git(self.checkout, "rev-parse", "main")
        found["head"] = git(self.checkout, "symbolic-ref", "HEAD")
        return found

    def files(self) -> dict[str, str]:
        """Every file of the trees, by content."""
        places = (
            path
            for path in (self.checkout / "sdk_container").rglob("*")
            if path.is_file() or path.is_symlink()
        )
        return {
            str(path.relative_to(self.checkout)): str(path.readlink())
            if path.is_symlink()
            else hashlib.sha256(path.read_bytes()).hexdigest()
            for path in places
        }

    def left(self) -> list[str]:
        """What overlaytool has left lying about."""
        own = self.checkout / ".git/overlaytool"
        odd = [
            path.name
            for path in own.rglob("*")
            if path.name not in OWN and path.relative_to(own).parts[0] != DONE
        ]
        beside = [path.name for path in self.place.glob(".*.new-*")]
        trees = self.place / "cache/overlaytool/trees"
        beside += [path.name for path in trees.glob(".*.new-*")] if trees.is_dir() else []
        return [*odd, *beside, *(path.name for path in (self.place / "tmp").iterdir())]


def processes_of(session: int, place: Path) -> dict[int, str]:
    """Those that still run in a session, or were started from a place and are in a session of their own."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                there = (entry / "cwd").readlink().is_relative_to(place)
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if (int(fields[3]) == session or there) and fields[0] != "Z":
                found[int(entry.name)] = command[:200]
    return found


def make_template(place: Path) -> None:
    """The fixtures as git repositories, with work under way, a series and a synced clone to refresh."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    place.mkdir(parents=True)
    for name, source in (("scripts", "flatcar-mini"), ("gentoo", "gentoo-mini")):
        shutil.copytree(FIXTURES / source, place / name, symlinks=True)
        tree = place / name
        (tree / "README.md").touch()
        git(tree, "init", "--quiet", "--initial-branch=main")
        git(tree, "add", "--all")
        git(tree, *identity, "commit", "--quiet", "-m", "start")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
            git(tree, "config", key, value)
    checkout = place / "scripts"
    (checkout / "README.md").write_text("put away\n")
    git(checkout, "stash")
    (checkout / ".git/info/exclude").write_text("*.o\n")
    for name in KEPT:
        (checkout / name).write_text(f"{name} as somebody has it\n")
    git(checkout, "add", "staged.txt")


def kill_once(
    stand: Stand, operation: str, delay: float, expected: dict[str, str], counts: Counter[str]
) -> None:
    """Kill one run after a while, run it again to the end, and compare."""
    before = stand.facts()
    process = stand.start(operation)
    time.sleep(delay)
    process.kill()
    process.wait()
    counts["kills"] += 1
    ending = time.monotonic() + SETTLED
    while processes_of(process.pid, stand.place) and time.monotonic() < ending:
        time.sleep(0.1)
    for number, command in processes_of(process.pid, stand.place).items():
        counts["processes left"] += 1
        print(operation, f"{delay:.2f}s: still runs: {command}", flush=True)
        os.kill(number, signal.SIGKILL)
    for path in (stand.place / "tmp").iterdir():
        os.utime(path, (0, 0))  # what is young could belong to somebody who is about to lock it
    after = stand.facts()
    status = stand.finish(operation)
    counts["hangs"] += status is None
    counts["tracebacks"] += status == 70 or "Traceback" in stand.said()
    counts["not finished by the next run"] += status != 0
    if status != 0:
        print(operation, f"{delay:.2f}s: status {status}", stand.said()[-300:], flush=True)
    if operation == "add":
        counts["lost"] += stand.files() != expected
    for facts in (after, stand.facts()):
        for name, value in before.items():
            if facts.get(name) != value:
                counts["lost"] += 1
                print(operation, f"{delay:.2f}s: {name} was {value!r}, is {facts.get(name)!r}", flush=True)
    if left := stand.left():
        counts["files left"] += len(left)
        print(operation, f"{delay:.2f}s left", left, flush=True)


def kill(number: int, chance: random.Random, place: Path, until: float) -> Counter[str]:
    """Kill that many runs, or fewer where time is up (by the clock of ``time.monotonic``)."""
    counts: Counter[str] = Counter()
    template = place / "template"
    make_template(template)
    times: dict[str, float] = {}
    expected: dict[str, str] = {}
    ready = dict.fromkeys(OPERATIONS, template)
    for operation in OPERATIONS:
        stand = Stand(place / f"ready-{operation}", ready[operation])
        if operation == "sync":
            config = stand.place / ".config/overlaytool"
            config.mkdir(parents=True)
            (config / "overlaytool.toml").write_text(f'[gentoo]\nurl = "file://{template / "gentoo"}"\n')
        if operation == "pr":
            stand.finish("commit")
        ready[operation] = place / f"before-{operation}"
        shutil.copytree(
            stand.place, ready[operation], symlinks=True, ignore=shutil.ignore_patterns("said", "tmp")
        )
        begun = time.monotonic()
        if stand.finish(operation) != 0:
            raise SystemExit(f"{operation} does not work at all: {stand.said()}")
        times[operation] = time.monotonic() - begun
        if operation == "add":
            expected = stand.files()
        if operation == "sync":  # what is killed is a refresh, or the clone, by turns
            shutil.copytree(stand.place / "cache", place / "synced", symlinks=True)
    for count in range(number):
        if time.monotonic() > until:
            break
        operation = list(OPERATIONS)[count % len(OPERATIONS)]
        stand = Stand(place / "stand", ready[operation])
        if operation == "sync" and count % 2:
            shutil.copytree(place / "synced", stand.place / "cache", symlinks=True, dirs_exist_ok=True)
            (template / "gentoo/README.md").write_text(f"{count}\n")
            git(template / "gentoo", "commit", "--quiet", "--all", "-m", str(count))
        kill_once(stand, operation, chance.uniform(0, times[operation]), expected, counts)
        shutil.rmtree(stand.place)
    return counts


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--inputs", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=120, help="for each of the two; then it ends")
    chosen = options.parse_args()
    from spoilt import feed

    def until() -> float:
        return time.monotonic() + 60 * chosen.minutes

    counts: Counter[str] = Counter(lost=0, tracebacks=0, hangs=0)
    with tempfile.TemporaryDirectory(prefix="torture-") as place:
        if chosen.kills:
            counts.update(kill(chosen.kills, random.Random(chosen.seed), Path(place) / "kills", until()))
        if chosen.inputs:
            counts.update(feed(chosen.inputs, random.Random(chosen.seed), Path(place) / "inputs", until()))
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    bad = ("lost", "tracebacks", "hangs", "processes left", "files left", "not finished by the next run")
    return int(any(counts[name] for name in bad))


if __name__ == "__main__":
    sys.exit(main())
