"""Gives Portage metadata, entry by entry, in the format of ``metadata/md5-cache``.

Portage next asks for ebuilds that the last answer names in its dependencies. So these are read ahead, several
at once, while Portage works on the answer.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

from msgspec import Struct
from pkgcore.package.errors import MetadataException

from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.candidate import EbuildCandidate, sourcing_error
from overlaytool.ebuild.metadata import WORKERS
from overlaytool.ebuild.sandbox import POOL
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import OverlaytoolError, UnsafeSourceError
from overlaytool.flatcar.checkout import TREES, Checkout
from overlaytool.model.dependency import Atom, View, atoms_in
from overlaytool.model.resolution import Board, package_name

NOT_STORED = frozenset(("INHERITED", "INHERIT"))
"""Made from ``_eclasses_`` by whoever reads an entry."""
MISSING_ECLASS = re.compile(r"inherit requires unknown eclass: (?P<file>\S+)")
NICENESS = 10
"""Reading ahead stands back: whoever asks is the slower one in the end."""
SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread that reads ahead may keep one from answering that Portage waits for."""
PATIENCE = 5.0
"""Seconds to wait at the end for ebuilds that are being sourced; then they count as hung."""


class _Task(Struct, eq=False):
    """An ebuild to read."""

    source: TreeSource
    candidate: EbuildCandidate
    begun: bool = False
    done: bool = False
    entry: dict[str, str] | str | None = None
    """What is told: the entry, or why the ebuild cannot be sourced."""
    error: Exception | None = None


