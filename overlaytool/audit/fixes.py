"""The certain corrections of findings, as steps: one commit for each subject that they give it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from overlaytool.apply.staging import Draft
from overlaytool.flatcar import automation, profiles
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.tree import Tree
from overlaytool.model.change import ChangeSet, StepKind
from overlaytool.model.finding import (
    CutLine,
    Delete,
    DropLine,
    DropValue,
    Edit,
    Finding,
    ListNames,
    Rename,
    ReplaceLine,
)
from overlaytool.model.plan import Action

SUBJECT_WIDTH = 71


def fixes(findings: Iterable[Finding], tree: Tree) -> ChangeSet:
    """What puts those of the findings right that can be put right without a person.

    :param tree: the checkout that was audited.
    """
    draft = Draft(tree)
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.fixable:
            groups.setdefault(finding.commit_subject, []).append(finding)
    for subject, members in groups.items():
        # From the end of each file, so that the lines of the others stay where they are.
        for finding in sorted(members, key=lambda each: -(each.line or 0)):
            for edit in finding.edits:
                _make(draft, edit)
        draft.finish(StepKind.FIX, Action.UPDATE, subject, message=_message(subject, members))
    return ChangeSet(steps=draft.steps(), about=("audit", "--fix"))


def _message(subject: str, findings: Sequence[Finding]) -> str:
    """What was found, and why it matters; names that do not fit into the subject stand in the body."""
    said = list(dict.fromkeys(f"- {finding.message}" for finding in findings))
    first = subject if len(subject) <= SUBJECT_WIDTH else f"{subject[: SUBJECT_WIDTH - 1].rstrip()}…"
    return "\n".join((first, "", *said)) + "\n"


def _make(draft: Draft, edit: Edit) -> None:
    """Put one edit into the draft; what is so already, by another finding's edit, is no change."""
    match edit:
        case Delete(path):
            for name in draft.list(path) or (path,):
                draft.put(name, None)
        case Rename(path, new):
            draft.put(new, draft.read(path))
            draft.put(path, None)
        case ListNames(add, drop):
            text = automation.without_packages(draft.read_text(PACKAGES_LIST), drop)
            draft.put_text(PACKAGES_LIST, automation.with_packages(text, add))
        case DropValue(path, line, atom, value):
            content = draft.read_text(path)
            entry = _entry(content, line, atom, value)
            if entry is not None:
                draft.put_text(path, profiles.without_values(content, entry, {value}))
        case DropLine() | CutLine() | ReplaceLine():
            content = draft.read_text(edit.path)
            index = _find(content, edit.line, edit.text)
            if index is not None:
                draft.put_text(edit.path, _with_line(content, index, edit))


def _with_line(content: str, index: int, edit: DropLine | CutLine | ReplaceLine) -> str:
    """A text with another line, or without it."""
    if isinstance(edit, DropLine):
        return profiles.without_entry(content, index)
    lines = content.split("\n")
    lines[index : index + 1] = [edit.new] if isinstance(edit, ReplaceLine) else []
    return "\n".join(lines)


def _entry(content: str, line: int, atom: str, value: str) -> profiles.ProfileEntry | None:
    """The entry of that atom and value which is nearest to where it was."""
    return min(
        (each for each in profiles.entries(content) if each.atom == atom and value in each.values),
        key=lambda each: abs(each.line - line + 1),
        default=None,
    )


def _find(content: str, line: int, text: str) -> int | None:
    """Where a line is by now: that of the same text which is nearest to where it was."""
    same = [index for index, each in enumerate(content.split("\n")) if each == text]
    return min(same, key=lambda index: abs(index - line + 1), default=None)
