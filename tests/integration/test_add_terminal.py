"""``overlaytool add`` on a terminal: it asks before it writes, and whether to build after it has written."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITE, BUILD = "Write this into the checkout?", "Emerge and rebuild the image"
LIMIT = 60.0
"""Seconds to wait for the end of a conversation."""


def converse(answers: dict[str, str], *args: str | Path) -> tuple[int, str]:
    """Run the command line on a terminal of its own and answer its questions.

    :param answers: a question to what is typed after it.
    :return: the exit status and all that was shown.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "overlaytool", *map(str, args)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, waiting, end = "", dict(answers), time.monotonic() + LIMIT
    while time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65536).decode("utf-8", "replace")
            except OSError:  # the other end is closed
                break
        for question in [question for question in waiting if question in shown]:
            os.write(master, waiting.pop(question).encode())
    else:
        process.kill()
    os.close(master)
    return process.wait(), shown


def test_enter_writes_and_does_not_build(home: Path, checkout_tree: Path, gentoo_tree: Path) -> None:
    command = ("-C", checkout_tree, "add", "--gentoo", gentoo_tree, "sys-process/htop")
    status, shown = converse({WRITE: "\n", BUILD: "\n"}, *command)
    assert status == 0, shown
    assert BUILD in shown
    portage_stable = checkout_tree / "sdk_container/src/third_party/portage-stable"
    assert (portage_stable / "sys-process/htop/Manifest").is_file()


def test_no_writes_nothing(home: Path, checkout_tree: Path, gentoo_tree: Path) -> None:
    command = ("-C", checkout_tree, "add", "--gentoo", gentoo_tree, "sys-process/htop")
    status, shown = converse({WRITE: "n\n"}, *command)
    assert status == 1
    assert BUILD not in shown
    git = ["git", "status", "--porcelain"]
    assert subprocess.run(git, cwd=checkout_tree, capture_output=True, text=True, check=True).stdout == ""


def test_an_ambiguous_name_is_a_choice(home: Path, checkout_tree: Path, gentoo_tree: Path) -> None:
    command = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "twin")
    status, shown = converse({"Which one? [1-2]": "3\n", "none of the numbers": "2\n"}, *command)
    assert status == 0, shown
    assert "net-misc/twin into the image" in shown
    status, shown = converse({"Which one? [1-2]": "\n"}, *command)
    assert status == 7
    assert "write the category too" in shown


def test_the_end_of_the_input_ends_the_line(home: Path, checkout_tree: Path, gentoo_tree: Path) -> None:
    command = ("-C", checkout_tree, "add", "--gentoo", gentoo_tree, "sys-process/htop")
    status, shown = converse({WRITE: "\x04"}, *command)
    assert status == 2
    assert "[Y/n] \r\nerror: nobody" in re.sub(r"\x1b\[[\d;]*m", "", shown)
