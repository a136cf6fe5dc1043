"""Recognizes packages that Flatcar has no use for, and that package.provided should list.

Flatcar boots with systemd and sends no mail: a package that only installs scripts for OpenRC, or only
delivers mail, does nothing in an image (INSTALL_MASK removes /etc/init.d and /etc/conf.d anyway).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from overlaytool.ebuild.source import TreeSource
from overlaytool.model.dependency import Atom
from overlaytool.model.notices.planning import NoUse
from overlaytool.model.resolution import Notice, Resolution, State, package_name
from overlaytool.resolve.useless import purpose_by_name

_INSTALLS = re.compile(
    r"^\s*(?P<verb>(?:do|new)[a-z]+|emake|default|meson_src_install|cmake_src_install)\b", re.MULTILINE
)
_SCRIPTS = frozenset({"doinitd", "newinitd", "doconfd", "newconfd"})
_DOCUMENTS = frozenset({"dodoc", "newdoc", "doman", "newman", "docinto"})


def comment_of(source: TreeSource, atom: Atom, askers: Iterable[str]) -> tuple[bool, str]:
    """Whether Flatcar has no use for a package at all, and the comment for its entry."""
    purpose = purpose_of(source, atom.package)
    by = [package_name(cpv) for cpv in askers]
    pulled = f"Pulled in by {', '.join(sorted(set(by)))}." if by else ""
    if purpose is not None:
        return True, f"{purpose} {pulled}".strip()
    return False, pulled or "Not needed."


def purpose_of(source: TreeSource, package: str) -> str | None:
    """A sentence that says why Flatcar has no use for a package, or None where it may have."""
    known = purpose_by_name(package)
    if known is not None:
        return known
    for name in ("", *source.source_names()):
        offered = source.source_candidates(name, package) if name else source.checkout_candidates(package)
        for candidate in offered:
            body = candidate.text.partition("src_install()")[2]
            verbs = {found["verb"] for found in _INSTALLS.finditer(body.partition("\n}")[0])}
            if verbs & _SCRIPTS and verbs <= _SCRIPTS | _DOCUMENTS:
                return "Only installs OpenRC files."
    return None


def no_use(resolution: Resolution, source: TreeSource) -> Iterator[Notice]:
    """A notice for each new package that Flatcar has no use for, but for those that the request names."""
    requested = {edge.child.cpv for edge in resolution.edges if edge.parent is None}
    new = {package.cpv: package for package in resolution.packages if package.state is State.ADD}
    for cpv in sorted(new.keys() - requested):
        purpose = purpose_of(source, new[cpv].name)
        if purpose is not None:
            yield NoUse(cpv=cpv, purpose=f"{purpose[0].lower()}{purpose[1:]}").notice
