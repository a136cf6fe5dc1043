"""How long a search goes on that has met a dead end."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT = 6.0
"""Seconds of this process's own work after the first dead end. Of a plan that stands, most has none."""


class Patience:
    """Runs out some time after the first dead end; without one it lasts for ever."""

    def __init__(self, limit: float = LIMIT, clock: Callable[[], float] = time.process_time) -> None:
        """
        :param limit: in seconds of the clock.
        :param clock: seconds; by default those that this process has worked, so that a machine that is
            busy with something else gives the same answer.
        """
        self._limit, self._clock = limit, clock
        self._end: float | None = None
        self.gave_up = False
        """Whether something was left untried because it had run out."""

    def dead_end(self) -> None:
        """Say that a dead end was met."""
        if self._end is None:
            self._end = self._clock() + self._limit

    @property
    def over(self) -> bool:
        """Whether it has run out. Who asks leaves something untried then."""
        over = self._end is not None and self._clock() > self._end
        self.gave_up = self.gave_up or over
        return over
