"""The list of packages that Flatcar's automation keeps in sync with Gentoo, and the changelog entry.

The list is a header, then groups of one category each, sorted, a blank line between them. A package that
is left out for a while is commented out, under a comment that says why. Flatcar sorts the
file with ``pkg_auto/impl/sort_packages_list.py``; what is written here is what that script would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct, field

from overlaytool.flatcar.tree import Tree

PACKAGES_LIST = ".github/workflows/portage-stable-packages-list"
CHANGELOG = "changelog/changes"
_NAME = re.compile(r"[a-z0-9-]+(?:/[A-Za-z0-9-_+]+)?")
_SLUG_WORDS = 4


class ListEntry(Struct, frozen=True, kw_only=True):
    """A line of the list."""

    name: str
    """``cat/pn``, ``eclass/name.eclass``, or a directory such as ``licenses``."""
    commented_out: bool
    remark: tuple[str, ...] | None
    """The free comment above it, without ``#``."""


class _Document(Struct):
    header: list[str] = field(default_factory=list)
    entries: dict[str, ListEntry] = field(default_factory=dict)

    def add(self, entry: ListEntry) -> bool:
        """Add an entry, or replace one that is commented out by one that is not. True when it is new."""
        known = self.entries.get(entry.name)
        if known is None:
            self.entries[entry.name] = entry
            return True
        if known.commented_out and not entry.commented_out:
            self.entries[entry.name] = ListEntry(name=known.name, commented_out=False, remark=known.remark)
        return False


def list_entries(text: str) -> tuple[ListEntry, ...]:
    """The entries of the list, sorted as they are written."""
    return tuple(_sorted(_read(text)))


def with_packages(text: str, names: Iterable[str]) -> str:
    """The list with ``names`` in it; unchanged to the byte when they are there already.

    :param names: ``cat/pn`` or ``eclass/name.eclass``.
    """
    document = _read(text)
    missing = [name for name in names if name not in document.entries or document.entries[name].commented_out]
    if not missing:
        return text
    for name in missing:
        document.add(ListEntry(name=name, commented_out=False, remark=None))
    return _written(document)


def without_packages(text: str, names: Iterable[str]) -> str:
    """The list without ``names``, commented out or not; unchanged to the byte when none is there."""
    document = _read(text)
    gone = [name for name in names if name in document.entries]
    if not gone:
        return text
    for name in gone:
        del document.entries[name]
    return _written(document)


def _read(text: str) -> _Document:
    document = _Document()
    lines = [line.strip() for line in text.split("\n")]
    start = 0
    while start < len(lines) and lines[start].startswith("#"):
        document.header.append(lines[start])
        start += 1
    comments: list[str] = []
    remark: tuple[str, ...] | None = None
    for line in [*lines[start:], ""]:
        if line.startswith("#"):
            comments.append(line.lstrip("#").strip())
            continue
        if comments:
            remark = _read_comments(document, comments, remark)
            comments = []
        if line and document.add(ListEntry(name=line, commented_out=False, remark=remark)):
            remark = None
    return document


def _read_comments(
    document: _Document, comments: Sequence[str], remark: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Read commented-out packages; return the comment that belongs to the next package."""
    for free, names in _batches(comments):
        own = tuple(free) or None
        for name in names:
            document.add(ListEntry(name=name, commented_out=True, remark=own))
        if not names:
            remark = own
    return remark


def _batches(comments: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Each run of comment lines with the commented-out package names below it."""
    batches: list[tuple[list[str], list[str]]] = []
    free: list[str] = []
    names: list[str] = []
    for line in comments:
        if not line:
            if not names:
                free.append(line)
        elif _NAME.fullmatch(line):
            names.append(line)
        else:
            if names:
                batches.append((_stripped(free), names))
                free, names = [], []
            free.append(line)
    if free or names:
        batches.append((free, names))
    return batches


def _stripped(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def _category(name: str) -> str:
    return name.partition("/")[0]


def _sorted(document: _Document) -> list[ListEntry]:
    return sorted(document.entries.values(), key=lambda entry: (_category(entry.name), entry.name))


def _written(document: _Document) -> str:
    lines = [*document.header, ""] if document.header else []
    category: str | None = None
    remark: tuple[str, ...] | None = None
    for entry in _sorted(document):
        if category not in (None, _category(entry.name)):
            lines.append("")
        if category != _category(entry.name):
            category, remark = _category(entry.name), None
        if entry.remark is not remark:
            remark = entry.remark
            lines += [f"# {line}" if line else "#" for line in remark or ()]
        lines.append(f"# {entry.name}" if entry.commented_out else entry.name)
    return "".join(f"{line}\n" for line in _stripped(lines))


def changelog_entry(tree: Tree, packages: Sequence[str], bullet: str, today: date) -> tuple[str, str]:
    """Where the changelog entry goes, and its text.

    An entry of any date that says the same is found again, so that a plan can be applied twice.

    :param packages: what the entry is about, ``cat/pn``: the words of the file's name.
    :param bullet: one sentence in the past tense, for users, without the dash.
    """
    slug = _slug(packages)
    text = f"- {bullet}\n"
    name = re.compile(rf"{CHANGELOG}/[\d-]+-{re.escape(slug)}(-\d+)?\.md")
    for path in tree.list(CHANGELOG):
        if name.fullmatch(path):
            state = tree.read(path)
            if state and state.content.decode("utf-8", "replace").strip() == text.strip():
                return path, state.content.decode("utf-8", "replace")
    return _free(tree, f"{CHANGELOG}/{today.isoformat()}-{slug}"), text


def _free(tree: Tree, stem: str) -> str:
    """A path that holds no other entry."""
    path, number = f"{stem}.md", 2
    while tree.read(path) is not None:
        path, number = f"{stem}-{number}.md", number + 1
    return path


def _slug(packages: Sequence[str]) -> str:
    words = [
        re.sub(r"[^a-z0-9.+]+", "-", package.rpartition("/")[2].lower()).strip("-.") for package in packages
    ]
    shown = words[:_SLUG_WORDS]
    return "-".join([*shown, "and-more"] if len(words) > len(shown) else shown)
