"""A plan for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from overlaytool.cli import console
from overlaytool.cli.console import Line
from overlaytool.cli.views.sdk import amount
from overlaytool.flatcar.targets import facts
from overlaytool.model.plan import (
    Action,
    EclassImport,
    EntryEdit,
    Import,
    KeywordChange,
    MaskAction,
    MaskChange,
    MetapackageEdit,
    Plan,
    UseChange,
)
from overlaytool.model.resolution import Notice, Resolution, Root

if TYPE_CHECKING:
    from overlaytool.model.change import FileChange, Recovery

MAX_REASONS = 3
"""Askers shown for an import; the rest are counted."""


def show(plan: Plan, resolution: Resolution) -> None:
    """Print a plan as sections; sections with nothing in them are left out."""
    boards, words = ", ".join(plan.boards), " ".join(plan.request)
    what = f"update {words}" if resolution.request.update else f"{words} into {facts(plan.into).where}"
    console.show((f"{what} on {boards}", "bold"))
    if in_one_line := summary(plan, resolution):
        console.show(in_one_line)
    for title, lines in _sections(plan):
        console.show((f"\n{title}", "bold"))
        for line in lines:
            console.show(*line)
    if is_empty(plan):
        console.show(f"\n{_nothing(plan)}")
    passed_over = len(resolution.rejections)
    if passed_over and not console.verbose():
        what = "1 candidate was" if passed_over == 1 else f"{passed_over} candidates were"
        console.say((f"{what} passed over; -v says why", "dim"))
    if passed_over and console.verbose():
        console.show(("\nPassed over", "bold"))
        for rejection in resolution.rejections:
            console.show(f"  {rejection.cpv}::{rejection.repository}  {rejection.reason}")


def is_empty(plan: Plan) -> bool:
    """Whether a plan changes nothing."""
    copies = plan.imports or plan.eclasses or plan.licenses
    return not (copies or plan.keywords or plan.use or plan.masks or plan.provided or plan.asked_for)


def summary(plan: Plan, resolution: Resolution) -> str:
    """What a plan does, counted, and what has to be downloaded for it; empty for a plan that does nothing."""
    copies = {action: sum(entry.action is action for entry in plan.imports) for action in Action}
    counts = (
        (copies[Action.ADD], "copy", "copies"),
        (copies[Action.UPDATE], "update", "updates"),
        (len(plan.eclasses), "eclass", "eclasses"),
        (len(plan.licenses), "licence", "licences"),
        (len(plan.keywords), "keyword entry", "keyword entries"),
        (len(plan.use), "USE entry", "USE entries"),
        (len(plan.masks), "mask lifted", "masks lifted"),
        (len(plan.provided), "package counted as installed", "packages counted as installed"),
    )
    parts = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    if size := _download(plan, resolution):
        parts.append(f"{amount(size)} to download")
    if gained := len(plan.new_in_image):
        parts.append(f"the image gains {gained} package{'s' if gained > 1 else ''}")
    return ", ".join(parts)


def _download(plan: Plan, resolution: Resolution) -> int:
    """Bytes of the distfiles of all that is copied, each file once, as the Manifests give them."""
    copied = {selected.cpv for entry in plan.imports for selected in entry.selected}
    files = {
        file.name: file.size
        for package in resolution.packages
        if package.cpv in copied and package.about is not None
        for file in package.about.distfiles
    }
    return sum(files.values())


def _nothing(plan: Plan) -> str:
    """Why a plan has no steps."""
    if plan.manual_work:
        return "Nothing that overlaytool does by itself: what is left for a person is above."
    if plan.up_to_date:
        return "Nothing to do: the checkout's copy is Gentoo's, to the byte."
    target = facts(plan.into)
    return f"Nothing to do: the checkout has it all, and {target.metapackage or target.where} asks for it."


def show_recovery(recovery: Recovery | None) -> None:
    """Say what an interrupted run had left, where there was something."""
    if recovery is None:
        return
    request = " ".join(recovery.request)
    console.say(
        (
            f"overlaytool {request}, begun {recovery.started}, was cut short; "
            f"{len(recovery.restored)} files are back as they were",
            "yellow",
        )
    )


def show_changes(changes: Sequence[FileChange]) -> None:
    """Count what was written; to show the files themselves is git's work."""
    added = sum(change.before is None for change in changes)
    removed = sum(change.after is None for change in changes)
    changed = len(changes) - added - removed
    parts = [(added, "added"), (changed, "changed"), (removed, "removed")]
    console.show((f"\nFiles: {', '.join(f'{count} {what}' for count, what in parts if count)}", "bold"))


def show_next(plan: Plan) -> None:
    """What a person does after the files are there."""
    atoms = shlex.join(plan.request)
    console.show(("\nNext", "bold"))
    steps = (
        ("git status", "what changed"),
        (f"overlaytool verify {atoms}", "ask Portage's own resolver"),
        (f"overlaytool sdk emerge {atoms}", "build it in the SDK container"),
        (f"overlaytool add {atoms} --commit", "the same as a series of commits"),
        ("overlaytool undo", "take it back"),
    )
    width = max(len(command) for command, _purpose in steps)
    for command, purpose in steps:
        console.show("  ", (f"{command:<{width}}  ", "cyan"), (purpose, "dim"))


