"""Two surveys, package by package: what became possible, what is refused now, what costs more or less."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from overlaytool.errors import BaselineError
from overlaytool.survey.line import Line, decode

MEASURES = (
    "boards",
    "versions",
    "adds",
    "updates",
    "eclasses_added",
    "eclasses_updated",
    "license_texts",
    "keywords",
    "use",
    "download",
    "image",
    "masked",
    "manual_work",
)


class Difference(Struct, frozen=True, kw_only=True):
    """A package whose line differs."""

    package: str
    before: Line | None
    """None: it is new."""
    after: Line | None
    """None: it is gone."""
    measures: tuple[str, ...]
    """The names of the fields that differ, where both have a plan; ``refusal`` where both are refused."""


class Comparison(Struct, frozen=True, kw_only=True):
    """What changed between two surveys; each by package."""

    possible: tuple[Difference, ...]
    """They were refused, and can be had now."""
    refused: tuple[Difference, ...]
    """They could be had, and are refused now."""
    costs: tuple[Difference, ...]
    """They cost something else."""
    reasons: tuple[Difference, ...]
    """They are refused for another reason."""
    new: tuple[Difference, ...]
    gone: tuple[Difference, ...]
    same: int

    @property
    def differs(self) -> bool:
        """Whether anything changed."""
        return any((self.possible, self.refused, self.costs, self.reasons, self.new, self.gone))


def read(path: Path) -> dict[str, Line]:
    """An earlier survey by package.

    :raises BaselineError: where the file is none.
    """
    try:
        written = path.read_bytes().splitlines()
    except OSError as error:
        raise BaselineError(f"{path} cannot be read: {error.strerror}") from error
    lines: dict[str, Line] = {}
    for number, text in enumerate(written, 1):
        if not text.strip():
            continue
        try:
            line = decode(text)
        except msgspec.MsgspecError as error:
            raise BaselineError(
                f"{path} is no survey",
                details=(f"line {number}: {error}",),
                hint="write one with: overlaytool survey --output FILE.ndjson",
            ) from error
        lines[line.package] = line
    return lines


def compare(before: dict[str, Line], after: Iterable[Line]) -> Comparison:
    """What changed."""
    groups: dict[str, list[Difference]] = {
        name: [] for name in ("possible", "refused", "costs", "reasons", "new", "gone")
    }
    same, seen = 0, set()
    for line in after:
        seen.add(line.package)
        old = before.get(line.package)
        if old == line:
            same += 1
            continue
        group = "new" if old is None else _group(old, line)
        groups[group].append(
            Difference(package=line.package, before=old, after=line, measures=_measures(old, line))
        )
    for package in sorted(before.keys() - seen):
        groups["gone"].append(Difference(package=package, before=before[package], after=None, measures=()))
    return Comparison(
        **{
            name: tuple(sorted(found, key=lambda difference: difference.package))
            for name, found in groups.items()
        },
        same=same,
    )


def _group(before: Line, after: Line) -> str:
    if before.can_be_had != after.can_be_had:
        return "possible" if after.can_be_had else "refused"
    return "costs" if after.can_be_had else "reasons"


def _measures(before: Line | None, after: Line) -> tuple[str, ...]:
    if before is None or before.can_be_had != after.can_be_had:
        return ()
    if not after.can_be_had:
        return ("refusal",)
    return tuple(name for name in MEASURES if getattr(before, name) != getattr(after, name)) or ("other",)
