"""Writes the message of each commit, in the style of the maintainers of flatcar/scripts.

A message is made from the changes of its step: the lines that it adds to a list or a profile.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable

from overlaytool.errors import GitError
from overlaytool.model.change import Step, StepKind
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import package_name

SUBJECT_WIDTH = 71
BODY_WIDTH = 72
SOURCE_NAMES = {"gentoo": "Gentoo", "guru": "GURU"}
"""How people write the names of well-known trees; others are written as they call themselves."""

SYMLINK = 0o120000
_ATOM = re.compile(r"[=~<>]*(?P<name>[A-Za-z0-9_][\w+.-]*/[A-Za-z0-9_][\w+.-]*)")
_COMPARED = re.compile(r"[=~<>]+")


def message(step: Step, reason: str | None = None) -> str:
    """Subject, empty line, body: everything but the sign-off, which git adds with the user's identity.

    :param reason: what the user gave as the reason for the whole series; ends each body.
    :raises GitError: for a step that was copied from a tree with no commit to cite.
    """
    text = step.message or _message(step)
    if reason is None or step.kind in (StepKind.AUTOMATION, StepKind.CHANGELOG):
        return text
    return f"{text}\n{textwrap.fill(reason, BODY_WIDTH, break_long_words=False, break_on_hyphens=False)}\n"


def _message(step: Step) -> str:
    if step.source is not None:
        return _copied(step, step.source)
    match step.kind:
        case StepKind.KEYWORDS:
            return _listing("overlay profiles: Add accept keywords for ", step)
        case StepKind.USE:
            return _listing("overlay profiles: Set USE flags for ", step)
        case StepKind.MASKS:
            return f"overlay profiles: Lift a mask for {step.subject}\n"
        case StepKind.PROVIDED:
            return f"overlay profiles: Provide {step.subject}\n"
        case StepKind.METAPACKAGE:
            return _listing(f"overlay {step.subject}: Add ", step)
        case StepKind.AUTOMATION:
            return _listing(".github: Add ", step, " to automation")
        case StepKind.CHANGELOG:
            return "changelog: Add entry\n"
        case _:
            return f"{step.subject}: {_verb(step)}\n"


def subject(text: str) -> str:
    """The first line of a message."""
    return text.split("\n", 1)[0]


def source_name(name: str) -> str:
    """A tree's name as it is written in sentences: ``Gentoo``."""
    return SOURCE_NAMES.get(name.lower(), name)


def _verb(step: Step) -> str:
    return "Add" if step.action is Action.ADD else "Update"


def _copied(step: Step, source: TreeCommit) -> str:
    """A package, eclass or licence as it is in another tree, citing the commit of that tree."""
    name = source_name(source.name)
    if source.commit is None:
        raise GitError(
            f"{step.subject} comes from {name}, which is no git work tree: there is no commit to cite",
            hint="import from a git clone: overlaytool sync makes one of Gentoo, --gentoo PATH names another",
        )
    first = f"{step.subject}: " + (f"Add from {name}" if step.action is Action.ADD else f"Sync with {name}")
    if len(first) > SUBJECT_WIDTH:
        first = f"{step.subject}: {_verb(step)}"
    return f"{first}\n\nIt's from {name} commit {source.commit}.\n"


def _listing(start: str, step: Step, end: str = "") -> str:
    """A subject that names the packages; where they don't fit, the first, and all of them in the body."""
    names = added_names(step) or (step.subject,)
    whole = f"{start}{_and(names)}{end}"
    if len(whole) <= SUBJECT_WIDTH:
        return whole + "\n"
    short = f"{start}{names[0]} and {len(names) - 1} more{end}" if len(names) > 1 else whole
    if len(short) > SUBJECT_WIDTH:
        short = f"{start}{len(names)} packages{end}"
    body = textwrap.fill(", ".join(names) + ".", BODY_WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{short}\n\n{body}\n"


def _and(names: tuple[str, ...]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def added_names(step: Step) -> tuple[str, ...]:
    """The packages (and eclasses) on the lines that a step adds to files, in the order of the lines."""
    return tuple(dict.fromkeys(name for line in _added_lines(step) for name in _names(line)))


def _added_lines(step: Step) -> Iterable[str]:
    for change in step.changes:
        if change.after is None or change.after.mode == SYMLINK:
            continue
        old = Counter(change.before.content.splitlines() if change.before else ())
        for line in change.after.content.splitlines():
            if old[line] > 0:
                old[line] -= 1
            else:
                yield line.decode("utf-8", "replace")


def _names(line: str) -> Iterable[str]:
    for word in line.split("#", 1)[0].split():
        found = _ATOM.match(word)
        if found:
            name = found["name"]
            yield package_name(name) if _COMPARED.match(word) else name
