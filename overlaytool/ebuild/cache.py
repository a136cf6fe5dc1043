"""Sourced metadata, kept in the user's cache directory: one SQLite file, valid by content.

An entry is found by what it was made from: the CPV, the ebuild's digest, and the digests of the
eclasses that it inherits. So the checkout's and Gentoo's trees and their versions share entries, moving a
tree costs nothing, and an edited ebuild or eclass can never be answered with old metadata. Other trees have
entries of their own: an ebuild may read more of its tree than its eclasses. Each entry carries a digest of
itself: a damaged one is sourced again, a damaged file is put aside and made anew. SQLite's locking
makes two runs at once safe.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import batched, chain
from pathlib import Path

import msgspec

SCHEMA = 4
PRUNE_AFTER = 90 * 86400
"""Seconds for which an entry is kept without being used."""
TOUCH_AFTER = 7 * 86400
"""Seconds after which a use is written down: reading stays reading on most days."""
BUSY_TIMEOUT = 10.0
"""Seconds to wait for another run that writes."""

NO_DAMAGE = frozenset(
    (
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    )
)
"""SQLite's codes of errors after which the file is as good as before."""

BATCH = 200
"""Ebuilds that are looked up at once."""

type Ebuild = tuple[str, str]
"""CPV, and the md5 of the file in hex."""

type _Row = tuple[str, str, str, bytes, bytes, bytes, int]
"""Tree, CPV, md5, digest of the eclasses, entry, its own digest, when it was used."""

type Metadata = Mapping[str, str]
"""PMS metadata keys and values, and ``_eclasses_``: name and md5 in turn, split by tabs (md5-dict format).

Of an ebuild that cannot be sourced: ``_failed_`` says why; ``_eclasses_`` is what it had inherited till then.
"""


class MetadataCache:
    """The store. Every failure of the disk means no cache, never a wrong answer or an error."""

    def __init__(self, directory: Path) -> None:
        """:param directory: the user's cache directory; made when something is written."""
        self._path = directory / f"metadata-{SCHEMA}.sqlite"
        self._pending: list[tuple[str, str, str, bytes, bytes, int]] = []
        self._fresh: dict[tuple[str, str, str], list[bytes]] = defaultdict(list)
        """What was put and is not written yet, by tree, CPV and md5."""
        self._used: list[tuple[str, str, str, bytes]] = []
        self._lock = threading.Lock()
        self._connection = self._open()

    def get(self, ebuilds: Iterable[Ebuild], tree: str = "") -> dict[Ebuild, Iterator[dict[str, str]]]:
        """What is known of ebuilds: an entry for each set of eclasses, the one that was used last first.

        Ebuilds of which nothing is known are left out. An entry that is looked at counts as used.

        :param tree: whose they are; empty for the trees that share what is known.
        """
        wanted = list(ebuilds)
        rows: dict[Ebuild, list[_Row]] = defaultdict(list)
        for some in batched(wanted, BATCH):
            for row in self._rows(some, tree):
                rows[row[1:3]].append(row)
        fresh = {ebuild: self._fresh.get((tree, *ebuild), ()) for ebuild in wanted} if self._fresh else {}
        return {
            ebuild: self._entries(rows[ebuild], fresh.get(ebuild, ()))
            for ebuild in wanted
            if ebuild in rows or fresh.get(ebuild)
        }

    def _entries(self, rows: Iterable[_Row], fresh: Iterable[bytes]) -> Iterator[dict[str, str]]:
        yield from map(_decode, fresh)
        horizon = time.time() - TOUCH_AFTER
        try:
            for tree, cpv, ebuild, eclasses, body, digest, used in rows:
                if digest == _digest(tree, cpv, ebuild, body):
                    if used < horizon:
                        self._used.append((tree, cpv, ebuild, eclasses))
                    yield _decode(body)
        except Exception:  # whatever it is that is there, it was not written here
            self._discard()

    def _rows(self, ebuilds: Sequence[Ebuild], tree: str) -> list[_Row]:
        if self._connection is None:
            return []
        keys = ", ".join(["(?, ?)"] * len(ebuilds))
        query = (  # a cross join: SQLite would read the whole table for an IN
            f"WITH wanted(name, md5) AS (VALUES {keys}) SELECT entry.* FROM wanted CROSS JOIN entry"
            " ON tree = ? AND cpv = name AND ebuild = md5 ORDER BY used DESC"
        )
        try:
            with self._lock:
                return self._connection.execute(query, [*chain.from_iterable(ebuilds), tree]).fetchall()
        except Exception as error:  # of SQLite, or of Python where it cannot read what is there
            if _is_damage(error):
                self._discard()
            return []

    def put(self, cpv: str, ebuild_md5: str, metadata: Metadata, tree: str = "") -> None:
        """Remember an entry; written by :meth:`flush`. See :meth:`get` for the tree."""
        body = _encode(metadata)
        eclasses = blake2b(metadata.get("_eclasses_", "").encode(), digest_size=16).digest()
        self._pending.append((tree, cpv, ebuild_md5, eclasses, body, int(time.time())))
        self._fresh[tree, cpv, ebuild_md5].append(body)

    def flush(self) -> None:
        """Write what was put, and prune what nothing has used for long."""
        if not self._pending and not self._used:
            return
        connection = self._connection or self._open(create=True)
        if connection is None:
            return
        self._connection = connection
        now = int(time.time())
        try:
            with connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (tree, cpv, ebuild, eclasses, body, _digest(tree, cpv, ebuild, body), used)
                        for tree, cpv, ebuild, eclasses, body, used in self._pending
                    ],
                )
                connection.executemany(
                    "UPDATE entry SET used = ? WHERE tree = ? AND cpv = ? AND ebuild = ? AND eclasses = ?",
                    [(now, *key) for key in self._used],
                )
                connection.execute("DELETE FROM entry WHERE used < ?", (now - PRUNE_AFTER,))
        except Exception as error:
            if _is_damage(error):
                self._discard()
        self._pending.clear()
        self._fresh.clear()
        self._used.clear()

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        self.flush()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self, *, create: bool = False) -> sqlite3.Connection | None:
        if not create and not self._path.exists():
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entry (tree TEXT, cpv TEXT, ebuild TEXT, eclasses BLOB,"
                " body BLOB, digest BLOB, used INTEGER, PRIMARY KEY (tree, cpv, ebuild, eclasses))"
            )
        except Exception as error:
            if _is_damage(error):
                self._discard()
            return None
        return connection

    def _discard(self) -> None:
        """Put a file aside that SQLite cannot read, so that the next flush makes a new one."""
        connection = getattr(self, "_connection", None)
        self._connection = None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _is_damage(error: Exception) -> bool:
    """Whether an error says that the file is not as it should be: any but those of the disk and of locks."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in NO_DAMAGE
    return not isinstance(error, OSError)


def _digest(tree: str, cpv: str, ebuild_md5: str, body: bytes) -> bytes:
    made_from = "\0".join((tree, cpv, ebuild_md5)).encode()
    return blake2b(made_from + b"\0" + body, digest_size=16).digest()


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(dict[str, str]).decode
