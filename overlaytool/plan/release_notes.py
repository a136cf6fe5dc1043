"""Lines of the changelog: packages that have a new version, with links, and what advisories they close.

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
from overlaytool.model.resolution import package_name
from overlaytool.model.review import AdvisoryChange, PackageReview
from overlaytool.support.files import read_bytes

UPDATES, SECURITY = "updates", "security"
"""The directories below ``changelog`` that an update writes to."""
DIRECTORY = f"changelog/{UPDATES}"
CVE_PAGE = "https://www.cve.org/CVERecord?id="
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
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
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


def security_lines(changes: Iterable[AdvisoryChange]) -> tuple[str, ...]:
    """The lines of ``changelog/security`` for advisories that are closed by what users get, sorted.

    ``- expat ([CVE-2026-24515](https://…), …)``; GLSAs that name no CVE stand under their own name.
    """
    fixed: dict[str, dict[str, None]] = {}
    for change in changes:
        if change.opened or set(change.targets) <= {"SDK", "build"}:
            continue
        cited = [f"[{name}]({CVE_PAGE}{name})" for name in change.references if _CVE.fullmatch(name)]
        own = f"[GLSA-{change.advisory}](https://security.gentoo.org/glsa/{change.advisory})"
        for cpv in change.packages:
            name = package_name(cpv).rpartition("/")[2]
            fixed.setdefault(name, {}).update(dict.fromkeys(cited or [own]))
    return tuple(f"- {name} ({', '.join(links)})" for name, links in sorted(fixed.items()))


def file_name(kind: str, today: date) -> str:
    """The path of a weekly update's entry.

    :param kind: the directory below ``changelog``.
    """
    return f"changelog/{kind}/{today.isoformat()}-weekly-updates.md"
