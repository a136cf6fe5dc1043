"""Metadata of ebuilds: from our cache, from a md5-cache that the tree ships, else by sourcing.

Whatever is answered was made from exactly this ebuild and these eclasses: both are compared by digest.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pkgcore.ebuild.eapi import get_eapi
from pkgcore.ebuild.ebuild_src import package_factory
from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.guards import Guards
from overlaytool.ebuild.sandbox import POOL
from overlaytool.ebuild.shell import Bash, EbuildFault, LimitError
from overlaytool.ebuild.syntax import problem
from overlaytool.errors import UnsafeSourceError
from overlaytool.support.files import read_text

SHIPPED_CACHE = "metadata/md5-cache"
WORKERS = max(3, min(8, os.cpu_count() or 1))
"""Ebuilds sourced at the same time. Sourcing is bash's work: one more than two cores, so that none waits."""

KEEP_AFTER = 3
"""How often a bash reads an eclass before it keeps it: to take one in costs as much as reading it twice."""

SOURCING_LIMIT = 60.0
"""Seconds after which an ebuild counts as one that never ends. Sourcing takes some hundredths."""

_given_up: dict[tuple[str, str], LimitError] = {}
"""Ebuilds by CPV and md5 that took too much of something: they would again."""

UNSOURCED = "failed sourcing ebuild"
"""How pkgcore begins what it says of an ebuild that bash cannot source."""
FAILED = "_failed_"
"""In an entry of the cache: why the ebuild cannot be sourced, instead of its metadata."""
ABSENT = "-"
"""The digest of an eclass that is not there."""