def _sections(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """Title and lines of every section that has something to say."""
    sections: list[tuple[str, Iterable[Line]]] = [
        ("Copy", (line for entry in plan.imports for line in _import(entry, plan.request))),
        ("Up to date", ((f"  {cpv}",) for cpv in plan.up_to_date)),
        ("Copy eclasses", (line for entry in plan.eclasses for line in _eclass(entry))),
        (
            "Copy licences",
            ((f"  {entry.name}  for {', '.join(entry.needed_by)}",) for entry in plan.licenses),
        ),
        ("Accept keywords", map(_keyword, plan.keywords)),
        ("Set USE", map(_use, plan.use)),
        ("Lift masks", (line for change in plan.masks for line in _mask(change))),
        ("Count as installed", ((f"  {entry.cpv}  {entry.comment}",) for entry in plan.provided)),
        ("Metapackage", _metapackage(plan.metapackage) if plan.metapackage else ()),
        ("System extension", _entry(plan.entry) if plan.entry else ()),
        ("The image gains", ((f"  {cpv}",) for cpv in plan.new_in_image)),
        ("Work for you", (line for notice in plan.manual_work for line in _notice(notice, "magenta"))),
        ("Warnings", (line for notice in plan.warnings for line in _notice(notice, "yellow"))),
    ]
    for title, lines in sections:
        listed = list(lines)
        if listed:
            yield title, listed


def _import(entry: Import, request: Sequence[str]) -> Iterator[Line]:
    action = "update" if entry.action is Action.UPDATE else "add"
    into = f" into {entry.repository}" if entry.repository != "portage-stable" else ""
    yield ("  ", (entry.package, "green"), f"  {action} from {entry.source}{into}")
    by_version: dict[tuple[str | None, str], list[str]] = {}
    for selected in entry.selected:
        where = f"{selected.board} host" if selected.root is Root.HOST else selected.board
        by_version.setdefault((selected.replaces, selected.cpv), []).append(where)
    for (before, after), places in by_version.items():
        yield (f"    {_version_step(entry.package, before, after)} for {', '.join(places)}",)
    asked: dict[tuple[str | None, str], list[str]] = {}
    for because in entry.because:
        asked.setdefault((because.parent, because.atom), []).append(f"{because.dep_class}s")
    for (parent, atom), classes in list(asked.items())[:MAX_REASONS]:
        asked_for = atom if atom in request else "it"  # an update asks for no older version, say
        reason = f"{parent} {' and '.join(classes)} on {atom}" if parent else f"you asked for {asked_for}"
        yield ((f"    {reason}", "dim"),)
    if len(asked) > MAX_REASONS:
        yield ((f"    and {len(asked) - MAX_REASONS} more ask for it", "dim"),)


def _version_step(package: str, before: str | None, after: str) -> str:
    """``8.13.0-r1 → 8.21.0-r1``, ``8.21.0-r1 (up to date)``, or only what comes."""
    version = after.removeprefix(f"{package}-")
    if before is None:
        return version
    return (
        f"{version} (up to date)" if before == after else f"{before.removeprefix(f'{package}-')} → {version}"
    )


def _eclass(entry: EclassImport) -> Iterator[Line]:
    yield ("  ", (f"{entry.name}.eclass", "green"), f"  {entry.action} from {entry.source}")
    yield ((f"    for {', '.join(entry.needed_by)}", "dim"),)
    if entry.inherited_by:
        yield ((f"    also inherited by {', '.join(entry.inherited_by)}", "yellow"),)


def _keyword(entry: KeywordChange) -> Line:
    line = " ".join((entry.atom, *entry.keywords))
    return ("  ", (line, "green"), (f"  {entry.comment}", "dim"))


def _use(entry: UseChange) -> Line:
    line = " ".join((entry.atom, *entry.flags))
    return ("  ", (line, "green"), (f"  {entry.comment}", "dim"))


def _mask(change: MaskChange) -> Iterator[Line]:
    signs = {MaskAction.ADD: "+", MaskAction.REMOVE: "-", MaskAction.NARROW: "~"}
    line = " ".join((signs[change.action], change.atom, *change.flags))
    to = f" to {_short(change.to)}" if change.to else ""
    yield ("  ", (line, "green"), f"  {_short(change.file)}{to}")
    yield ((f"    {change.comment}", "dim"),)


def _short(file: str) -> str:
    """A profile's file, from coreos-overlay's profiles on."""
    return file.partition("/profiles/")[2] or file


def _metapackage(edit: MetapackageEdit) -> Iterator[Line]:
    arches = {line.atom: line.arch for line in edit.arch_only}
    for atom in edit.added:
        group = f"  in the {arches[atom]}? ( ) group" if atom in arches else ""
        yield ("  ", (f"+ {atom}", "green"), group)
    before, after = edit.revision
    bump = f"r{before} becomes r{after}" if after != before else f"r{after} is not committed yet and stays"
    yield ((f"  {edit.file}, {bump}", "dim"),)


def _entry(edit: EntryEdit) -> Iterator[Line]:
    if edit.before is not None:
        yield ("  ", (f"- {edit.before}", "red"))
    yield ("  ", (f"+ {edit.after}", "green"))
    yield ((f"  {edit.file}", "dim"),)


def _notice(notice: Notice, style: str) -> Iterator[Line]:
    yield ("  ", (notice.message, style))
    if notice.hint:
        yield ((f"    {notice.hint}", "dim"),)
