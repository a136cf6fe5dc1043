"""Metadata of ebuilds: from our cache, from a md5-cache that the tree ships, else by sourcing.

Whatever is answered was made from exactly this ebuild and these eclasses: both are compared by digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from pathlib import Path
from typing import Any

from pkgcore.ebuild import processor
from pkgcore.ebuild.ebuild_src import package_factory
from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.cache import MetadataCache

SHIPPED_CACHE = "metadata/md5-cache"
WORKERS = 2
"""Ebuilds sourced at the same time. Sourcing is bash's work; more than the usual cores gain nothing."""


class CachedMetadataFactory(package_factory):  # type: ignore[misc]
    """pkgcore's factory of packages, asking :class:`MetadataCache` before it sources."""

    def _get_metadata(self, pkg: Any, ebp: Any = None, force_regen: bool = False) -> Mapping[str, Any]:
        ebuild = Path(pkg.path).read_bytes()
        digest = md5(ebuild, usedforsecurity=False).hexdigest()
        cache: MetadataCache = self._parent_repo.metadata_cache
        for entry in cache.get(pkg.cpvstr, digest):
            if self._inherited(entry) is not None:
                return self._bound(entry)
        shipped = self._shipped(pkg, digest)
        if shipped is not None:
            return self._bound(shipped)
        metadata: dict[str, Any] = self._update_metadata(pkg, ebp=ebp)
        if metadata.get("_chf_") is not None:
            cache.put(pkg.cpvstr, digest, self._plain(metadata, digest))
        return metadata

    def _inherited(self, entry: Mapping[str, str]) -> dict[str, Any] | None:
        """The entry's eclasses as pkgcore wants them, or None when one differs from ours."""
        words = entry.get("_eclasses_", "").split("\t")
        inherited: dict[str, Any] = {}
        for name, digest in zip(words[::2], words[1::2], strict=False):
            data = self._ecache.eclasses.get(name)
            if data is None or f"{data.md5:032x}" != digest:
                return None
            inherited[name] = data
        return inherited

    def _bound(self, entry: Mapping[str, str]) -> dict[str, Any]:
        bound: dict[str, Any] = {key: value for key, value in entry.items() if not key.startswith("_")}
        inherited = self._inherited(entry)
        if inherited:
            bound["_eclasses_"] = inherited
        return bound

    def _plain(self, metadata: Mapping[str, Any], digest: str) -> dict[str, str]:
        plain = {key: str(value) for key, value in metadata.items() if not key.startswith("_") and value}
        eclasses = metadata.get("_eclasses_")
        if eclasses:
            plain["_eclasses_"] = "\t".join(
                word for name, data in eclasses.items() for word in (name, f"{data.md5:032x}")
            )
        plain["_md5_"] = digest
        return plain

    def _shipped(self, pkg: Any, digest: str) -> dict[str, str] | None:
        """The md5-cache entry that the tree brings, when its checksums hold (md5-dict format)."""
        path = Path(self._parent_repo.location, SHIPPED_CACHE, pkg.category, f"{pkg.package}-{pkg.fullver}")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        entry = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
        if entry.get("_md5_") != digest or "SLOT" not in entry:
            return None
        return entry if self._inherited(entry) is not None else None


def source(ebuilds: Iterable[Any]) -> None:
    """Make sure that the metadata of these is known, sourcing what has to be sourced in parallel.

    Failures are left for whoever asks for the metadata of such an ebuild: pkgcore raises them there.
    """
    pending = list(ebuilds)
    if len(pending) < 2:
        for ebuild in pending:
            _load(ebuild, None)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(_load_share, [pending[start::WORKERS] for start in range(WORKERS)]))


def _load_share(ebuilds: list[Any]) -> None:
    for ebuild in ebuilds:
        _load(ebuild, None)


def _load(ebuild: Any, ebp: processor.EbuildProcessor | None) -> None:
    try:
        _ = ebuild.data
    except MetadataException:
        return
