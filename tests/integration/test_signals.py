"""Ctrl-C and SIGTERM at any instant: one line, 128 + the signal's number, and nothing half done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import ROOT

SEED = 20261127
TRIES = 8
BEGUN = "overlaytool.early"
"""The first module of ours that is loaded: Python itself, before that, has no handler that we could set."""


@pytest.fixture(scope="module")
def duration(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that Python needs until it is ours, at least: signals before that are not for us."""
    times = []
    for _ in range(3):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-c", f"import {BEGUN}"], env=_environment(), check=True)
        times.append(time.monotonic() - begun)
    return max(times)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_instant_is_one_line_and_its_status(
    checkout_tree: Path, gentoo_tree: Path, duration: float, number: signal.Signals
) -> None:
    instants = random.Random(SEED + number)
    command = [sys.executable, "-m", "overlaytool", "-C", str(checkout_tree), "plan", "app-misc/screen"]
    words = {signal.SIGINT: "interrupted\n", signal.SIGTERM: "terminated\n"}
    ended = 0
    for _ in range(TRIES):
        process = subprocess.Popen(
            [*command, "--gentoo", str(gentoo_tree)],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        time.sleep(duration * 1.5 + instants.uniform(0, 1.5))
        os.killpg(process.pid, number)  # as a terminal does: what overlaytool has started gets it, too
        _, stderr = process.communicate(timeout=60)
        if process.returncode == 0:
            continue
        ended += 1
        assert (process.returncode, stderr) == (128 + number, words[number])
    assert ended, "every plan was done before its signal came"


def test_a_signal_that_a_finalizer_swallows_comes_again(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "from overlaytool.cli import run, signals\n"
        "class Slow:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGINT); time.sleep(0.1)\n"
        "def command(arguments):\n"
        "    signals.listen()\n"
        "    Slow()\n"
        "    time.sleep(30)\n"
        "    return 0\n"
        "run.run = command\n"
        "run.main([])\n"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, script], env=_environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert time.monotonic() - begun < 20


def test_a_signal_that_was_to_be_ignored_is(checkout_tree: Path) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"trap '' HUP; {sys.executable} -m overlaytool config show & sleep 0.3; kill -HUP $!; wait $!",
        ],
        cwd=checkout_tree,
        env=_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
