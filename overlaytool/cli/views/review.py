"""A review in the terminal: what matters first, one line for each package."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from overlaytool.cli import console
from overlaytool.model.review import PackageChange, PackageReview, Review
from overlaytool.plan.target_changes import grouped
from overlaytool.report.review import arrow, title
from overlaytool.support.markdown import plural

_STYLE = {
    PackageChange.DOWNGRADED: "bold red",
    PackageChange.ADDED: "green",
    PackageChange.REMOVED: "red",
    PackageChange.UPDATED: "yellow",
}
MOST_NAMES = 60
"""Packages without a visible difference that are named; the report has them all."""
WIDEST = 320
"""Characters of one variable's difference; the report has it whole."""
NOT_SHOWN = ("KEYWORDS", "INHERITED")


def show(review: Review) -> None:
    """The packages by what became of them, then targets, skews, eclasses, other files."""
    console.show((title(review), "bold"), f", {plural(len(review.subjects), 'commit')}")
    for change, entries in groupby(review.packages, key=lambda entry: entry.change):
        members = list(entries)
        console.show("")
        console.show((f"{change} ({len(members)})", _STYLE.get(change, "bold")))
        plain = [entry for entry in members if not _is_shown(entry)]
        for entry in members:
            if _is_shown(entry):
                _show_package(entry)
        if plain:
            names = ", ".join(entry.package for entry in plain[:MOST_NAMES])
            more = f" and {len(plain) - MOST_NAMES} more" if len(plain) > MOST_NAMES else ""
            what = "the same versions, other files: " if change is PackageChange.CHANGED else ""
            console.show(f"  {what}{names}{more}")
    _show_lists(review)


def _is_shown(entry: PackageReview) -> bool:
    """Whether there is more to say than that its files changed."""
    if entry.change is PackageChange.FILES:
        return False
    return entry.change is not PackageChange.CHANGED or any(_differences(entry))


def _show_package(entry: PackageReview) -> None:
    versions = "; ".join(
        f"{arrow(change)} ({', '.join(change.targets)} on {', '.join(change.views)})"
        for change in entry.versions
    )
    console.show(f"  {entry.package}  {versions or 'no target selects it'}")
    for line in _differences(entry):
        console.show((f"      {line if len(line) <= WIDEST else line[:WIDEST] + ' …'}", "dim"))


def _differences(entry: PackageReview) -> Iterator[str]:
    """A line for each difference of metadata, one for all variables that differ alike."""
    fields: dict[str, dict[str, None]] = {}
    for change in entry.versions:
        for field in change.fields:
            if field.field not in NOT_SHOWN:
                words = (*(f"-{item}" for item in field.removed), *(f"+{item}" for item in field.added))
                fields.setdefault(" ".join(words), {})[field.field] = None
    for text, names in fields.items():
        yield f"{', '.join(names)}: {text}"


def _show_lists(review: Review) -> None:
    for line in review.unsatisfied:
        console.show(("no longer satisfied: ", "bold red"), line)
    for name, target in grouped(review.targets):
        console.show("")
        console.show((name, "bold"))
        for sign, cpvs, style in (("+", target.gained, "green"), ("-", target.lost, "red")):
            for cpv in cpvs:
                console.show((f"  {sign} {cpv}", style))
    if review.skews:
        console.show("")
        console.show(("versions that now differ between views", "bold"))
        for skew in review.skews:
            console.show(
                f"  {skew.package}  " + ", ".join(f"{view} {version}" for view, version in skew.versions)
            )
    if review.eclasses:
        console.show("")
        console.show(("eclasses", "bold"))
        for eclass in review.eclasses:
            users = f"inherited by {plural(len(eclass.inherited_by), 'selected package')}"
            console.show(f"  {eclass.name}  {eclass.change}, {users}")
    for advisory in review.advisories:
        state = ("opened", "bold red") if advisory.opened else ("closed", "green")
        where = f"{', '.join(advisory.packages)} in {', '.join(advisory.targets)}"
        console.show(f"GLSA {advisory.advisory} ", state, f": {advisory.title}; {where}")
    for other in review.profiles:
        console.show(f"{other.kind}: {plural(len(other.files), 'file')}")
    for notice in review.notices if review.tip else ():
        console.show(("warning: ", "bold yellow"), notice.message)
