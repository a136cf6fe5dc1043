"""Metadata for Portage, entry by entry, in the format of ``metadata/md5-cache``.

What Portage will ask for next stands in the dependencies of what it has just been told. So while it
works on one answer, the ebuilds that are named there are sourced ahead, on another thread; unless all
that was asked for until then was known.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

from pkgcore.package.errors import MetadataException

from overlaytool.ebuild import runtime
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar.checkout import TREES, Checkout
from overlaytool.model.resolution import package_name

NOT_STORED = frozenset(("INHERITED", "INHERIT"))
"""Made from ``_eclasses_`` by whoever reads an entry."""
PATIENCE = 5.0
"""Seconds to wait at the end for an ebuild that is being sourced ahead; then it counts as hung."""
DEPENDENCIES = ("BDEPEND", "DEPEND", "RDEPEND", "PDEPEND", "IDEPEND")
ATOM = re.compile(r"(?<![\w!~<>=])(?P<operator>[<>=~]*)(?P<name>[A-Za-z0-9+_.-]+/[A-Za-z0-9+_.-]+)")
"""An atom in a dependency string, as far as its name goes; blockers are none of those."""


class Lookup:
    """A function from a checkout's tree and a CPV to the entry of that ebuild, sourced where it has to be.

    It knows each tree of each checkout that it is asked about as it was when it was first asked. Not to
    be called from two threads at once. Use it as a context manager: reading ahead ends with it.
    """

    def __init__(self, cache: MetadataCache) -> None:
        self._cache = cache
        self._checkouts: dict[Path, TreeSource] = {}
        self._ahead: deque[tuple[TreeSource, str]] = deque()
        self._named: set[tuple[int, str]] = set()
        self._work, self._ended = threading.Semaphore(0), False
        self._thread = threading.Thread(target=self._read_ahead, daemon=True)

    def __enter__(self) -> Lookup:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._ended = True
        self._work.release()
        if kind is not None:
            runtime.abandon()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            runtime.abandon()
            self._thread.join()
        self._cache.flush()

    def __call__(self, tree: Path, cpv: str) -> Mapping[str, str] | None:
        """The md5-dict entry; None for an ebuild that is not there or cannot be sourced.

        :raises RepositoryError: when ``tree`` is no ebuild repository of a checkout.
        """
        source = self._open(tree.parents[len(TREES.parts)])
        for repository in source.repositories:
            if repository.path == tree:
                for ebuild in repository.ebuilds(package_name(cpv)):
                    if getattr(ebuild, "cpvstr", None) == cpv:
                        return self._tell(source, ebuild)
        return None

    def _open(self, top: Path) -> TreeSource:
        source = self._checkouts.get(top)
        if source is None:
            checkout = Checkout(path=top, version="", boards=())
            source = self._checkouts[top] = TreeSource(checkout, {}, cache=self._cache, boards=())
        return source

    def _tell(self, source: TreeSource, ebuild: Any) -> dict[str, str] | None:
        entry = _entry(ebuild)
        if entry is not None and self._cache.has_news:
            for package in _named_in(entry):
                if (id(source), package) not in self._named:
                    self._named.add((id(source), package))
                    self._ahead.append((source, package))
                    self._work.release()
        return entry

    def _read_ahead(self) -> None:
        """Source what was named last first: Portage goes deep before it goes wide."""
        while self._work.acquire() and not self._ended:
            source, package = self._ahead.pop()
            likely = next((c for c in source.checkout_candidates(package) if not c.live), None)
            if likely is not None:
                _entry(likely.ebuild)


def _named_in(entry: Mapping[str, str]) -> Iterator[str]:
    """The packages of an entry's dependencies, whatever the USE flags."""
    for key in DEPENDENCIES:
        for atom in ATOM.finditer(entry.get(key, "")):
            yield package_name(atom["name"]) if atom["operator"] else atom["name"]


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
