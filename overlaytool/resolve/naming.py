"""What people type and paste for a package, written as an atom: URLs, paths, versions without an operator."""

from __future__ import annotations

import re

from overlaytool.errors import MalformedAtomError

_SITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:packages\.gentoo\.org/packages"
    r"|gitweb\.gentoo\.org/repo/gentoo\.git/(?:tree|plain|log)"
    r"|github\.com/gentoo/gentoo/(?:tree|blob|commits)/[^/]+)"
    r"/(?P<package>[\w+.-]+/[\w+.-]+)(?:/.*|[?#].*)?"
)
"""A package on Gentoo's sites: its page, or where its files are."""
_PATH = re.compile(
    r"(?:.*/)?(?P<category>[\w+.-]+)/(?P<name>[\w+.-]+)/(?P=name)-(?P<version>[\w.-]+)\.ebuild"
)
_DIRECTORY = re.compile(r"(?:\.{0,2}/)(?:.*/)?(?P<package>[\w+.-]+/[\w+.-]+)/?")
_VERSIONED = re.compile(
    r"(?P<package>[\w+.-]+/[\w+-]*?[A-Za-z+_][\w+]*)-"
    r"(?P<version>\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d*)*(?:-r\d+)?)(?P<rest>(?::[^\[]*)?(?:\[.*)?)"
)
"""Category, name and a version of PMS section 3.2, without an operator in front."""

NEVER_MEANT = ("acct-group/", "acct-user/", "virtual/")
"""Categories that a bare name does not mean where another package has it: so emerge has it."""


def as_atom(text: str) -> str:
    """The atom that a text stands for; text of no such form as it is.

    >>> as_atom("https://packages.gentoo.org/packages/sys-process/htop")
    'sys-process/htop'
    >>> as_atom("https://github.com/gentoo/gentoo/tree/master/sys-process/htop/files")
    'sys-process/htop'
    >>> as_atom("/var/db/repos/gentoo/sys-process/htop/htop-3.4.1.ebuild")
    '=sys-process/htop-3.4.1'
    >>> as_atom("sys-process/htop-3.4.1")
    '=sys-process/htop-3.4.1'

    :raises MalformedAtomError: for an atom that names a repository: which tree a package is taken from is
        not the atom's to say.
    """
    if found := _PATH.fullmatch(text):
        return f"={found['category']}/{found['name']}-{found['version']}"
    if found := _SITE.fullmatch(text):
        return found["package"]
    if found := _DIRECTORY.fullmatch(text):
        return found["package"]
    if found := _VERSIONED.fullmatch(text.rstrip("/")):
        return f"={found['package']}-{found['version']}{found['rest']}"
    name, separator, repository = text.partition("::")
    if separator:
        raise MalformedAtomError(
            f"{text!r} names the repository {repository.partition('[')[0]}",
            details=("the trees that packages are taken from, and their order, are options",),
            hint=f"leave out ::{repository.partition('[')[0]}; --gentoo and --source name the trees",
        )
    return name.rstrip("/")


def meant(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Of several packages of one name those that a bare name can mean; all where that leaves none."""
    left = tuple(package for package in packages if not package.startswith(NEVER_MEANT))
    return left or packages
