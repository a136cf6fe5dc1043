"""How a series, its files, its remote and the trees that it comes from are shown."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.model.resolution import Notice
from overlaytool.model.series import Pushed, Rebase, Series, Synced, SyncState, WrittenSeries
from overlaytool.support.text import counted

if TYPE_CHECKING:
    from overlaytool.workflow.series import Committed, PullRequest

SYNCED = {
    SyncState.CLONED: "cloned",
    SyncState.REFRESHED: "refreshed",
    SyncState.CURRENT: "has the newest commit already",
    SyncState.KEPT: "is yours and left alone",
    SyncState.OFFLINE: "could not be refreshed; the clone is used as it is",
}


def to_data(done: Committed) -> dict[str, Any]:
    """The plan's document, with the series beside it."""
    from overlaytool.plan import document as plan_json

    return plan_json.to_data(done.plan) | {"series": to_builtins(done.series)}


def show_committed(done: Committed, *, checked_out: bool) -> None:
    """The commits of a series, and what comes next."""
    _say_notices(done.notices)
    show_commits(done.series, checked_out=checked_out)
    console.say(f"next: overlaytool pr -o outgoing --branch {done.series.branch}")


def show_commits(series: Series, *, checked_out: bool) -> None:
    """What was made on which branch, or that it was there already, and the commits, a line each."""
    state = "and it is checked out" if checked_out else "and your files are as they were"
    commits = counted(len(series.commits), "commit was", "commits were")
    console.say(
        f"\n{series.branch} has this series already, nothing was added"
        if series.found
        else f"\n{commits} made on {series.branch}, {state}"
    )
    for commit in series.commits:
        console.show(f"{commit.commit[:12]} {commit.subject}")


def say_rebase(done: Rebase) -> None:
    """What came of making a series again."""
    if done.series is None:
        console.say(f"on {done.new_base[:12]} the plan is a different one; the branch was left as it is:")
        for line in done.differences:
            console.show(line)
        console.say("next: overlaytool add ATOM... --commit --branch another-name, on the new base")
    elif done.new_base == done.old_base:
        console.say(f"the base has not moved: {done.new_base[:12]}")
    else:
        console.say(f"made again on {done.new_base[:12]}, before on {done.old_base[:12]}")


def show_written(written: PullRequest) -> None:
    """The files, one a line, in the order in which they are wanted."""
    for path in (*written.patches, written.directory / "series.diff", written.text):
        console.show(str(path))
    console.say(
        f"{written.title}: git am {written.directory}/*.patch applies it to {written.series.base[:12]}"
    )


def show_pushed(pushed: Pushed) -> None:
    """Where the branch is, and the command that opens the pull request."""
    console.say(f"{pushed.url} {'has the branch already' if pushed.already else 'has the branch now'}")
    if pushed.command:
        console.show(shlex.join(pushed.command))
        console.say(f"or go to {pushed.page}")
    else:
        console.say("open the pull request where that repository is hosted")


def show_synced(tree: Synced) -> None:
    """A tree, where it is and where it stands."""
    commit = f" at {tree.commit[:12]}" if tree.commit else ""
    console.show(f"{tree.name}{commit} {tree.path}")
    console.say(f"  {SYNCED[tree.state]}" + (f": {tree.reason}" if tree.reason else ""))


def synced_to_json(trees: Iterable[Synced]) -> str:
    """``{"schema", "trees"}``."""
    return _document({"trees": to_builtins(tuple(trees))})


def written_to_json(written: PullRequest, pushed: Pushed | None, opened: str | None) -> str:
    """The files of a series and of its pull request, and where it was pushed."""
    record = WrittenSeries(
        title=written.title,
        series=written.series,
        directory=str(written.directory),
        patches=tuple(map(str, written.patches)),
        diff=str(written.directory / "series.diff"),
        text=str(written.text),
        pushed=pushed,
        opened=opened,
    )
    return _document(to_builtins(record))


def _document(data: dict[str, Any]) -> str:
    return json.dumps({"schema": 1, **data}, indent=2, ensure_ascii=False) + "\n"


def _say_notices(notices: Iterable[Notice]) -> None:
    for notice in notices:
        console.say(f"{notice.message}\n  hint: {notice.hint}" if notice.hint else notice.message)
