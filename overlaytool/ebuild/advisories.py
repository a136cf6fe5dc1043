"""Reads GLSAs from XML, and compares ebuilds with them as Portage's ``glsa-check`` does.

An ebuild is affected where a vulnerable range has it and no unaffected one does. A range is an operator,
a version and a slot; the operators with an ``r`` compare revisions of one version. Arches and slots count.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild import depend
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.errors import MalformedAtomError
from overlaytool.model.advisory import Advisory, Affected, Range
from overlaytool.support.files import read_bytes

OPERATORS = {"lt": "<", "le": "<=", "eq": "=", "ge": ">=", "gt": ">"}
_PACKAGE = re.compile(rb"""<package\b[^>]*\bname\s*=\s*["']([^"']+)["']""")
_REVISION = re.compile(r"(?P<version>.+?)(?:-r(?P<revision>\d+))?\Z")
_FILE = re.compile(r"glsa-(\d{6}-\d+)\.xml\Z")


LARGEST = 4 << 20
"""Bytes of one advisory. The largest has a hundredth of that."""


class UnreadableAdvisory(Exception):
    """A file that cannot be read as an advisory."""


def in_directory(directory: Path) -> Iterator[tuple[str, bytes | OSError]]:
    """The name and content of every advisory of ``metadata/glsa``, by name; or why it cannot be read."""
    for path in sorted(directory.glob("glsa-*.xml")):
        try:
            yield path.name, read_bytes(path, limit=LARGEST)
        except OSError as error:
            yield path.name, error


def read(
    files: Iterable[tuple[str, bytes | OSError]], packages: Container[str], place: str
) -> Iterator[Advisory | tuple[str, str]]:
    """The advisories that are about any of the packages, by id; file and reason for what cannot be read.

    :param files: see :func:`in_directory`.
    :param place: the path of their directory, relative to the checkout.
    """
    for file, content in files:
        name = f"{place}/{file}"
        if isinstance(content, OSError):
            yield name, str(content)
            continue
        named = [match.decode("utf-8", "replace") for match in _PACKAGE.findall(content)]
        if any(package.strip() in packages for package in named):
            try:
                yield parse(content, file, name)
            except UnreadableAdvisory as error:
                yield name, str(error)


def parse(content: bytes, name: str, place: str) -> Advisory:
    """One advisory.

    No entity is ever expanded: a document that declares one is refused, and none is fetched.

    :param name: of its file.
    :raises UnreadableAdvisory: for what is no advisory.
    """
    found = _FILE.match(name)
    try:
        text = content.decode("utf-8")
        if "<!ENTITY" in text:
            raise UnreadableAdvisory("it declares entities")
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise UnreadableAdvisory(f"it is no XML: {error}") from error
    if root.tag != "glsa" or found is None:
        raise UnreadableAdvisory("it is no advisory")
    return Advisory(
        id=root.get("id") or found[1],
        title=" ".join((root.findtext("title") or "").split()),
        file=place,
        affected=tuple(_affected(root)),
        references=tuple(sorted({_words(uri) for uri in root.findall("references/uri") if _words(uri)})),
    )


def _affected(root: ElementTree.Element) -> Iterator[Affected]:
    for package in root.findall("affected/package"):
        arches = package.get("arch", "*").split()
        yield Affected(
            package=package.get("name", "").strip(),
            arches=() if "*" in arches or not arches else tuple(arches),
            vulnerable=tuple(_ranges(package, "vulnerable")),
            unaffected=tuple(_ranges(package, "unaffected")),
        )


def _ranges(package: ElementTree.Element, tag: str) -> Iterator[Range]:
    for node in package.findall(tag):
        slot = node.get("slot", "").strip()
        yield Range(node.get("range", "").strip(), _words(node), "" if slot == "*" else slot)


def _words(node: ElementTree.Element) -> str:
    return " ".join((node.text or "").split())


def applies(advisory: Advisory, candidate: EbuildCandidate, arch: str) -> bool:
    """Whether an ebuild is vulnerable on an arch."""
    return any(
        entry.package == candidate.package
        and (not entry.arches or arch in entry.arches)
        and _in_any(entry.vulnerable, candidate)
        and not _in_any(entry.unaffected, candidate)
        for entry in advisory.affected
    )


def _in_any(ranges: Iterable[Range], candidate: EbuildCandidate) -> bool:
    return any(_within(each, candidate) for each in ranges)


def _within(limits: Range, candidate: EbuildCandidate) -> bool:
    """Whether an ebuild lies in a range; never in one whose version or operator cannot be read."""
    if limits.slot and not _in_slot(limits.slot, candidate):
        return False
    operator = limits.operator
    if operator in OPERATORS:
        return _admits(f"{OPERATORS[operator]}{candidate.package}-{limits.version}", candidate)
    plain = operator.removeprefix("r")
    written = _REVISION.match(limits.version)
    if plain not in OPERATORS or plain == operator or written is None:
        return False
    if not _admits(f"~{candidate.package}-{written['version']}", candidate):
        return False
    ours, theirs = candidate.listed.revision, int(written["revision"] or 0)
    return {
        "lt": ours < theirs,
        "le": ours <= theirs,
        "eq": ours == theirs,
        "ge": ours >= theirs,
        "gt": ours > theirs,
    }[plain]


def _admits(text: str, candidate: EbuildCandidate) -> bool:
    try:
        return depend.version_matches(parsed(parse_atom(text)), candidate.ebuild)
    except MalformedAtomError:
        return False


def _in_slot(slot: str, candidate: EbuildCandidate) -> bool:
    wanted, _, subslot = slot.partition("/")
    try:
        return candidate.slot == wanted and subslot in ("", candidate.subslot)
    except MetadataException:
        return False
