"""What overlaytool uses beside a build: Portage, Graphviz, the GitHub client, an identity, a fresh tree."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from overlaytool.model.build import Check, Readiness
from overlaytool.support import process

DAY = 24 * 3600
OLD = 30
"""Days after which a Gentoo tree may lack what Flatcar imports this month."""
ANSWER = 30.0
"""Seconds that a program may take to say who it is."""


def examine(place: Path, gentoo: Path, *, now: float | None = None) -> Iterator[Check]:
    """A check each; what is missing here stops no build, so it is a warning.

    :param place: the checkout, whose git configuration counts, or any directory.
    :param gentoo: where the Gentoo tree is, or would be.
    :param now: seconds since 1970; None for the clock's.
    """
    yield _check(
        "Portage",
        "here" if find_spec("portage") else None,
        "overlaytool verify",
        'install overlaytool with its extra: uv tool install "overlaytool[verify]"',
    )
    yield _check(
        "Graphviz", shutil.which("dot"), "overlaytool graph -o FILE.svg or FILE.png", "install graphviz"
    )
    yield _client()
    yield _identity(place)
    yield _tree(gentoo, time.time() if now is None else now)


def _check(name: str, found: str | None, needed_by: str, hint: str) -> Check:
    return Check(
        name=name,
        readiness=Readiness.OK if found else Readiness.WARNING,
        found=found or "none",
        needed=needed_by,
        hint=None if found else hint,
    )


def _client() -> Check:
    program = shutil.which("gh")
    if program is None:
        return _check("GitHub client", None, "overlaytool pr --open", "install gh, then gh auth login")
    logged_in = process.run((program, "auth", "status"), timeout=ANSWER).ok
    return Check(
        name="GitHub client",
        readiness=Readiness.OK if logged_in else Readiness.WARNING,
        found=program if logged_in else f"{program}, not logged in",
        needed="overlaytool pr --open",
        hint=None if logged_in else "gh auth login",
    )


def _identity(place: Path) -> Check:
    """The name that commits are signed off with."""
    command = ("git", "-C", str(place), "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    done = process.run(command, timeout=ANSWER) if shutil.which("git") else None
    who = done.output[0].rpartition(">")[0] + ">" if done and done.ok and done.output else None
    return _check(
        "git identity",
        who,
        "overlaytool add --commit: every commit is signed off",
        'git config --global user.name "Your Name" and user.email you@example.org',
    )


def _tree(gentoo: Path, now: float) -> Check:
    needed = f"plan, add and update: not older than {OLD} days"
    if not (gentoo / "profiles").is_dir():
        return _check("Gentoo tree", None, needed, "overlaytool sync clones it")
    days = _age(gentoo, now)
    fresh = days is not None and days <= OLD
    age = "of unknown age" if days is None else f"{days} day{'' if days == 1 else 's'} old"
    return Check(
        name="Gentoo tree",
        readiness=Readiness.OK if fresh else Readiness.WARNING,
        found=f"{gentoo}, {age}",
        needed=needed,
        hint=None if fresh else "overlaytool sync, or git pull where the tree is your own",
    )


def _age(tree: Path, now: float) -> int | None:
    """Days since the last commit, or since rsync's time stamp; None where neither is there."""
    if (tree / ".git").exists():
        done = process.run(("git", "-C", str(tree), "log", "-1", "--format=%ct"), timeout=ANSWER)
        if done.ok and done.output and done.output[0].isdigit():
            return int((now - int(done.output[0])) // DAY)
    stamp = tree / "metadata/timestamp.chk"
    return int((now - stamp.stat().st_mtime) // DAY) if stamp.is_file() else None
