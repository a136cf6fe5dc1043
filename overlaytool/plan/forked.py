"""Finds the changes that a fork in coreos-overlay made, and where Flatcar can keep each of them instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import unified_diff

from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.tree import Tree
from overlaytool.git.repository import LOG, Repository
from overlaytool.model.notices.updating import ForkChange, ForkFile, ForkPristine, ForkUnknown, ForkUpstream
from overlaytool.model.resolution import Notice
from overlaytool.plan.kept_of_fork import SUFFIXES

_KINDS = (
    (re.compile(r"^\s*KEYWORDS="), "an entry of package.accept_keywords"),
    (re.compile(r"^\s*(?:IUSE|REQUIRED_USE)\+?=|\buse_(?:enable|with)\b|\buse\s"), "an entry of package.use"),
    (re.compile(r"\.patch\b|\bPATCHES\b|\beapply\b"), "a patch in coreos/user-patches"),
)
_ELSE = "a hook in coreos/config/env"
MOST = 12


def fork_changes(source: TreeSource, repository: Repository, tree: Tree, package: str) -> Iterator[Notice]:
    """A notice for each ebuild of the fork: the lines that only it has, and what they have to become.

    Lines that Gentoo's newest ebuild has as well are left out.
    """
    own = f"{OVERLAY}/{package}"
    gentoo = source.source_names()[0]
    newest = source.source_candidates(gentoo, package)[0]
    there = {line.strip() for line in newest.text.split("\n")}
    for path in tree.list(own):
        name = path.removeprefix(f"{own}/")
        state = tree.read(path)
        if not name.endswith(".ebuild") or state is None:
            continue
        text = state.content.decode("utf-8", "replace")
        found = _origin(source, repository, package, path, name)
        if found is None:
            yield ForkUnknown(file=name, newest=newest.cpv).notice
            continue
        where, origin = found
        lines = [
            line
            for line in unified_diff(origin.split("\n"), text.split("\n"), lineterm="", n=0)
            if line[:1] in "+-" and line[:3] not in ("+++", "---") and _counts(line[1:])
        ]
        left = [line for line in lines if line[0] == "-" or line[1:].strip() not in there]
        if not lines:
            yield ForkPristine(file=name, origin=where).notice
        elif not left:
            yield ForkUpstream(file=name, origin=where, newest=newest.cpv).notice
        else:
            shown = "; ".join(line.strip() for line in left[:MOST])
            more = f"; and {len(left) - MOST} more lines" if len(left) > MOST else ""
            forms = ", ".join(dict.fromkeys(map(_becomes, left)))
            yield ForkChange(file=name, origin=where, lines=f"{shown}{more}", forms=forms).notice
    for path in tree.list(own):
        name = path.removeprefix(f"{own}/")
        if (
            name.startswith("files/")
            and not name.endswith(SUFFIXES)
            and not (newest.repo.path / package / name).exists()
        ):
            yield ForkFile(file=name).notice


def _counts(line: str) -> bool:
    """Whether a line is more than a comment."""
    return bool(line.strip()) and not line.strip().startswith("#")


def _becomes(line: str) -> str:
    return next((kind for pattern, kind in _KINDS if pattern.search(line[1:])), _ELSE)


def _origin(
    source: TreeSource, repository: Repository, package: str, path: str, name: str
) -> tuple[str, str] | None:
    """Where the ebuild that a fork was made from was found, and its text."""
    gentoo = source.source_names()[0]
    for candidate in source.source_candidates(gentoo, package):
        if f"{package.partition('/')[2]}-{candidate.listed.written}.ebuild" == name:
            return f"Gentoo's {candidate.cpv}", candidate.text
    stable = f"{PORTAGE_STABLE}/{package}/{name}"
    last = repository.line(*LOG, "-n", "1", "--no-renames", "--diff-filter=D", "--format=%H", "--", stable)
    if last and (text := _blob(repository, f"{last}^:{stable}")) is not None:
        return f"portage-stable's until {last[:10]}", text
    first = repository.line(*LOG, "--no-renames", "--diff-filter=A", "--format=%H", "--", path).split()
    if first and (text := _blob(repository, f"{first[-1]}:{path}")) is not None:
        return f"its first copy in {first[-1][:10]}", text
    return None


def _blob(repository: Repository, revision: str) -> str | None:
    status, text, _stderr = repository.attempt("cat-file", "blob", revision)
    return None if status else text
