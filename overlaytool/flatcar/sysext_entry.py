"""Edits the entries of scripts that list the packages of system extensions.

``EXTRA_SYSEXTS`` in build_library/extra_sysexts.sh has ``name|pkg,pkg|USE|arches`` (in 2024
``name:pkg,pkg``), and ``base_sysexts`` in build_image has ``name-flatcar|pkg&pkg``. An entry is edited as
text; all around it stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from overlaytool.errors import CheckoutError
from overlaytool.flatcar import targets
from overlaytool.flatcar.targets import BUILD_IMAGE, EXTRA_SYSEXTS, Target
from overlaytool.flatcar.tree import Tree
from overlaytool.model.plan import EntryEdit
from overlaytool.model.target import Into, TargetKind

_ARRAY = re.compile(r"^[ \t]*(?:declare\s+(?:-\w+\s+)*)?EXTRA_SYSEXTS=\(", re.MULTILINE)
_LINE = re.compile(r"""^(?P<indent>\s*)(?P<quote>["']?)(?P<name>[\w+.-]+)(?P<separator>[|:])""")


def edit(tree: Tree, into: Into, atoms: Sequence[str], arches: Collection[str]) -> EntryEdit | None:
    """The edit that adds packages to a system extension, or makes a new one; None where it has them all.

    :param arches: the only arches that have the packages; empty: all.
    :raises CheckoutError: where the script is not there or not understood, or where an extension that is for
        every arch would get what only one has.
    """
    known = targets.find(tree, into)
    file = BUILD_IMAGE if into.kind is TargetKind.BASE_SYSEXT else EXTRA_SYSEXTS
    text = _text(tree, file)
    if known is None:
        return EntryEdit(file=file, before=None, after=_new(text, into, atoms, arches), added=tuple(atoms))
    added = tuple(atom for atom in atoms if atom not in known.atoms)
    if not added:
        return None
    if arches and not (known.arches and set(known.arches) <= set(arches)):
        raise CheckoutError(
            f"{known.facts.where} is for more arches than {' and '.join(sorted(arches))},"
            f" and {', '.join(added)} is not",
            hint=f"name a new one: --into {into.kind}:NAME",
        )
    before = _entry_text(text, known)
    return EntryEdit(file=file, before=before, after=_with_packages(before, known, added), added=added)


def applied(text: str, change: EntryEdit) -> str:
    """A script's text with the new entry.

    :raises CheckoutError: where it is not clear where the entry belongs.
    """
    if _entry(change.after).search(text):
        return text
    if change.before is not None:
        changed, count = _entry(change.before).subn(lambda _found: change.after, text, count=1)
        if not count:
            raise _not_understood(change.file, f"it has no entry {change.before}")
        return changed
    if change.file == BUILD_IMAGE:
        found = re.search(r'DEFINE_string\s+base_sysexts\s+"[^"]*', text)
        if not found:
            raise _not_understood(change.file, "it has no DEFINE_string base_sysexts")
        return f"{text[: found.end()]},{change.after}{text[found.end() :]}"
    return _inserted(text, change)


def mangle_script(tree: Tree, into: Into) -> str | None:
    """The script that changes what an extension's packages have installed, or None."""
    name = f"{into.name}-flatcar" if into.kind is TargetKind.BASE_SYSEXT else f"flatcar-{into.name}"
    path = f"build_library/sysext_mangle_{name}"
    return path if tree.read(path) is not None else None


def _new(text: str, into: Into, atoms: Sequence[str], arches: Collection[str]) -> str:
    if into.kind is TargetKind.BASE_SYSEXT:
        separator = "|" if re.search(r'base_sysexts\s+"[^"]*\|', text) else ":"
        return f"{into.name}-flatcar{separator}{'&'.join(atoms)}"
    if _separator(text) == ":":
        if arches:
            raise _not_understood(EXTRA_SYSEXTS, "its entries cannot be for one arch alone")
        return f"{into.name}:{','.join(atoms)}"
    limit = f"||{','.join(sorted(arches))}" if arches else ""
    return f"{into.name}|{','.join(atoms)}{limit}"


def _with_packages(before: str, known: Target, added: Sequence[str]) -> str:
    """An entry with more packages, all else as it was."""
    glue = "&" if known.into.kind is TargetKind.BASE_SYSEXT else ","
    separator = "|" if "|" in before else ":"
    name, _, rest = before.partition(separator)
    packages, bar, more = rest.partition("|") if separator == "|" else (rest, "", "")
    return f"{name}{separator}{glue.join((packages, *added))}{bar}{more}"


def _entry_text(text: str, known: Target) -> str:
    """The entry of an extension as it stands in the script."""
    name = f"{known.into.name}(?:-flatcar)?" if known.file == BUILD_IMAGE else re.escape(known.into.name)
    end = "[^\"',\\s]*" if known.file == BUILD_IMAGE else "[^\"'\\s)]*"
    found = re.search(rf"""(?<![^\s"'(,])(?:{name})[|:]{end}""", text)
    if found is None:
        raise _not_understood(known.file, f"the entry of {known.into.name} is not on one line")
    return _up_to_quote(text, found)


def _up_to_quote(text: str, found: re.Match[str]) -> str:
    """A match, up to its closing quote where there is one: USE flags have blanks between them."""
    quote = text[found.start() - 1] if found.start() else ""
    if quote in ('"', "'") and "base_sysexts" not in text[: found.start()].rpartition("\n")[2]:
        return text[found.start() :].partition(quote)[0]
    return found[0]


def _inserted(text: str, change: EntryEdit) -> str:
    """An entry of its own line, after those whose names come before its own."""
    array = _ARRAY.search(text)
    if array is None:
        raise _not_understood(change.file, "it has no array EXTRA_SYSEXTS")
    lines = text[array.end() :].splitlines(keepends=True)
    end = next((place for place, line in enumerate(lines) if line.strip().startswith(")")), None)
    if end is None:
        raise _not_understood(change.file, "the end of the array is not on a line of its own")
    name = re.split(r"[|:]", change.after)[0]
    found = [(place, entry) for place, line in enumerate(lines[:end]) if (entry := _LINE.match(line))]
    earlier = [place for place, entry in found if entry["name"] < name]
    place = max(earlier) + 1 if earlier else (found[0][0] if found else end)
    indent, quote = (found[0][1]["indent"].strip("\n"), found[0][1]["quote"]) if found else ("  ", '"')
    lines.insert(place, f"{indent}{quote}{change.after}{quote}\n")
    return text[: array.end()] + "".join(lines)


def _separator(text: str) -> str:
    entries = targets.bash_array(text, "EXTRA_SYSEXTS")
    return ":" if entries and not any("|" in entry for entry in entries) else "|"


def _entry(entry: str) -> re.Pattern[str]:
    return re.compile(rf"""(?<![^\s"'(,]){re.escape(entry)}(?![^\s"'),])""")


def _text(tree: Tree, file: str) -> str:
    state = tree.read(file)
    if state is None:
        raise CheckoutError(
            f"this checkout has no {file}", hint="it has no system extensions: --into image, board or sdk"
        )
    return state.content.decode("utf-8", errors="replace")


def _not_understood(file: str, why: str) -> CheckoutError:
    return CheckoutError(
        f"{file} has a shape that is not understood: {why}", hint="add the package to this file by hand"
    )