class CachedMetadataFactory(package_factory):  # type: ignore[misc]
    """pkgcore's factory of packages, asking :class:`MetadataCache` before it sources."""

    def _get_metadata(self, pkg: Any, ebp: Any = None, force_regen: bool = False) -> Mapping[str, Any]:
        if pkg not in self._invalid and self.load_known([pkg]):
            return self.source(pkg, ebp)
        if pkg in self._invalid:
            raise MetadataException(pkg, "data", self._invalid[pkg])
        known: Mapping[str, Any] = pkg.data
        return known

    @cached_property
    def _invalid(self) -> WeakKeyDictionary[Any, str]:
        """Packages whose metadata cannot be read, and why."""
        return WeakKeyDictionary()

    @cached_property
    def _guards(self) -> Guards:
        """What the eclasses say about EAPIs."""
        return Guards(self._ecache.path)

    def source(self, pkg: Any, ebp: Any = None) -> Mapping[str, Any]:
        """Metadata of an ebuild that nothing is known of yet.

        :raises MetadataException: pkgcore's, when it cannot be sourced.
        :raises UnsafeSourceError: when it is a link to something that is in no tree.
        :raises ContainmentError: when nobody vouches for its tree and it would not be contained.
        """
        self._refuse_stranger(pkg)
        if not self._parent_repo.trusted:
            POOL.refuse_uncontained(Path(self._parent_repo.location))
        try:
            refusal = self._guards.refusal(self._parent_repo.text(pkg), str(pkg.eapi))
            digest = self._parent_repo.digest(pkg)
        except OSError as error:
            raise MetadataException(pkg, "data", f"it cannot be read: {error.strerror}") from error
        cache: MetadataCache = self._parent_repo.metadata_cache
        try:
            if refusal is not None and pkg.eapi.supported:
                raise MetadataException(pkg, "data", f"{UNSOURCED}: {refusal}")
            metadata: dict[str, Any] = self._update_metadata(pkg, ebp=ebp)
        except MetadataException as error:
            self._invalid[pkg] = " ".join(error.msg().split())
            if isinstance(error.verbose, EbuildFault):
                entry = self._plain({FAILED: self._invalid[pkg]}, error.verbose.inherited, digest)
                cache.put(pkg.cpvstr, digest, entry, self._parent_repo.shared_as)
            raise
        if metadata.get("_chf_") is not None:
            entry = self._plain(metadata, metadata.get("_eclasses_") or (), digest)
            cache.put(pkg.cpvstr, digest, entry, self._parent_repo.shared_as)
        if (reason := problem(metadata)) is not None:
            self._invalid[pkg] = reason
            raise MetadataException(pkg, "data", reason)
        return metadata

    def _refuse_stranger(self, pkg: Any) -> None:
        """Only trees can be read where ebuilds are sourced: a link may lead anywhere.

        :raises UnsafeSourceError: when an ebuild is elsewhere.
        """
        real = os.path.realpath(pkg.path)
        if not any(real.startswith(f"{os.path.realpath(tree)}/") for tree in POOL.trees):
            raise UnsafeSourceError(
                f"{pkg.path} is a link out of its tree",
                details=(f"it leads to {real}",),
                hint="name the tree by the path where its files are, or put the files there",
            )

    def load_known(self, packages: Iterable[Any]) -> list[Any]:
        """Give packages their metadata, as far as that can be done without sourcing; those left over."""
        left, digests = [], {}
        for pkg in packages:
            try:
                digests[pkg] = self._parent_repo.digest(pkg)
            except OSError:
                left.append(pkg)
        cache: MetadataCache = self._parent_repo.metadata_cache
        wanted = ((pkg.cpvstr, digest) for pkg, digest in digests.items())
        found = cache.get(wanted, self._parent_repo.shared_as)
        for pkg, digest in digests.items():
            known = self._known(pkg, digest, found.get((pkg.cpvstr, digest), ()))
            if known is None:
                left.append(pkg)
                continue
            if (reason := known.get(FAILED) or problem(known)) is not None:
                self._invalid[pkg] = reason
                continue
            object.__setattr__(pkg, "data", known)
            with suppress(ValueError):  # told by pkgcore, when it is asked for
                object.__setattr__(pkg, "eapi", get_eapi(known.get("EAPI", "0")))
        return left

    def _known(self, pkg: Any, digest: str, entries: Iterable[Mapping[str, str]]) -> dict[str, Any] | None:
        """Metadata that was made from this ebuild and these eclasses before, or None.

        :param digest: the ebuild's md5, in hex.
        :param entries: what the cache has for that.
        """
        for entry in entries:
            if (inherited := self._inherited(entry)) is not None:
                return _bound(entry, inherited)
        shipped = self._shipped(pkg, digest)
        if shipped is not None and (inherited := self._inherited(shipped)) is not None:
            return _bound(shipped, inherited)
        return None

    def _update_metadata(self, pkg: Any, ebp: Any = None) -> dict[str, Any]:
        """Source an ebuild.

        Bash keeps the eclasses that it reads often, as functions. What cannot be sourced with those is
        sourced with the files themselves before it counts as broken: not all code can stand in a function.

        :raises MetadataException: pkgcore's, when it cannot be sourced, or takes too much of something.
        """
        key = (pkg.cpvstr, self._parent_repo.digest(pkg))
        if key in _given_up:
            raise MetadataException(pkg, "data", str(_given_up[key]))
        with POOL.bash(self._parent_repo.needed_by_bash) as bash:
            self._clear_others(bash)
            kept = bool(bash.kept)
            try:
                metadata = self._sourced(pkg, bash)
            except MetadataException as error:
                if isinstance(error.verbose, LimitError):
                    _given_up[key] = error.verbose
                    raise MetadataException(pkg, "data", str(error.verbose)) from error
                if not kept:
                    raise
            else:
                self._keep_eclasses(bash, tuple(metadata.get("_eclasses_", ())))
                return metadata
        with POOL.bash(self._parent_repo.needed_by_bash) as bash:
            bash.forget()
            return self._sourced(pkg, bash)

    def _sourced(self, pkg: Any, bash: Bash) -> dict[str, Any]:
        bash.limit = SOURCING_LIMIT
        metadata: dict[str, Any] = super()._update_metadata(pkg, ebp=bash)
        return metadata

    def _keep_eclasses(self, bash: Bash, inherited: Iterable[str]) -> None:
        """Let bash keep those eclasses that it has read so often that it may well be asked for them again."""
        bash.read.update(inherited)
        for name in inherited:
            if bash.read[name] >= KEEP_AFTER and name not in bash.kept and self._ecache.may_be_kept(name):
                bash.keep(name, self._ecache.eclasses[name].path)

    def _clear_others(self, bash: Bash) -> None:
        """Let bash forget the eclasses that it keeps where they are others for this tree."""
        eclasses = self._ecache.eclasses
        for name, path in bash.kept.items():
            if name not in eclasses or eclasses[name].path != path:
                bash.forget()
                return

    def _inherited(self, entry: Mapping[str, str]) -> dict[str, Any] | None:
        """The entry's eclasses as pkgcore wants them, or None when one differs from ours."""
        words = entry.get("_eclasses_", "").split("\t")
        inherited: dict[str, Any] = {}
        for name, digest in zip(words[::2], words[1::2], strict=False):
            if (self._ecache.digest(name) or ABSENT) != digest:
                return None
            inherited[name] = self._ecache.eclasses.get(name)
        return inherited

    def _plain(self, metadata: Mapping[str, Any], eclasses: Iterable[str], digest: str) -> dict[str, str]:
        """An entry for the cache: metadata or a failure, made from these eclasses and an ebuild's digest."""
        plain = {
            key: str(value)
            for key, value in metadata.items()
            if value and (key == FAILED or not key.startswith("_"))
        }
        inherited = [word for name in eclasses for word in (name, self._ecache.digest(name) or ABSENT)]
        if inherited:
            plain["_eclasses_"] = "\t".join(inherited)
        plain["_md5_"] = digest
        return plain

    def _shipped(self, pkg: Any, digest: str) -> dict[str, str] | None:
        """The md5-cache entry that a trusted tree brings, when its checksums hold (md5-dict format)."""
        if not self._parent_repo.trusted:
            return None
        path = Path(self._parent_repo.location, SHIPPED_CACHE, pkg.category, f"{pkg.package}-{pkg.fullver}")
        try:
            text = read_text(path)
        except (OSError, UnicodeDecodeError):
            return None
        entry = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
        return entry if entry.get("_md5_") == digest and "SLOT" in entry else None


def _bound(entry: Mapping[str, str], inherited: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as pkgcore's packages want it."""
    bound: dict[str, Any] = {
        key: value for key, value in entry.items() if key == FAILED or not key.startswith("_")
    }
    if inherited:
        bound["_eclasses_"] = inherited
    return bound


def source(ebuilds: Iterable[Any]) -> None:
    """Make sure that the metadata of these is at hand: from the cache, else sourced, several at once.

    Failures are left for whoever asks for the metadata of such an ebuild: pkgcore raises them there.
    """
    factories: dict[CachedMetadataFactory, list[Any]] = defaultdict(list)
    for ebuild in ebuilds:
        factories[ebuild._parent].append(ebuild)
    pending = [ebuild for factory, some in factories.items() for ebuild in factory.load_known(some)]
    if len(pending) < 2:
        for ebuild in pending:
            _load(ebuild)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            list(pool.map(_load, pending))
        except BaseException:  # nobody waits for the others any more
            with POOL.abandoned():
                pool.shutdown(cancel_futures=True)
            raise


def _load(ebuild: Any) -> None:
    with suppress(MetadataException, UnsafeSourceError, OSError):
        object.__setattr__(ebuild, "data", ebuild._parent.source(ebuild))
