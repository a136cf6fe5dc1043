"""Replay weekly updates of flatcar/scripts: what does `update --all --onto` propose on the bot's last commit?

    benchmarks/weekly.py --clone DIR [MERGE...]

A week is the merge of its pull request; any may be named. For each: the lines of package.accept_keywords and
the packages that people added, beside those proposed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

STABLE = "sdk_container/src/third_party/portage-stable"
KEYWORDS = "sdk_container/src/third_party/coreos-overlay/profiles/coreos/base/package.accept_keywords"
BOT = "buildbot"
IDENTITY = ("-c", "user.name=Replay", "-c", "user.email=replay@example.org")
WEEKS = {
    "856d9b638d": ("c177e1b1c2", "09b1371a59", "78e6abc6cd"),
    "a899f2f97d": ("94e09c27b3", "3797ce5a7f", "798635ab8e"),
    "3f74e83ad3": ("4202d87358", "42762597ed", "424e9c3f25"),
    "541bab17b9": ("04ac5cd5eb", "0c875da6fc", "c04d694d3a"),
}
"""By merge: the base of the bot's branch, its last commit, the head that was merged."""


def git(clone: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(clone), *arguments], check=True, capture_output=True, text=True
    ).stdout


def entries(clone: Path, old: str, new: str) -> set[str]:
    """Keyword entries that come (+) and go (-) between two commits."""
    diff = git(clone, "diff", "-U0", old, new, "--", KEYWORDS).splitlines()
    return {
        line
        for line in diff
        if line[:1] in ("+", "-")
        and line[1:2] in ("=", "<", ">", "~")
        and not line.startswith(("+++", "---"))
    }


def new_packages(clone: Path, old: str, new: str) -> set[str]:
    """Packages of portage-stable that only the second commit has."""

    def packages(commit: str) -> set[str]:
        paths = git(clone, "ls-tree", "-r", "--name-only", commit, f"{STABLE}/").splitlines()
        parts = (path[len(STABLE) + 1 :].split("/") for path in paths if path.endswith(".ebuild"))
        return {"/".join(part[:2]) for part in parts}

    return packages(new) - packages(old)


def commits(clone: Path, week: str) -> tuple[str, str, str]:
    """The base of the bot's branch, its last commit, and the head that was merged.

    Commits on a merged branch that are not people's have the bot as their author.
    """
    if week in WEEKS:
        return WEEKS[week]
    head = git(clone, "rev-parse", f"{week}^2").strip()
    base = git(clone, "merge-base", f"{week}^1", head).strip()
    bot = git(clone, "log", "-1", "--format=%H", "-i", f"--author={BOT}", f"{base}..{head}").strip()
    if not bot:
        sys.exit(f"{week}: no commit of {BOT} between {base[:10]} and {head[:10]}: it is no weekly update")
    return base, bot, head


def replay(clone: Path, week: str, place: Path) -> None:
    base, bot, head = commits(clone, week)
    checkout, gentoo = place / "scripts", place / "gentoo"
    git(clone, "worktree", "add", "--quiet", "--detach", str(checkout), base)
    gentoo.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(clone), "archive", head, STABLE], check=True, capture_output=True
    ).stdout
    subprocess.run(
        ["tar", "-x", f"--strip-components={STABLE.count('/') + 1}"], cwd=gentoo, input=archive, check=True
    )
    (gentoo / "profiles/repo_name").write_text("gentoo\n")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "Gentoo")):
        git(gentoo, *IDENTITY, *command)
    branch = f"replay-{week}"
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "overlaytool",
                "-q",
                "-C",
                str(checkout),
                "update",
                "--all",
                "--onto",
                bot,
            ),
            *("--gentoo", str(gentoo), "--yes", "--commit", "--branch", branch, "--format", "json"),
        ],
        stdout=(place / "update.json").open("w"),
        check=False,
    )
    document = json.loads((place / "update.json").read_text())
    people, ours = entries(clone, bot, head), entries(clone, bot, branch)
    added, imported = new_packages(clone, bot, head), set(document["imported"])
    print(
        f"{week}: keyword lines {len(people & ours)} of {len(people)} the same, {len(ours - people)} others"
    )
    for line in sorted(people - ours):
        print(f"  people only  {line}")
    for line in sorted(ours - people):
        print(f"  ours only    {line}")
    print(f"  packages {len(added & imported)} of {len(added)} the same")
    for name in sorted(added ^ imported):
        print(f"  {'people' if name in added else 'ours'} only  {name}")
    git(clone, "worktree", "remove", "--force", str(checkout))
    git(clone, "branch", "--quiet", "-D", branch)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--clone", type=Path, required=True, help="a clone of flatcar/scripts with all its history"
    )
    parser.add_argument("weeks", nargs="*", default=list(WEEKS), help=f"merges; default: {', '.join(WEEKS)}")
    arguments = parser.parse_args()
    for week in arguments.weeks:
        with tempfile.TemporaryDirectory(prefix="weekly-") as place:
            replay(arguments.clone, week, Path(place))


if __name__ == "__main__":
    main()
