"""Ctrl-C and its like while a command runs: an exception, so that everything on its way is cleaned up.

Where it is raised in a place that swallows exceptions (a finalizer, say), it is raised again; and where a
library makes another error of it, :data:`received` still knows.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn

from overlaytool.early import ENDING

received: list[int] = []
"""The numbers of the signals that have come, oldest first."""


def listen() -> None:
    """From now on a signal raises KeyboardInterrupt with its number."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)
    sys.unraisablehook = _again


def ignore() -> None:
    """Ignore signals at the end of a command, so that its last output is complete."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: object) -> NoReturn:
    received.append(number)
    raise KeyboardInterrupt(number)


def _again(unraisable: Any) -> None:
    """Send the signal again after an exception that Python cannot propagate: one raised here is lost, too."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        import threading

        number = received[-1] if received else signal.SIGINT
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
    else:
        sys.__unraisablehook__(unraisable)
