"""A review in the terminal: what matters first, one line for each package."""

from __future__ import annotations

from itertools import groupby

from overlaytool.cli import console
from overlaytool.model.review import PackageChange, PackageReview, Review
from overlaytool.report.review import arrow

_STYLE = {
    PackageChange.DOWNGRADED: "bold red",
    PackageChange.ADDED: "green",
    PackageChange.REMOVED: "red",
    PackageChange.UPDATED: "yellow",
}
MOST_FILES = 60
"""Packages of which only files changed that are named; the report has them all."""


def show(review: Review) -> None:
    """The packages by what became of them, then targets, skews, eclasses, other files."""
    console.show((f"{review.base[:12]}..{review.tip[:12]}", "bold"), f", {len(review.subjects)} commits")
    for change, entries in groupby(review.packages, key=lambda entry: entry.change):
        members = list(entries)
        console.show("")
        console.show((f"{change} ({len(members)})", _STYLE.get(change, "bold")))
        if change is PackageChange.FILES:
            names = [entry.package for entry in members]
            more = f" and {len(names) - MOST_FILES} more" if len(names) > MOST_FILES else ""
            console.show(f"  {', '.join(names[:MOST_FILES])}{more}")
            continue
        for entry in members:
            _show_package(entry)
    _show_lists(review)


def _show_package(entry: PackageReview) -> None:
    versions = "; ".join(
        f"{arrow(change)} ({', '.join(change.targets)} on {', '.join(change.views)})"
        for change in entry.versions
    )
    console.show(f"  {entry.package}  {versions}")
    seen: set[str] = set()
    for change in entry.versions:
        for field in change.fields:
            words = " ".join((*(f"-{item}" for item in field.removed), *(f"+{item}" for item in field.added)))
            line = f"{field.field}: {words}"
            if line not in seen and field.field not in ("KEYWORDS", "INHERITED"):
                console.show((f"      {line}", "dim"))
            seen.add(line)


def _show_lists(review: Review) -> None:
    for line in review.unsatisfied:
        console.show(("no longer satisfied: ", "bold red"), line)
    for target in review.targets:
        console.show("")
        console.show((f"{target.target} on {target.view}", "bold"))
        for sign, cpvs in (("+", target.gained), ("-", target.lost)):
            for cpv in cpvs:
                console.show(f"  {sign} {cpv}")
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
            users = f"inherited by {len(eclass.inherited_by)} selected packages"
            console.show(f"  {eclass.name}  {eclass.change}, {users}")
    for advisory in review.advisories:
        state = "opened" if advisory.opened else "closed"
        console.show(f"GLSA {advisory.advisory} {state}: {', '.join(advisory.packages)}")
    for other in review.profiles:
        console.show(f"{other.kind}: {len(other.files)} files")
    for notice in review.notices:
        console.show(("warning: ", "bold yellow"), notice.message)
