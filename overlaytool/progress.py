"""How long work reports its progress, whatever displays it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, steps: int = 1) -> None:
        """Say that ``steps`` more of the total are done."""

    def describe(self, text: str) -> None:
        """Say what is being done just now."""


class Progress(Protocol):
    """Where tasks are announced; the command line draws them, a library may stay silent."""

    def task(self, text: str, total: int | None = None) -> AbstractContextManager[Task]:
        """Announce a task of ``total`` steps (None: unknown) that lasts as long as the ``with`` block."""


class SilentTask:
    """A task that nobody watches."""

    def advance(self, steps: int = 1) -> None:
        """Nothing is shown."""

    def describe(self, text: str) -> None:
        """Nothing is shown."""


class SilentProgress:
    """Progress for libraries and tests."""

    @contextmanager
    def task(self, text: str, total: int | None = None) -> Iterator[Task]:
        """A task that is not shown."""
        yield SilentTask()