class Lookup:
    """A function from a checkout's tree and a CPV to the entry of that ebuild, sourced where it has to be.

    Each tree of each checkout is read once, when it is first asked about. It may be called from several
    threads. Use it as a context manager: reading ahead ends with the block.
    """

    def __init__(self, cache: MetadataCache, boards: Sequence[Board] = ()) -> None:
        """:param boards: those that Portage is asked about, to know what it will ask for next."""
        self._cache, self._boards = cache, tuple(boards)
        self._checkouts: dict[Path, TreeSource] = {}
        self._tasks: dict[tuple[Path, str], _Task] = {}
        self._named: set[tuple[TreeSource, str, str]] = set()
        self._asked: deque[_Task] = deque()
        self._ahead: list[_Task] = []
        self._expected: list[tuple[Path, str]] = []
        self._finished: dict[Path, list[tuple[str, dict[str, str]]]] = defaultdict(list)
        self._changed, self._ended = threading.Condition(), False
        self._fault: Exception | None = None
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def __enter__(self) -> Lookup:
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if kind is None:
            for thread in self._threads:
                thread.join(PATIENCE)
        with POOL.abandoned():
            for thread in self._threads:
                thread.join()
        sys.setswitchinterval(self._interval)
        self._cache.flush()

    def __call__(self, tree: Path, cpv: str) -> Mapping[str, str] | str | None:
        """The md5-dict entry, or why the ebuild cannot be sourced; None for one that is not there.

        :raises RepositoryError: when ``tree`` is no ebuild repository of a checkout.
        """
        with self._changed:
            task = self._find(tree, cpv)
            if task is None:
                return None
            if not task.begun:
                self._asked.append(task)
                self._changed.notify()
            while not task.done and not self._ended:
                self._changed.wait()
        if (error := task.error or self._fault) is not None:
            raise error
        return task.entry

    def finished(self, tree: Path, start: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """CPV and entry of all of a tree that has been read, in that order, from the ``start``-th on."""
        return self._finished[tree][start:]

    def expect(self, checkout: Path, atoms: Iterable[str]) -> None:
        """Begin to read what Portage will ask for when it is asked for these atoms in a checkout."""
        with self._changed:
            self._expected += [(checkout, atom) for atom in atoms]
            self._changed.notify()

    def _find(self, tree: Path, cpv: str) -> _Task | None:
        known = self._tasks.get((tree, cpv))
        if known is not None:
            return known
        source = self._open(tree.parents[len(TREES.parts)])
        for candidate in source.checkout_candidates(package_name(cpv)):
            if candidate.cpv == cpv and candidate.repo.path == tree:
                return self._task(source, candidate)
        return None

    def _task(self, source: TreeSource, candidate: EbuildCandidate) -> _Task:
        key = (candidate.repo.path, candidate.cpv)
        if key not in self._tasks:
            self._tasks[key] = _Task(source, candidate)
        return self._tasks[key]

    def _open(self, top: Path) -> TreeSource:
        source = self._checkouts.get(top)
        if source is None:
            checkout = Checkout(path=top, version="", boards=self._boards)
            source = self._checkouts[top] = TreeSource(checkout, {}, cache=self._cache, boards=self._boards)
        return source

    def _work(self) -> None:
        """Read what is asked for, then what was named last: Portage searches depth first."""
        os.nice(NICENESS)  # of this thread, and of the bash that it starts
        while (task := self._next()) is not None:
            try:
                task.entry = _entry(task.candidate.ebuild)
            except Exception as error:  # for whoever asks
                task.error = error
            with self._changed:
                task.done = True
                if isinstance(task.entry, dict):
                    self._finished[task.candidate.repo.path].append((task.candidate.cpv, task.entry))
                self._changed.notify_all()
                self._look_ahead(task)

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._ended:
                if self._expected:
                    self._begin(*self._expected.pop())
                    continue
                waiting = self._asked or self._ahead
                if not waiting:
                    self._changed.wait()
                    continue
                task = self._asked.popleft() if self._asked else self._ahead.pop()
                if not task.begun:
                    task.begun = True
                    return task
        return None

    def _begin(self, checkout: Path, atom: str) -> None:
        """Queue the ebuilds that Portage will look at for a requested atom."""
        with self._guessing():
            source = self._open(checkout)
            for view in source.views:
                self._foresee(source, view, source.parse_atom(atom))

    def _look_ahead(self, task: _Task) -> None:
        """Queue the ebuilds that Portage will look at for the dependencies of an ebuild."""
        if not isinstance(task.entry, dict):
            return
        with self._guessing():
            for view in task.source.views:
                if not task.source.obstacles(view, task.candidate):
                    for demand in task.source.demands(view, task.candidate, frozenset()):
                        for atom in atoms_in(demand.dependency):
                            self._foresee(task.source, view, atom)

    @contextmanager
    def _guessing(self) -> Iterator[None]:
        """Ignore a profile or dependency that cannot be read, which Portage reports; keep other faults."""
        try:
            yield
        except OverlaytoolError:
            pass
        except Exception as error:
            self._fault = error

    def _foresee(self, source: TreeSource, view: View, atom: Atom) -> None:
        """Queue the ebuilds that an atom's version admits, from the highest to the first visible one."""
        if atom.blocks or (source, view.name, atom.text) in self._named:
            return
        self._named.add((source, view.name, atom.text))
        tasks = []
        for candidate in source.checkout_candidates(atom.package):
            if not source.admits_version(candidate, atom):
                continue
            tasks.append(self._task(source, candidate))
            if source.admits(candidate, atom) and not source.hidden_at_sight(view, candidate):
                break
        self._ahead += [task for task in reversed(tasks) if not task.begun]
        self._changed.notify_all()


def _entry(ebuild: Any) -> dict[str, str] | str | None:
    try:
        data: Mapping[str, Any] = ebuild.data
        text = Path(ebuild.path).read_bytes()
    except MetadataException as error:
        return _why(error)
    except UnsafeSourceError as error:
        return error.message
    except OSError:
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


def _why(error: MetadataException) -> str:
    """Why an ebuild cannot be sourced, in the words of Portage where it has some."""
    said = sourcing_error(error).removeprefix("failed sourcing ebuild: ")
    missing = MISSING_ECLASS.match(said)
    return f"{missing['file']} could not be found by inherit()" if missing else said
