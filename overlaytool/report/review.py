"""A review as a page, as Markdown for a pull request's comment, and as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from overlaytool.errors import OutputError
from overlaytool.model.resolution import Notice
from overlaytool.model.review import (
    AdvisoryChange,
    EclassReview,
    PackageReview,
    Review,
    Skew,
    TargetChange,
    VersionChange,
)
from overlaytool.plan.target_changes import grouped
from overlaytool.report.single_file import single_file
from overlaytool.support.markdown import code, escaped, plural

SCHEMA = 1
_MOST_IN_MARKDOWN = 400
"""Packages of a comment: GitHub takes 65,536 characters."""


def to_data(review: Review) -> dict[str, Any]:
    """The document before it becomes text."""
    return {"schema": SCHEMA, **to_builtins(review), "changes": [_change(entry) for entry in review.packages]}


def _shown(review: Review) -> dict[str, Any]:
    """The page's data: the document, and the targets as they are shown."""
    together = [
        {"name": name, "gained": one.gained, "lost": one.lost} for name, one in grouped(review.targets)
    ]
    return {**to_data(review), "title": title(review), "grouped": together}


def to_json(review: Review) -> str:
    """The document as text, the same bytes for the same review."""
    return json.dumps(to_data(review), indent=2, ensure_ascii=False) + "\n"


def page(review: Review) -> str:
    """The review as one HTML file."""
    return single_file(
        "review.html",
        title=title(review),
        data=_shown(review),
        styles=("page.css", "review.css"),
        scripts=("review.js",),
    )


def markdown(review: Review) -> str:
    """The review as a comment on a pull request."""
    return "\n".join(_markdown(review)) + "\n"


def title(review: Review) -> str:
    """What was looked at: two commits, or an update that is not made yet."""
    if review.tip:
        return f"Review of {review.base[:12]}..{review.tip[:12]}"
    return f"Update of {review.base[:12]}" if review.base else "Update of a checkout"


FORMS: Mapping[str, Callable[[Review], str]] = {".html": page, ".md": markdown, ".json": to_json}


def check(path: Path) -> None:
    """Before any work is done: does the suffix stand for a form?

    :raises OutputError: where it does not, or where there is no such directory.
    """
    if path.suffix.lower() not in FORMS:
        raise OutputError(
            f"cannot write {path}: {path.suffix or 'a name without a suffix'} stands for no form of a report",
            hint="give it one of " + " ".join(FORMS),
        )
    if not path.absolute().parent.is_dir():
        raise OutputError(
            f"cannot write {path}",
            details=(f"there is no directory {path.absolute().parent}",),
            hint="name another file",
        )


def render(review: Review, path: Path) -> bytes:
    """What belongs into ``path``; see :func:`check`."""
    return FORMS[path.suffix.lower()](review).encode()


def arrow(change: VersionChange) -> str:
    """``1.0 → 1.1``; ``none`` where a view has no version."""
    if change.old == change.new:
        return f"{change.new} (same version)"
    return f"{change.old or 'none'} → {change.new or 'none'}"


def _change(entry: PackageReview) -> dict[str, Any]:
    """The contract's ``changes``: the version of each view before and after, and notes."""
    views = {view: [change.old, change.new] for change in entry.versions for view in change.views}
    notes = [
        f"{field.field}: "
        + " ".join((*(f"-{item}" for item in field.removed), *(f"+{item}" for item in field.added)))
        for change in entry.versions
        for field in change.fields
    ]
    return {"package": entry.package, "views": views, "notes": list(dict.fromkeys(notes))}


def _markdown(review: Review) -> Iterator[str]:
    counts: dict[str, int] = {}
    for entry in review.packages:
        counts[entry.change] = counts.get(entry.change, 0) + 1
    yield f"### {title(review)}"
    yield ""
    yield ", ".join(f"{count} {change}" for change, count in counts.items()) or "No package changes."
    yield from _listed("No longer satisfied", map(code, review.unsatisfied))
    yield from _listed("Advisories", map(_advisory, review.advisories))
    yield from _listed("Targets", starmap(_target, grouped(review.targets)))
    yield from _listed("Versions that now differ between views", map(_skew, review.skews))
    yield from _table(review.packages)
    yield from _listed("Eclasses", map(_eclass, review.eclasses))
    yield from _listed("To look at", map(_notice, review.notices))


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A title and a list; nothing where the list is empty."""
    items = [f"- {line}" for line in lines]
    if items:
        yield from (f"\n**{title}**\n", *items)


def _advisory(change: AdvisoryChange) -> str:
    state = "opened" if change.opened else "closed"
    cited = f" ({', '.join(change.references)})" if change.references else ""
    packages, targets = ", ".join(map(code, change.packages)), ", ".join(change.targets)
    return f"GLSA {change.advisory} {state}: {packages} in {targets}{cited}"


def _target(name: str, change: TargetChange) -> str:
    gains, losses = (", ".join(map(code, cpvs)) or "nothing" for cpvs in (change.gained, change.lost))
    return f"{code(name)} gains {gains}; loses {losses}"


def _skew(skew: Skew) -> str:
    versions = ", ".join(f"{view} {code(version)}" for view, version in skew.versions)
    return f"{code(skew.package)}: {versions}"


def _eclass(eclass: EclassReview) -> str:
    users = plural(len(eclass.inherited_by), "selected package")
    return f"{code(eclass.name)}: {eclass.change}, inherited by {users}"


def _notice(notice: Notice) -> str:
    return escaped(f"{notice.message}: {notice.hint}" if notice.hint else notice.message)


def _table(packages: Sequence[PackageReview]) -> Iterator[str]:
    if not packages:
        return
    yield "\n| Package | What | Versions | Where |"
    yield "|---|---|---|---|"
    for entry in packages[:_MOST_IN_MARKDOWN]:
        versions = ", ".join(dict.fromkeys(code(arrow(change)) for change in entry.versions))
        where = ", ".join(sorted({target for change in entry.versions for target in change.targets}))
        yield f"| {code(entry.package)} | {entry.change} | {versions} | {where} |"
    if len(packages) > _MOST_IN_MARKDOWN:
        yield f"\n{len(packages) - _MOST_IN_MARKDOWN} more packages are in the full report."
