"""How fast it goes and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
"""Seconds over which the rate is taken: the first packages take longer than those that follow."""


class Rate:
    """Counts what is done."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """:param total: how much there is to do."""
        self._total, self._clock = total, clock
        self._done = 0
        self._marks = deque([(clock(), 0)])

    def add(self, count: int) -> None:
        """Say that more is done."""
        self._done += count
        now = self._clock()
        self._marks.append((now, self._done))
        while len(self._marks) > 2 and now - self._marks[1][0] > WINDOW:
            self._marks.popleft()

    def __str__(self) -> str:
        """``12.5 a second, 24 min left``; nothing as long as that cannot be told."""
        (began, before), (now, done) = self._marks[0], self._marks[-1]
        if now <= began or done <= before:
            return ""
        rate = (done - before) / (now - began)
        return f"{rate:.1f} a second, {_duration((self._total - done) / rate)} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
