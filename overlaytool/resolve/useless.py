"""Packages that Flatcar has no use for, told by their names: it has systemd, and it sends no mail."""

from __future__ import annotations

import re

from overlaytool.model.dependency import Atom

MAIL = re.compile(r"virtual/mta|mail-mta/.+|net-mail/.+|acct-(?:user|group)/(?:mail|postmaster)")
OPENRC = re.compile(r"sys-apps/(?:openrc|sysvinit)|.+/.*(?:init-?scripts|openrc).*")
DOES_FOR_ALL = "9999"
"""The version that Flatcar's package.provided has where any version will do."""


def purpose_by_name(package: str) -> str | None:
    """A sentence that says why Flatcar has no use for a package, or None where it may have."""
    if MAIL.fullmatch(package):
        return "Flatcar sends no mail."
    if OPENRC.fullmatch(package):
        return "Only installs OpenRC files."
    return None


def version_to_provide(atom: Atom) -> str | None:
    """A CPV for package.provided that satisfies an atom, or None where that cannot be told."""
    head = atom.text.partition("[")[0].partition(":")[0]
    if head == atom.package or head.startswith(">"):
        return f"{atom.package}-{DOES_FOR_ALL}"
    if head.startswith(("=", "~", "<=")) and not head.endswith("*"):
        return head.lstrip("=~<")
    return None
