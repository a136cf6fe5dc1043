"""Metadata for Portage, entry by entry, in the format of ``metadata/md5-cache``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar.checkout import TREES, Checkout
from overlaytool.model import package_name

NOT_STORED = frozenset(("INHERITED", "INHERIT"))
"""Made from ``_eclasses_`` by whoever reads an entry."""


def lookup(cache: MetadataCache) -> Callable[[Path, str], Mapping[str, str] | None]:
    """A function from a checkout's tree and a CPV to the entry of that ebuild, sourced where it has to be.

    It knows each tree of each checkout that it is asked about as it was when it was first asked. None
    for an ebuild that is not there or cannot be sourced. Not to be called from two threads at once.
    """
    checkouts: dict[Path, TreeSource] = {}

    def entry(tree: Path, cpv: str) -> Mapping[str, str] | None:
        top = tree.parents[len(TREES.parts)]
        source = checkouts.get(top)
        if source is None:
            checkout = Checkout(path=top, version="", boards=())
            source = checkouts[top] = TreeSource(checkout, {}, cache=cache, boards=())
        for repository in source.repositories:
            if repository.path == tree:
                for ebuild in repository.ebuilds(package_name(cpv)):
                    if getattr(ebuild, "cpvstr", None) == cpv:
                        return _entry(ebuild)
        return None

    return entry


def _entry(ebuild: Any) -> dict[str, str] | None:
    try:
        data: Mapping[str, Any] = ebuild.data
        text = Path(ebuild.path).read_bytes()
    except (MetadataException, OSError):
        return None
    entry = {
        key: str(value)
        for key, value in data.items()
        if value and not key.startswith("_") and key not in NOT_STORED
    }
    inherited = data.get("_eclasses_") or {}
    if inherited:
        entry["_eclasses_"] = "\t".join(
            word for name, file in sorted(inherited.items()) for word in (name, f"{file.md5:032x}")
        )
    return entry | {"_md5_": md5(text, usedforsecurity=False).hexdigest()}
