"""Lines of ``changelog/updates`` for packages that have a new version, with links to their release notes.

A link is the one of the package's last entry with the version replaced: 403 of 674 links that the
maintainers wrote in a year were just that. Where there is none, upstream's page stands in, or TODO.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from overlaytool.flatcar.tree import Tree
from overlaytool.model.review import PackageReview
from overlaytool.support.files import read_bytes

DIRECTORY = "changelog/updates"
FORMER_FILES = 400
"""Files of former entries that are read, newest first."""
SDK_KEPT = frozenset({"dev-lang/go"})
"""Packages of the SDK alone that the changelog names all the same."""
_ENTRY = re.compile(
    r"^- (?:[^:\n]+: )?(?P<name>[\w+.-]+)(?: \([^)\n\[]*\))*"
    r" \(\[(?P<version>[^\]\n]+)\]\((?P<url>[^)\n]+)\)"
)
_REMOTE = re.compile(
    r"""<remote-id\s+type=["'](?P<site>github|gitlab)["']\s*>\s*(?P<path>[\w.-]+/[\w.-]+)\s*<"""
)
_SITES = {"github": "https://github.com/{}/releases", "gitlab": "https://gitlab.com/{}/-/releases"}
_REVISION = re.compile(r"-r\d+$")


class Former(Struct, frozen=True, kw_only=True):
    """A package's last entry."""

    version: str
    url: str


def former_entries(tree: Tree) -> Mapping[str, Former]:
    """The last entry of each package, by its name without the category."""
    found: dict[str, Former] = {}
    for path in sorted(tree.list(DIRECTORY), reverse=True)[:FORMER_FILES]:
        state = tree.read(path)
        for line in state.content.decode("utf-8", "replace").splitlines() if state else ():
            entry = _ENTRY.match(line)
            if entry:
                found.setdefault(entry["name"], Former(version=entry["version"], url=entry["url"]))
    return found


def link(version: str, former: Former | None, upstream: str | None) -> str:
    """Where the release notes of a version are.

    :param upstream: a page to fall back to.
    """
    if former is not None:
        for spell in (str, _underscored, _dashed, _joined):
            if spell(former.version) in former.url:
                return former.url.replace(spell(former.version), spell(version))
    return upstream or "TODO"


def upstream_page(directory: Path) -> str | None:
    """The page of releases that a package's metadata.xml leads to (GLEP 68), or None."""
    try:
        text = read_bytes(directory / "metadata.xml").decode("utf-8", "replace")
    except OSError:
        return None
    found = _REMOTE.search(text)
    return _SITES[found["site"]].format(found["path"]) if found else None


def _underscored(version: str) -> str:
    return version.replace(".", "_")


def _dashed(version: str) -> str:
    return version.replace(".", "-")


def _joined(version: str) -> str:
    return version.replace(".", "")


def lines(
    packages: Iterable[PackageReview], former: Mapping[str, Former], upstream: Mapping[str, str]
) -> tuple[str, ...]:
    """The entry's lines, sorted.

    :param upstream: by package: a page to fall back to.
    """
    found = []
    for entry in packages:
        tags, versions = _news(entry)
        if not versions or (set(tags) <= {"SDK", "build"} and entry.package not in SDK_KEPT):
            continue
        name = entry.package.rpartition("/")[2]
        links = [
            f"[{version}]({link(version, former.get(name), upstream.get(entry.package))})"
            for version in versions
        ]
        shown = ", ".join(tag for tag in tags if tag != "build")
        more = f" (includes {', '.join(links[1:])})" if len(links) > 1 else ""
        found.append(f"- {shown}: {name} ({links[0]}{more})")
    return tuple(sorted(found))


def _news(entry: PackageReview) -> tuple[Sequence[str], Sequence[str]]:
    """The tags of the targets that get a new version, and the versions, without revisions, newest first."""
    tags: set[str] = set()
    versions: dict[str, None] = {}
    for change in entry.versions:
        if change.old is None or change.new is None:
            continue
        old, new = (_REVISION.sub("", version) for version in (change.old, change.new))
        if old != new:
            tags.update(change.targets)
            versions[new] = None
    return sorted(tags), list(versions)


def file_name(today: date) -> str:
    """The path of a weekly update's entry."""
    return f"{DIRECTORY}/{today.isoformat()}-weekly-updates.md"
