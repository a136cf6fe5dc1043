"""What is taken back, for people and for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from overlaytool.cli import console
from overlaytool.cli.console import Line
from overlaytool.support.text import counted

if TYPE_CHECKING:
    from overlaytool.model.change import Done
    from overlaytool.workflow.undo import Undo

MOST = 20
"""Lines that are shown; the rest are counted. ``-v`` shows every file."""
_PACKAGE = re.compile(r"sdk_container/src/third_party/[\w-]+/[\w+.-]+/[\w+.-]+/")


def show(found: Undo) -> None:
    """What was done, and what becomes of its files or its branch."""
    if found.recovery is not None:
        from overlaytool.cli.views.plan import show_recovery

        show_recovery(found.recovery)
    if found.done is None:
        return
    done = found.done
    when = datetime.fromisoformat(done.started).astimezone().strftime("%Y-%m-%d %H:%M")
    console.show((f"overlaytool {' '.join(done.request)}", "bold"), f"  {when}")
    if done.series is None:
        _show_files(done)
        return
    series = done.series
    console.show(
        "  - ", (series.branch, "red"), f"  the branch, with {counted(len(series.commits), 'commit')}"
    )
    for remote in found.remotes:
        console.say(
            f"{remote} has the branch, too: git push {remote} --delete {series.branch} takes it from there"
        )


def _show_files(done: Done) -> None:
    lines = [*_grouped("- ", done.removed, "red"), *_grouped("~ ", done.restored, "green")]
    shown = lines if console.verbose() else lines[:MOST]
    for line in shown:
        console.show(*line)
    if len(lines) > len(shown):
        console.show((f"  and {len(lines) - len(shown)} more; -v shows them", "dim"))


def _grouped(sign: str, paths: Sequence[str], style: str) -> Iterator[Line]:
    """A line for each path; the files of a package are counted, unless all is to be shown."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        package = None if console.verbose() else _PACKAGE.match(path)
        groups.setdefault(package[0] if package else path, []).append(path)
    for name, members in groups.items():
        files = f"  {len(members)} files" if len(members) > 1 else ""
        yield (f"  {sign}", (members[0] if len(members) == 1 else name, style), files)


def show_undone(found: Undo) -> None:
    """Count what was taken back, or say how a branch comes back."""
    done = found.done
    assert done is not None
    if done.series is not None:
        series = done.series
        console.show((f"\nThe branch {series.branch} is gone", "bold"))
        console.say(
            f"git branch {series.branch} {series.tip[:12]} brings it back, while git keeps the commits"
        )
        return
    counts = ((len(done.removed), "removed"), (len(done.restored), "as before"))
    console.show((f"\nFiles: {', '.join(f'{count} {what}' for count, what in counts if count)}", "bold"))


def to_json(found: Undo) -> str:
    """``{"schema", "request", "started", "removed", "restored", "branch"}``."""
    done, recovery = found.done, found.recovery
    source = done or recovery
    assert source is not None
    document = {
        "schema": 1,
        "request": list(source.request),
        "started": source.started,
        "removed": list(done.removed) if done else [],
        "restored": list(source.restored),
        "branch": done.series.branch if done and done.series else None,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
