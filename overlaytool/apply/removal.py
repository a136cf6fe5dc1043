"""render(removal, tree) -> ChangeSet: a removal worked out down to bytes, in memory.

First the lines that ask for a package go, then packages, then entries about them, so that each commit works.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from overlaytool.apply.staging import Draft
from overlaytool.errors import StaleError
from overlaytool.flatcar import automation, dropping, mask_files, metapackage, profiles, targets
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.tree import Tree
from overlaytool.model.change import ChangeSet, StepKind
from overlaytool.model.plan import Action
from overlaytool.model.removal import Removal, RemovedEntry, RemovedFile
from overlaytool.model.target import Into, TargetKind

WIDTH = 72
SUBJECT_WIDTH = 71


def render(removal: Removal, tree: Tree, today: date) -> ChangeSet:
    """What a removal changes in the checkout that ``tree`` reads. Nothing is written.

    :param today: for the name of the changelog entry.
    :raises StaleError: where a line is not where the removal says.
    :raises CheckoutError: where a file has a shape that is not understood.
    """
    draft = Draft(tree)
    _provide(draft, removal)
    _stop_asking(draft, removal)
    for package in removal.packages:
        _delete(draft, package.path)
        own = [entry for entry in removal.categories if entry.package == package.package.partition("/")[0]]
        if package.package in _last_of_category(removal):
            _drop_lines(draft, own, _cut)
        message = _message(f"{package.package}: Drop the package", [_sentence(package.because)], removal)
        draft.finish(StepKind.REMOVAL, Action.UPDATE, package.package, message=message)
    names = [package.package for package in removal.packages]
    _drop_lines(draft, removal.entries, profiles.without_entry)
    about = list(dict.fromkeys(entry.package for entry in removal.entries))
    _finish(draft, removal, "overlay profiles: Drop entries for ", about, removal.entries)
    for hook in removal.hooks:
        _delete(draft, hook.path)
    _finish(
        draft, removal, "overlay coreos: Drop hooks and patches for ", [hook.name for hook in removal.hooks]
    )
    _drop_files(draft, removal, removal.eclasses, "Drop, nothing inherits it")
    _drop_files(draft, removal, removal.licenses, "Drop, no ebuild names it")
    if removal.listed:
        text = automation.without_packages(draft.read_text(PACKAGES_LIST), removal.listed)
        draft.put_text(PACKAGES_LIST, text)
        _finish(draft, removal, ".github: Remove ", list(removal.listed), end=" from automation")
    _changelog(draft, removal, names, today)
    return ChangeSet(steps=draft.steps(), about=("remove", *removal.request))


def _provide(draft: Draft, removal: Removal) -> None:
    for change in removal.provided:
        for file, text in mask_files.edits_of_provided(draft.read_text, change).items():
            draft.put_text(file, text)
        message = _message(f"overlay profiles: Mark {change.cpv} as provided", [], removal)
        draft.finish(StepKind.REMOVAL, Action.ADD, change.cpv, message=message)


def _stop_asking(draft: Draft, removal: Removal) -> None:
    """The lines of metapackages, each with its revision, and those of system extensions."""
    for name in dict.fromkeys(line.target for line in removal.lines):
        into = Into(name)
        lines = [line for line in removal.lines if line.target == name]
        packages = [line.package for line in lines]
        if into.kind in (TargetKind.SYSEXT, TargetKind.BASE_SYSEXT):
            base = into.kind is TargetKind.BASE_SYSEXT
            without = dropping.without_in_base_sysexts if base else dropping.without_in_sysexts
            draft.put_text(lines[0].file, without(draft.read_text(lines[0].file), packages))
            place = "build_image" if base else "build_library"
            _finish(draft, removal, f"{place}: Drop from the sysext {into.name}: ", packages)
            continue
        before = metapackage.read(draft, into)
        after = dropping.without_packages(before, packages)
        revision = lines[0].revision or (before.revision, before.revision)
        if before.revision != revision[0] or after.text == before.text:
            raise StaleError(
                f"{before.file} is not as it was when the removal was planned",
                hint="plan again: the checkout has changed since",
            )
        draft.put_text(before.file, after.text)
        if revision[1] != revision[0]:
            draft.put(before.link_of(revision[1]), draft.read(before.link))
            draft.put(before.link, None)
        _finish(draft, removal, f"overlay {targets.metapackage(into)}: Drop ", packages)


def _last_of_category(removal: Removal) -> set[str]:
    """The last package to be removed of each category that becomes empty."""
    last = {package.package.partition("/")[0]: package.package for package in removal.packages}
    return set(last.values())


def _delete(draft: Draft, path: str) -> None:
    for name in draft.list(path) or (path,):
        draft.put(name, None)


def _drop_files(draft: Draft, removal: Removal, files: Iterable[RemovedFile], what: str) -> None:
    for file in files:
        draft.put(file.path, None)
        message = _message(f"{file.name}: {what}", [_sentence(file.because)], removal)
        draft.finish(StepKind.REMOVAL, Action.UPDATE, file.name, message=message)


def _drop_lines(draft: Draft, entries: Iterable[RemovedEntry], without: Callable[[str, int], str]) -> None:
    """Remove lines from files, the last first, so that the numbers of the others stay right."""
    for entry in sorted(entries, key=lambda each: (each.file, -each.line)):
        text = draft.read_text(entry.file)
        lines = text.split("\n")
        if entry.line > len(lines) or lines[entry.line - 1] != entry.text:
            raise StaleError(
                f"{entry.file} is not as it was when the removal was planned",
                details=(f"line {entry.line} should be: {entry.text}",),
                hint="plan again: the checkout has changed since",
            )
        draft.put_text(entry.file, without(text, entry.line - 1))


def _cut(text: str, index: int) -> str:
    lines = text.split("\n")
    del lines[index]
    return "\n".join(lines)


def _changelog(draft: Draft, removal: Removal, packages: Sequence[str], today: date) -> None:
    """An entry where a requested package is removed from the image, which users notice."""
    lost = [line.package for line in removal.lines if line.target in ("image",)]
    extensions = [line for line in removal.lines if line.target.startswith("sysext:")]
    if not lost and not extensions:
        return
    names = list(dict.fromkeys(lost or [line.package for line in extensions]))
    words = _and([name.partition("/")[2] for name in names])
    where = "the image" if lost else targets.facts(Into(extensions[0].target)).where
    path, text = automation.changelog_entry(draft, names, f"Removed {words} from {where}.", today)
    draft.put_text(path, text)
    draft.finish(StepKind.CHANGELOG, Action.ADD, "changelog", message="changelog: Add entry\n")


def _finish(
    draft: Draft,
    removal: Removal,
    start: str,
    names: Sequence[str],
    entries: Sequence[RemovedEntry] = (),
    end: str = "",
) -> None:
    """A step whose subject names what it is about; where that does not fit, the body does."""
    unique = list(dict.fromkeys(names))
    if not unique:
        return
    whole = f"{start}{_and(unique)}{end}"
    body: list[str] = []
    if len(whole) > SUBJECT_WIDTH:
        whole = f"{start}{unique[0]} and {len(unique) - 1} more{end}" if len(unique) > 1 else whole
        if len(whole) > SUBJECT_WIDTH:
            whole = f"{start}{len(unique)} packages{end}"
        body = [", ".join(unique) + "."]
    draft.finish(StepKind.REMOVAL, Action.UPDATE, unique[0], message=_message(whole, body, removal))


def _message(subject: str, body: Sequence[str], removal: Removal) -> str:
    paragraphs = [*body, *([_sentence(removal.reason)] if removal.reason else [])]
    filled = [
        textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) for text in paragraphs
    ]
    return "\n\n".join([subject, *filled]) + "\n"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
