"""What all lines say together: how many are free, how many cost little, what keeps the others out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from msgspec import Struct

from overlaytool.model.resolution import NOWHERE
from overlaytool.survey.line import Line, Outcome, Refusal

CPV = re.compile(r"(\S+?)-\d[\w.]*(?:-r\d+)?(?:\s|$)")
FEW = 3
"""Imports that still count as few."""


class Reason(Struct, frozen=True, kw_only=True):
    """One thing that stands in the way of many packages."""

    kind: str
    about: str | None
    """The package at which their searches end; None: each has one of its own."""
    packages: tuple[str, ...]
    """Whose search ends there. What else they lack is not known."""
    hint: str | None
    """What one of their errors says about lifting it, where one change would."""

    @property
    def words(self) -> str:
        """What they lack: ``dev-lang/perl, which is masked``."""
        subject = self.about or "something of their own"
        return f"{subject}, {WORDS.get(self.kind, self.kind)}"


WORDS = {
    "masked": "which is masked",
    "keyword": "which has no keyword for it",
    "metadata": "which cannot be sourced with the checkout's eclasses",
    "unsatisfiable": "of which no version would do",
    "conflict": "of which two versions, or it and something else, exclude each other",
    "downgrade": "for which something of the checkout would become older",
    "unsafesource": "whose files must not be copied",
    "failed": "at which overlaytool failed",
    "absent": "which no tree has",
}
LIFTED = frozenset({"masked", "keyword"})
"""What one change lifts: an option, or a line of a profile. The error's hint says which."""


class Masked(Struct, frozen=True, kw_only=True):
    """A package that is masked in the production image."""

    package: str
    needed_by: tuple[str, ...]
    """The packages that can be had and would bring it into the image."""


class Summary(Struct, frozen=True, kw_only=True):
    """Counts over all lines."""

    packages: int
    free: int
    few: int
    """Of those that are not free: up to :data:`FEW` imports, on every board, no work by hand."""
    more: int
    """More imports than that."""
    partly: int
    manual: int
    refused: int
    failed: int
    reasons: tuple[Reason, ...]
    """Of the refused and failed, the commonest first."""
    masked: tuple[Masked, ...]
    """What the image does not let in, that which most packages bring first."""


def summary(lines: Iterable[Line]) -> Summary:
    """The counts; the same lines in another order give the same."""
    outcomes: Counter[Outcome] = Counter()
    few = total = 0
    masked: defaultdict[str, list[str]] = defaultdict(list)
    refusals: defaultdict[tuple[str, str | None], list[tuple[str, Refusal]]] = defaultdict(list)
    for line in lines:
        total += 1
        outcomes[line.outcome] += 1
        few += line.outcome is Outcome.POSSIBLE and line.imports <= FEW
        for name in {_package(message) for message in line.masked}:
            masked[name].append(line.package)
        if line.refusal is not None:
            own = line.refusal.about in (None, line.package)
            refusals[_kind(line.refusal), None if own else line.refusal.about].append(
                (line.package, line.refusal)
            )
    return Summary(
        packages=total,
        free=outcomes[Outcome.FREE],
        few=few,
        more=outcomes[Outcome.POSSIBLE] - few,
        partly=outcomes[Outcome.PARTLY],
        manual=outcomes[Outcome.MANUAL],
        refused=outcomes[Outcome.REFUSED],
        failed=outcomes[Outcome.FAILED],
        reasons=tuple(
            Reason(
                kind=kind,
                about=about,
                packages=tuple(sorted(package for package, _refusal in found)),
                hint=min(found, key=lambda entry: entry[0])[1].hint if about and kind in LIFTED else None,
            )
            for (kind, about), found in sorted(
                refusals.items(), key=lambda item: (-len(item[1]), item[0][0], item[0][1] or "")
            )
        ),
        masked=tuple(
            Masked(package=package, needed_by=tuple(sorted(found)))
            for package, found in sorted(masked.items(), key=lambda item: (-len(item[1]), item[0]))
        ),
    )


def _kind(refusal: Refusal) -> str:
    """Why a search ended: the kind of its error, and whether nobody has what it wanted."""
    return "absent" if NOWHERE in refusal.chain else refusal.kind


def _package(message: str) -> str:
    """The package of the CPV with which a message about the image's masks begins."""
    found = CPV.match(message)
    return found[1] if found else message.partition(" ")[0]
