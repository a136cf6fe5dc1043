"""The processes that source ebuilds: started when they are needed, ended with this one."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from overlaytool.confine import files
from overlaytool.confine.host import Containment, Launcher
from overlaytool.ebuild.shell import DRIVER, LIBRARY, Bash
from overlaytool.errors import ContainmentError


class Pool:
    """The processes that source, started when they are needed. It may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trees: set[Path] = set()
        self._launchers: list[Launcher] = []
        self._rulesets: dict[frozenset[Path], int] = {}
        self._idle: list[Bash] = []
        self._busy: set[Bash] = set()
        self._given_up = 0
        self._trusted: frozenset[Path] | None = frozenset()

    def trust(self, trees: Iterable[Path] | None) -> None:
        """Say which trees the user vouches for beside Gentoo's and the checkout's; None for all."""
        self._trusted = frozenset(trees) if trees is not None else None

    def refuse_uncontained(self, tree: Path) -> None:
        """Where this machine cannot contain everything, a tree that nobody vouches for is left alone.

        :raises ContainmentError: for such a tree on such a machine.
        """
        if self._trusted is None or tree in self._trusted or self.containment.complete:
            return
        raise ContainmentError(
            f"ebuilds of {tree} would run here without being contained",
            details=self.containment.missing,
            hint="--trust-sources runs them all the same; so does trusted = true for that [[source]];"
            " overlaytool doctor says what is missing",
        )

    def expect(self, trees: Iterable[Path]) -> None:
        """Say what will be read: trees, and directories of eclasses."""
        with self._lock:
            self._trees.update(trees)

    @property
    def trees(self) -> frozenset[Path]:
        """All that may be read."""
        with self._lock:
            return frozenset(self._trees)

    def used(self) -> Containment | None:
        """How what was sourced was contained; None where nothing had to be."""
        with self._lock:
            return self._launchers[-1].containment if self._launchers else None

    @property
    def containment(self) -> Containment:
        """How what is sourced is contained. Starts what contains it."""
        with self._lock:
            return self._launcher().containment

    @contextmanager
    def bash(self, trees: Iterable[Path]) -> Iterator[Bash]:
        """A process that can read these and that nobody else uses.

        :raises ContainmentError: where none can be started.
        """
        with self._lock:
            if self._given_up:
                raise ContainmentError("ebuilds are no longer sourced: overlaytool is about to end")
            self._trees.update(trees)
            taken = next((one for one in self._idle if one.trees.issuperset(trees)), None)
            if taken is not None:
                self._idle.remove(taken)
            else:
                taken = self._start()
            self._busy.add(taken)
        try:
            yield taken
        finally:
            if taken.waited_for:
                taken.end()  # it is in the middle of something
            with self._lock:
                self._busy.discard(taken)
                if not taken.dead:
                    self._idle.append(taken)

    def _start(self) -> Bash:
        trees = frozenset(self._trees)
        try:
            launcher = self._launcher()
            place, ruleset = launcher.place, self._rulesets.get(trees)
            if ruleset is None and files.version():
                shell = tuple(files.program(files.bash()))
                read = [*files.libraries(), LIBRARY, DRIVER]
                ruleset = files.ruleset(trees=trees, read=read, run=shell)
                if launcher.containment.namespaces:
                    self._rulesets[trees] = ruleset
            if not launcher.containment.namespaces:
                place = tempfile.mkdtemp(dir=place)
            return Bash(launcher, ruleset, place, trees)
        except (OSError, files.LandlockError) as error:
            raise ContainmentError("no confined process can be started", details=(str(error),)) from error

    def _launcher(self) -> Launcher:
        """The launcher; another one where a tree is where the first hides things."""
        trees = tuple(self._trees)
        if not self._launchers or not self._launchers[-1].shows(trees):
            self._launchers.append(Launcher(trees))
        return self._launchers[-1]

    @contextmanager
    def abandoned(self) -> Iterator[None]:
        """End the processes that are at work, and start none meanwhile: who waits for them sees an error."""
        with self._lock:
            self._given_up += 1
            at_work = list(self._busy)
        try:
            for busy in at_work:
                busy.interrupt()
            yield
        finally:
            with self._lock:
                self._given_up -= 1

    def close(self) -> None:
        """End all."""
        with self._lock:
            for one in self._idle:
                one.end()
            self._idle.clear()
            for launcher in self._launchers:
                launcher.close()
            self._launchers.clear()
            for ruleset in self._rulesets.values():
                os.close(ruleset)
            self._rulesets.clear()


POOL = Pool()
"""That of this process."""
