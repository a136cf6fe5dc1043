"""Starts programs that run foreign code, confined as far as this machine can do it."""

from __future__ import annotations

import array
import marshal
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from overlaytool.confine import files, filters
from overlaytool.errors import ContainmentError, ToolMissingError
from overlaytool.support.scratch import Directory

SCRIPT = str(Path(__file__).with_name("launcher.py"))
FIRST = 60
"""The first descriptor beyond the usual three that a program gets."""
PLACES = ("/mnt", "/media", "/srv", "/opt", "/var/empty", "/var/tmp")
"""Where the temporary file system of a program goes: any directory that it does not need otherwise."""
ANSWER_LIMIT = 120.0
"""Seconds for an answer of the launcher, which has never more to do than to end one program."""
SIGNALS_SINCE = 6
"""The Landlock ABI that keeps signals inside."""


class Containment(Struct, frozen=True, kw_only=True):
    """How what runs foreign code is contained."""

    namespaces: bool
    """Whether it has a network, mounts, IPC and processes of its own."""
    landlock: int
    """The ABI of the kernel's Landlock; 0 where there is none."""
    seccomp: bool
    """Whether a filter of system calls is there."""
    why: str = ""
    """What the kernel said where there are no namespaces."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What foreign code could reach, in words; empty where it is contained."""
        found = []
        if not self.landlock:
            found.append(
                "files: the kernel has no Landlock (Linux 5.13, CONFIG_SECURITY_LANDLOCK, lsm=landlock)"
            )
        if not (self.namespaces or self.seccomp):
            found.append(f"the network: no namespaces ({self.why}), and no seccomp filter for this machine")
        if not (self.namespaces or self.seccomp or self.landlock >= SIGNALS_SINCE):
            found.append(f"processes: no namespaces ({self.why}), and Landlock does not stop signals")
        return tuple(found)

    def as_data(self) -> dict[str, Any]:
        """As a document has it."""
        return {
            "namespaces": self.namespaces,
            "landlock": self.landlock,
            "seccomp": self.seccomp,
            "missing": list(self.missing),
        }

    @property
    def complete(self) -> bool:
        """Whether foreign code reaches no file, no network and no process."""
        return not self.missing


class Program(Struct, frozen=True, kw_only=True):
    """What to start."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    limits: dict[int, int]
    """Resource (``resource.RLIMIT_…``) to value."""
    place: str = ""
    """The directory for its temporary files, and where it starts; empty where it brings its own."""


class Launcher:
    """A process that starts confined programs and ends them all when this one ends, whatever ends it."""

    def __init__(self, trees: Sequence[Path]) -> None:
        """
        :param trees: what the programs will read.
        :raises ToolMissingError: when not even the process starts.
        :raises ContainmentError: when it is killed before it has said what this machine lets it do.
        """
        self._lock, self._asked = threading.Lock(), 0
        self._own: Directory | None = None
        self.mode, why = "none", ""
        for mode in modes():
            why = self._open(mode, trees) or why
            if self.mode == mode:
                break
        self.containment = Containment(
            namespaces=self.mode != "none",
            landlock=files.version(),
            seccomp=bool(filters.program(signals=True)),
            why=why,
        )
        self._filter = filters.program(signals=self.containment.namespaces)
        self.place = mount_point(trees) if self.containment.namespaces else ""
        if not self.place:
            self._own = Directory()
            self.place = str(self._own.path)

    def _open(self, mode: str, trees: Sequence[Path]) -> str:
        """Try a mode; what stands against it.

        :raises ContainmentError: when nobody lived to say it: that is no reason to contain less.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(ANSWER_LIMIT)
        with theirs:
            self.process = _launch((mode, readable(trees), theirs.fileno()), theirs.fileno())
        self.mode, self._socket = mode, ours
        _number, answer = self._answer()
        if answer == 0:
            return ""
        self._socket.close()
        if self.process.wait() == -signal.SIGKILL:
            raise ContainmentError(
                "the process that starts confined programs was killed as it began",
                hint="where memory has run out, end other programs, and try again",
            )
        self.mode = "unusable"
        return str(answer)

    def start(self, program: Program, descriptors: Sequence[int], ruleset: int | None) -> int:
        """Start a program; its pid.

        :param descriptors: what it gets as 0, 1, 2, and from :data:`FIRST` on.
        :param ruleset: from :func:`overlaytool.confine.files.ruleset`; None where there is no Landlock.
        :raises OSError: where that fails.
        """
        last = descriptors[0] if ruleset is None else ruleset
        limits = tuple(program.limits.items())
        plain = (program.argv, program.environment, limits, self._filter, program.place, ruleset is not None)
        return self._ask("start", plain, array.array("i", [*descriptors, last]))

    def end(self, pid: int) -> int:
        """End a program with all that it has started; its exit status as wait(2) has it."""
        with suppress(OSError):
            return self._ask("end", pid, None)
        return 0

    def _ask(self, what: str, argument: Any, passed: array.array[int] | None) -> int:
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if passed else []
        with self._lock:
            self._asked += 1
            self._socket.sendmsg([marshal.dumps((self._asked, what, argument))], extra)
            number, answer = self._answer()
            while 0 <= number < self._asked:  # a question that Ctrl-C kept from being answered
                number, answer = self._answer()
        if isinstance(answer, str):
            raise OSError(answer)
        return answer

    def _answer(self) -> tuple[int, int | str]:
        """The number of a question, and the answer to it."""
        data = self._socket.recv(65536)
        if not data:
            return -1, "the launcher ended"
        answer: tuple[int, int | str] = marshal.loads(data)
        return answer

    def close(self) -> None:
        """End everything that was started."""
        self._socket.close()
        self.process.wait()
        if self._own is not None:
            self._own.close()

    def shows(self, trees: Iterable[Path]) -> bool:
        """Whether programs see these: nothing is mounted above them."""
        return not self.containment.namespaces or not _below(self.place, trees)


def _launch(job: tuple[Any, ...], socket_number: int) -> subprocess.Popen[bytes]:
    """:raises ToolMissingError: where the process cannot be made."""
    command = [sys.executable, "-I", "-S", SCRIPT, marshal.dumps(job).hex()]
    try:
        return subprocess.Popen(
            command, env={}, pass_fds=(socket_number,), start_new_session=True, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise ToolMissingError(f"{sys.executable} cannot be started: {error.strerror}") from error


def readable(trees: Iterable[Path]) -> tuple[str, ...]:
    """Those that can be read now, and have to stay so."""
    return tuple(str(path) for path in trees if os.access(path, os.R_OK | os.X_OK))


def modes() -> tuple[str, ...]:
    """The ways to get namespaces, the best first; the last is to have none."""
    return ("user", "root", "none") if os.geteuid() == 0 else ("user", "none")


def mount_point(trees: Sequence[Path]) -> str:
    """A directory of the machine that nothing of a program is below; empty where there is none."""
    needed = [*trees, Path(files.bash()), Path(sys.prefix), Path(sys.base_prefix)]
    for place in PLACES:
        if Path(place).is_dir() and os.path.realpath(place) == place and not _below(place, needed):
            return place
    return ""


def _below(place: str, paths: Iterable[Path]) -> bool:
    """Whether one of these is in a directory, or is it."""
    return any(f"{os.path.realpath(path)}/".startswith(f"{place}/") for path in paths)
