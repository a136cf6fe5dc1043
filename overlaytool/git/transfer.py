"""git commands that talk to a remote: with progress, without questions, and with errors told apart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from overlaytool.errors import GitError, NetworkError, OverlaytoolError, ToolMissingError
from overlaytool.git.repository import REPOSITORY_VARIABLES
from overlaytool.progress import Task

NETWORK = (
    *("-c", "http.lowSpeedLimit=1000"),
    *("-c", "http.lowSpeedTime=60"),
)
"""A connection that gives less than a kilobyte a second for a minute is dead."""

_PERCENT = re.compile(r"(?P<what>[A-Z][\w ]+):\s+(?P<percent>\d+)%")
_UNREACHABLE = (
    "Could not resolve host",
    "Could not resolve hostname",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Network is unreachable",
    "No route to host",
    "Failed to connect",
    "Operation too slow",
    "Could not read from remote repository",
    "unable to access",
    "early EOF",
    "unexpected disconnect",
    "does not appear to be a git repository",
    "hung up unexpectedly",
)
_FORBIDDEN = (
    "Permission denied",
    "Permission to",
    "denied to",
    "error: 403",
    "error: 401",
    "Authentication failed",
    "could not read Username",
    "Write access to repository not granted",
    "insufficient permission",
    "remote: Repository not found",
    "pre-receive hook declined",
    "terminal prompts disabled",
)


def transfer(arguments: Sequence[str], *, directory: Path, task: Task, stdin: bytes = b"") -> bytes:
    """Run ``git arguments`` in a directory, telling a task how far it is; return its output.

    :raises NetworkError: when the remote cannot be reached.
    :raises GitError: when it can and says no, or git fails on its own.
    """
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    environment["LC_ALL"] = "C"
    if not sys.stdin.isatty():
        environment["GIT_TERMINAL_PROMPT"] = "0"
    # Standard error is the only pipe: git would wait for ever on a second one that nobody reads meanwhile.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
        asked.write(stdin)
        asked.seek(0)
        try:
            process = subprocess.Popen(
                ["git", *NETWORK, *arguments],
                cwd=directory,
                env=environment,
                stdin=asked,
                stdout=answered,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise ToolMissingError("git is not installed", hint="install git and put it on PATH") from error
        with process:
            try:
                messages = _follow(process.stderr, task)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise failure(messages)
        answered.seek(0)
        return answered.read()


def failure(said: Sequence[str]) -> OverlaytoolError:
    """The error for what git said when it could not do its work with a remote."""
    text = "\n".join(said)
    details = tuple(line for line in said if line.strip() and not line.startswith("Cloning into "))[-8:]
    if any(word in text for word in _FORBIDDEN):
        return GitError("the remote does not let you do that", details=details)
    if any(word in text for word in _UNREACHABLE):
        return NetworkError("the remote cannot be reached", details=details)
    return GitError("git could not do it", details=details)


def _follow(stream: IO[bytes] | None, task: Task) -> list[str]:
    """Read what git says as it says it; lines that show progress go to the task, the others are kept."""
    said: list[str] = []
    pending = b""
    while stream and (chunk := os.read(stream.fileno(), 4096)):
        *lines, pending = re.split(rb"[\r\n]", pending + chunk)
        for line in lines:
            _hear(line.decode("utf-8", "replace"), task, said)
    _hear(pending.decode("utf-8", "replace"), task, said)
    return said


def _hear(line: str, task: Task, said: list[str]) -> None:
    progress = _PERCENT.search(line)
    if progress:
        task.describe(f"{progress['what'].removeprefix('remote: ').strip()} {progress['percent']} %")
    elif line.strip():
        said.append(line.rstrip())
