"""Handles signals while the program is being loaded. It runs first, so it imports almost nothing."""

import os
import signal
from typing import NoReturn

ENDING = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
"""Signals that end a command, with status 128 + their number, and what is said then."""


def listen() -> None:
    """End at a signal, unless whoever started us wanted it to be ignored, as nohup does."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _at_once)


def _at_once(number: int, _frame: object) -> NoReturn:
    """End the process at once: there is nothing to clean up yet."""
    os.write(2, f"{ENDING[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)
