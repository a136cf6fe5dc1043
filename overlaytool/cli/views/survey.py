"""A survey in words, and its lines as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from overlaytool.cli import console
from overlaytool.survey.compare import Difference
from overlaytool.survey.line import Line, encode

if TYPE_CHECKING:
    from overlaytool.survey.compare import Comparison
    from overlaytool.survey.summary import Masked, Reason, Summary
    from overlaytool.workflow.survey import Surveyed

MOST_REASONS = 12
MOST_DIFFERENCES = 12
MOST_MASKED = 5

type Tell = Callable[..., None]


def write(line: Line) -> None:
    """A line of NDJSON on standard output."""
    console.write(encode(line).decode())


@contextmanager
def written(path: Path) -> Iterator[Callable[[Line], None]]:
    """Write lines into a file as they come. One that breaks off has whole lines only.

    :raises WriteError: where it cannot be written.
    """
    from overlaytool.errors import WriteError

    try:
        with path.open("wb", buffering=0) as file:

            def put(line: Line) -> None:
                file.write(encode(line))

            yield put
    except OSError as error:
        raise WriteError(
            f"{path} cannot be written: {error.strerror}",
            hint="what was worked out is kept: run it again with another --output",
        ) from error


def show(surveyed: Surveyed, tell: Tell) -> None:
    """How many packages cost how much, what keeps the others out, what changed."""
    _show_counts(surveyed, tell)
    reasons = surveyed.summary.reasons
    if reasons:
        shown = reasons if console.verbose() else reasons[:MOST_REASONS]
        tell("\nwhat the refused ones end at (what else they lack is not known):")
        for reason in shown:
            _show_reason(reason, tell)
        if len(reasons) > len(shown):
            count = sum(len(reason.packages) for reason in reasons[len(shown) :])
            tell((f"  {count:,} for {len(reasons) - len(shown):,} other reasons; -v shows them", "dim"))
    if surveyed.summary.masked:
        _show_masked(surveyed.summary.masked, tell)
    if surveyed.comparison is not None:
        _show_comparison(surveyed.comparison, tell)


def _show_counts(surveyed: Surveyed, tell: Tell) -> None:
    summary: Summary = surveyed.summary
    known = f", {surveyed.known:,} of them known from before" if surveyed.known else ""
    tell((f"{summary.packages:,} packages{known}", "bold"))
    for count, words in (
        (summary.free, "are free: the target only has to ask for them"),
        (summary.few, "take up to three imports"),
        (summary.more, "take more than three"),
        (summary.partly, "can be had on some boards only"),
        (summary.manual, "leave work for a person"),
        (summary.refused, "are refused"),
        (summary.failed, "could not be worked out"),
    ):
        if count:
            tell((f"{count:>8,}", "bold"), f" {_of(count, words)}")


ONE = {"are": "is", "were": "was", "take": "takes", "leave": "leaves", "cost": "costs", "need": "needs"}
"""Verbs where it is one package."""


def _of(count: int, words: str) -> str:
    """Words whose verb goes with a count."""
    if count != 1:
        return words
    verb, space, rest = words.partition(" ")
    return f"{ONE.get(verb, verb)}{space}{rest}".replace(" and are ", " and is ")


def _show_reason(reason: Reason, tell: Tell) -> None:
    tell((f"{len(reason.packages):>8,}", "bold"), f" {reason.words}")
    if reason.about and reason.hint:
        tell((f"{'':9}{reason.hint}", "dim"))


def _show_masked(masked: tuple[Masked, ...], tell: Tell) -> None:
    tell("\nwhat they would bring into the image, which masks it (build_image fails):")
    shown = masked if console.verbose() else masked[:MOST_MASKED]
    for entry in shown:
        tell((f"{len(entry.needed_by):>8,}", "bold"), f" {_of(len(entry.needed_by), 'need')} {entry.package}")
    if len(masked) > len(shown):
        tell((f"{'':9}and {len(masked) - len(shown):,} others; -v shows them", "dim"))


def _show_comparison(comparison: Comparison, tell: Tell) -> None:
    tell("")
    for found, words in (
        (comparison.possible, "were refused and can be had now"),
        (comparison.refused, "could be had and are refused now"),
        (comparison.costs, "cost something else"),
        (comparison.reasons, "are refused for another reason"),
        (comparison.new, "are new"),
        (comparison.gone, "are gone"),
    ):
        if found:
            tell((f"{len(found):>8,}", "bold"), f" {_of(len(found), words)}")
            shown = found if console.verbose() else found[:MOST_DIFFERENCES]
            for difference in shown:
                tell(f"{'':9}{_in_words(difference)}")
            if len(found) > len(shown):
                tell((f"{'':9}and {len(found) - len(shown):,} more; -v shows them", "dim"))
    tell((f"{comparison.same:>8,}", "bold"), " are as they were")


def _in_words(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if after is not None and after.refusal is not None and before is not None:
        return f"{difference.package}: {after.refusal.message}"
    if before is None or after is None or not difference.measures:
        return difference.package
    changes = (
        f"{name.replace('_', ' ')} {_value(getattr(before, name))} → {_value(getattr(after, name))}"
        for name in difference.measures
        if name != "other"
    )
    return f"{difference.package}: {'; '.join(changes)}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) if 0 < len(value) <= 2 else str(len(value))
    return f"{value:,}" if isinstance(value, int) else str(value)
