"""Dask's scheduler and workers as processes of their own, for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

from support import ROOT

type Started = AbstractContextManager[tuple[subprocess.Popen[bytes], str]]

PATIENCE = 60.0
"""Seconds for one of them to say where it is."""


@contextmanager
def _dask(*args: str, where: Path = ROOT) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A scheduler or a worker, and the first address that it says."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + args[0], *args[1:]],
            env={**os.environ, "PYTHONPATH": str(where)},
            cwd=where,
            stderr=said,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process, _address(process, said)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _address(process: subprocess.Popen[bytes], said: IO[bytes]) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        text = os.pread(said.fileno(), 1 << 16, 0).decode(errors="replace")
        found = re.search(r"(?:Scheduler|worker) at: +(tcp://\S+)\n", text)
        if found:
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(f"it does not say where it is: {text}")


def scheduler() -> Started:
    return _dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")


def worker(address: str, where: Path = ROOT) -> Started:
    return _dask("dask_worker", address, "--no-dashboard", "--no-nanny", "--nthreads", "1", where=where)
