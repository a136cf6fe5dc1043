"""What emerge says while it works: which package it is at, out of how many."""

from __future__ import annotations

import re

from msgspec import Struct

STEP = re.compile(
    r"^>>> (?P<verb>Emerging binary|Emerging|Installing|Completed) "
    r"\((?P<number>\d+) of (?P<total>\d+)\) (?P<package>\S+?)(?:::\S+)?(?: |$)"
)
JOBS = re.compile(r"^>>> Jobs: (?P<number>\d+) of (?P<total>\d+) complete")


class Step(Struct, frozen=True, kw_only=True):
    """A package that emerge has come to."""

    number: int
    total: int
    package: str
    """Its CPV; empty where emerge works on several at once."""
    verb: str
    """``building``, ``unpacking`` a binary package, ``merging``, ``merged``; ``complete`` for several."""


VERBS = {
    "Emerging": "building",
    "Emerging binary": "unpacking",
    "Installing": "merging",
    "Completed": "merged",
}


def step(line: str) -> Step | None:
    """What a line of emerge's output says of its progress; None for a line about something else."""
    if found := STEP.match(line):
        return Step(
            number=int(found["number"]),
            total=int(found["total"]),
            package=found["package"],
            verb=VERBS[found["verb"]],
        )
    if found := JOBS.match(line):
        return Step(number=int(found["number"]), total=int(found["total"]), package="", verb="complete")
    return None
