"""Answers that were worked out before, by what they were made from: one SQLite file in the user's cache.

An answer names every package that the trees were asked about, and the digest of all that they said. It
holds as long as the same question gives the same digest today: whichever trees these are, whoever asks.

Trees may change while a survey looks at them. So answers are provisional until the survey has seen at its
end that they did not; those of one that was killed hold for exactly the trees with which it had begun.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from overlaytool.errors import WriteError
from overlaytool.survey.line import Answer, Line, decode, encode

VERSION = 1
KEEP = 90 * 86400
"""Seconds for which an answer is kept without being used."""
COMMIT_AFTER = 2.0
"""Seconds of work that a killed run may lose."""

type Key = Callable[[Iterable[str]], bytes]
"""Gives the digest of what the trees say today about some names."""


class Kept:
    """The store.

    :raises WriteError: by every method, where the disk does not do.
    """

    def __init__(self, directory: Path) -> None:
        """:param directory: the user's cache directory."""
        self._path = directory / f"survey-{VERSION}.sqlite"
        self._written = time.monotonic()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise self._unwritable(error) from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            with suppress(OSError):  # a damaged file: what it knew is worked out again
                self._path.unlink()
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS answer (question BLOB, package TEXT, made_from BLOB, asked BLOB,"
            " line BLOB, used INTEGER, trees TEXT, PRIMARY KEY (question, package, made_from)) WITHOUT ROWID"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS whole (trees BLOB PRIMARY KEY, digest BLOB)")
        connection.execute("DELETE FROM answer WHERE used < ?", (int(time.time() - KEEP),))
        return connection

    def known(self, question: bytes, packages: Iterable[str], key: Key, trees: str) -> dict[str, Line]:
        """The answers that still hold.

        :param question: digest of what is asked of each package: target, boards, the version of overlaytool.
        :param trees: the digest of all content of the trees.
        """
        wanted = set(packages)
        found: dict[str, Line] = {}
        try:
            rows = self._connection.execute(
                "SELECT package, made_from, asked, line FROM answer WHERE question = ? AND trees IN ('', ?)",
                (question, trees),
            )
            for package, made_from, asked, line in rows:
                if package not in wanted or package in found:
                    continue
                with suppress(ValueError, KeyError, zlib.error):
                    if key(zlib.decompress(asked).decode().split()) == made_from:
                        found[package] = decode(line)
            self._connection.execute(
                "UPDATE answer SET used = ? WHERE question = ? AND used < ?",
                (int(time.time()), question, int(time.time()) - KEEP // 9),
            )
        except sqlite3.Error as error:
            raise self._unwritable(error) from error
        return found

    def put(self, question: bytes, answers: Iterable[Answer], key: Key, trees: str) -> None:
        """Keep answers; they are safe some seconds later, and provisional until :meth:`settle`."""
        rows = [
            (
                question,
                answer.line.package,
                key(answer.asked),
                zlib.compress(" ".join(answer.asked).encode(), 1),
                encode(answer.line),
                int(time.time()),
                trees,
            )
            for answer in answers
        ]
        try:
            self._connection.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            if time.monotonic() - self._written > COMMIT_AFTER:
                self.commit()
        except sqlite3.Error as error:
            raise self._unwritable(error) from error

    def settle(self, trees: str, *, unchanged: bool) -> None:
        """Say whether the trees of the provisional answers stayed as they were; if not, forget these."""
        change = "UPDATE answer SET trees = ''" if unchanged else "DELETE FROM answer"
        try:
            self._connection.execute(f"{change} WHERE trees = ?", (trees,))
        except sqlite3.Error as error:
            raise self._unwritable(error) from error
        self.commit()

    def commit(self) -> None:
        """Make safe what was put."""
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            raise self._unwritable(error) from error
        self._written = time.monotonic()

    def whole(self, trees: bytes) -> bytes | None:
        """What :meth:`put_whole` was given for these trees."""
        row = self._connection.execute("SELECT digest FROM whole WHERE trees = ?", (trees,)).fetchone()
        return bytes(row[0]) if row else None

    def put_whole(self, trees: bytes, digest: bytes) -> None:
        """Keep the digest of something that all of some trees together say."""
        try:
            self._connection.execute("INSERT OR REPLACE INTO whole VALUES (?, ?)", (trees, digest))
        except sqlite3.Error as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Make everything safe that can be."""
        with suppress(sqlite3.Error):
            self._connection.commit()
            self._connection.close()

    def _unwritable(self, error: Exception) -> WriteError:
        return WriteError(
            f"{self._path} cannot be used: {error}",
            details=("results of a survey are kept there, so that the next one need not begin anew",),
            hint="make room, or name another cache directory with XDG_CACHE_HOME or in overlaytool.toml",
        )
