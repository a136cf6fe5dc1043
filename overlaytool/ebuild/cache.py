"""Sourced metadata, kept in the user's cache directory: one SQLite file, valid by content.

An entry is found by what it was made from: the CPV, the ebuild's digest, and the digests of the
eclasses that it inherits. So trees and their versions share entries, moving a tree costs nothing, and
an edited ebuild or eclass can never be answered with old metadata. Each entry carries a digest of
itself: a damaged one is sourced again, a damaged file is put aside and made anew. SQLite's locking
makes two runs at once safe.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import batched, chain
from pathlib import Path

import msgspec

SCHEMA = 2
PRUNE_AFTER = 90 * 86400
"""Seconds for which an entry is kept without being used."""
TOUCH_AFTER = 7 * 86400
"""Seconds after which a use is written down: reading stays reading on most days."""
BUSY_TIMEOUT = 10.0
"""Seconds to wait for another run that writes."""

BATCH = 200
"""Ebuilds that are looked up at once."""

type Ebuild = tuple[str, str]
"""CPV, and the md5 of the file in hex."""

type _Row = tuple[str, str, bytes, bytes, bytes, int]
"""CPV, md5, digest of the eclasses, entry, its own digest, when it was used."""

type Metadata = Mapping[str, str]
"""PMS metadata keys and values, and ``_eclasses_``: name and md5 in turn, split by tabs (md5-dict format)."""


class MetadataCache:
    """The store. Every failure of the disk means no cache, never a wrong answer or an error."""

    def __init__(self, directory: Path) -> None:
        """:param directory: the user's cache directory; made when something is written."""
        self._path = directory / f"metadata-{SCHEMA}.sqlite"
        self._pending: list[tuple[str, str, bytes, bytes, int]] = []
        self._used: list[tuple[str, str, bytes]] = []
        self._lock = threading.Lock()
        self._connection = self._open()

    def get(self, ebuilds: Iterable[Ebuild]) -> dict[Ebuild, Iterator[dict[str, str]]]:
        """What is known of ebuilds: an entry for each set of eclasses, the one that was used last first.

        Ebuilds of which nothing is known are left out. An entry that is looked at counts as used.
        """
        rows: dict[Ebuild, list[_Row]] = defaultdict(list)
        for some in batched(ebuilds, BATCH):
            for row in self._rows(some):
                rows[row[:2]].append(row)
        return {ebuild: self._entries(found) for ebuild, found in rows.items()}

    def _entries(self, rows: Iterable[_Row]) -> Iterator[dict[str, str]]:
        horizon = time.time() - TOUCH_AFTER
        for cpv, ebuild, eclasses, body, digest, used in rows:
            if digest != _digest(cpv, ebuild, body):
                continue
            if used < horizon:
                self._used.append((cpv, ebuild, eclasses))
            yield _decode(body)

    def _rows(self, ebuilds: Sequence[Ebuild]) -> list[_Row]:
        if self._connection is None:
            return []
        keys = ", ".join(["(?, ?)"] * len(ebuilds))
        query = (  # a cross join: SQLite would read the whole table for an IN
            f"WITH wanted(name, md5) AS (VALUES {keys}) SELECT entry.* FROM wanted CROSS JOIN entry"
            " ON cpv = name AND ebuild = md5 ORDER BY used DESC"
        )
        try:
            with self._lock:
                return self._connection.execute(query, [*chain.from_iterable(ebuilds)]).fetchall()
        except sqlite3.DatabaseError:
            self._discard()
            return []

    def put(self, cpv: str, ebuild_md5: str, metadata: Metadata) -> None:
        """Remember an entry; written by :meth:`flush`."""
        body = _encode(metadata)
        eclasses = blake2b(metadata.get("_eclasses_", "").encode(), digest_size=16).digest()
        self._pending.append((cpv, ebuild_md5, eclasses, body, int(time.time())))

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
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (cpv, ebuild, eclasses, body, _digest(cpv, ebuild, body), used)
                        for cpv, ebuild, eclasses, body, used in self._pending
                    ],
                )
                connection.executemany(
                    "UPDATE entry SET used = ? WHERE cpv = ? AND ebuild = ? AND eclasses = ?",
                    [(now, *key) for key in self._used],
                )
                connection.execute("DELETE FROM entry WHERE used < ?", (now - PRUNE_AFTER,))
        except sqlite3.OperationalError:
            pass  # busy for too long, read-only or full: the next run sources again
        except sqlite3.DatabaseError:
            self._discard()
        self._pending.clear()
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
                "CREATE TABLE IF NOT EXISTS entry (cpv TEXT, ebuild TEXT, eclasses BLOB, body BLOB,"
                " digest BLOB, used INTEGER, PRIMARY KEY (cpv, ebuild, eclasses))"
            )
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError:
            self._discard()
            return None
        except OSError:
            return None
        return connection

    def _discard(self) -> None:
        """Put a file aside that SQLite cannot read, so that the next flush makes a new one."""
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()
        self._connection = None
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _digest(cpv: str, ebuild_md5: str, body: bytes) -> bytes:
    return blake2b(b"\0".join((cpv.encode(), ebuild_md5.encode(), body)), digest_size=16).digest()


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(dict[str, str]).decode
