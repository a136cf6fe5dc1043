"""A bash that sources ebuilds, confined: what comes out of it is data, for one ebuild only.

It is a PID namespace of its own, loads pkgcore's shell library, and forks for every ebuild; see
``driver.bash``. An ebuild's code has a pipe for its own result and one for what it prints, nothing else.
"""

from __future__ import annotations

import os
import resource
import select
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from pkgcore.ebuild import const
from pkgcore.ebuild.processor import (
    EbdError,
    EbuildProcessor,
    ProcessorError,
    _bash_quote,
    expected_ebuild_env,
)

from overlaytool.confine import files
from overlaytool.confine.host import Launcher, Program

DRIVER = Path(__file__).resolve().with_name("driver.bash")
LIBRARY = Path(const.EBD_PATH, "ebuild.bash").resolve().parent
"""pkgcore's shell library. An installer may have put links there, which the sandbox would not follow."""
ADDRESS_SPACE = 512 << 20
"""Bytes that a process of an ebuild may take. Bash takes ten million."""
MEMORY = 1 << 30
"""Bytes that all its processes may have in memory together."""
TEMPORARY = 64 << 20
"""Bytes of temporary files. What has a file system of its own for them gets no larger one."""
PROCESSES = 64
RESULT_LIMIT = 8 << 20
"""Bytes of metadata. The longest of Gentoo's, with two thousand crates, are below half a million."""
TEXT_KEPT, TEXT_LIMIT = 1 << 16, 16 << 20
"""Bytes of what an ebuild prints: so many are kept, after so many it is ended."""
FIRST_LOOK = 0.25
"""Seconds after which memory and processes of an ebuild are looked at, and again each time."""
LIMITS = {
    resource.RLIMIT_AS: ADDRESS_SPACE,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 64 << 20,
    resource.RLIMIT_NOFILE: 128,
}


class LimitError(ProcessorError):  # type: ignore[misc]
    """An ebuild took more than it may have: it is not tried again."""


class EbuildFault(EbdError):  # type: ignore[misc]
    """An ebuild died, or inherits what is not there: it would again, with the same eclasses."""

    def __init__(self, message: str, inherited: Iterable[str]) -> None:
        """:param inherited: the eclasses that it had asked for till then."""
        super().__init__(message)
        self.inherited = tuple(inherited)


class Bash:
    """One process that sources ebuilds, one after the other."""

    def __init__(self, launcher: Launcher, ruleset: int | None, place: str, trees: frozenset[Path]) -> None:
        """
        :param ruleset: for Landlock, from :func:`overlaytool.confine.files.ruleset`, where there is one.
        :param place: the directory for its temporary files.
        :param trees: what it can read, as the ruleset says.
        :raises OSError: where it cannot be started.
        """
        self.trees, self._launcher = trees, launcher
        self.kept: dict[str, str] = {}
        """Eclasses that it keeps as functions, and their files."""
        self.read: Counter[str] = Counter()
        """How often it has read each eclass."""
        self.limit = 60.0
        """Seconds for one ebuild."""
        self.dead = self.waited_for = False
        self._place = None if launcher.containment.namespaces else Path(place)
        """Where its temporary files are, when that is no file system of its own."""
        self._control, control = socket.socketpair()
        self._result, result = socket.socketpair()
        self._text, text = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        argv = (files.bash(), "--norc", "--noprofile", str(DRIVER), str(LIBRARY))
        environment = {
            "PATH": os.devnull,
            "HOME": "/nonexistent",
            "TMPDIR": f"{place}/temporary",
            "BASH_ENV": "/not/valid",
        }
        limits = LIMITS | ({resource.RLIMIT_NPROC: PROCESSES} if launcher.containment.namespaces else {})
        try:
            self.pid = launcher.start(
                Program(argv=argv, environment=environment, limits=limits, place=place),
                (null, null, text, control.fileno(), result.fileno()),
                ruleset,
            )
        finally:
            control.close()
            result.close()
            os.close(text)
            os.close(null)
        for file in (self._result.fileno(), self._text):
            os.set_blocking(file, False)
        self._poll = select.poll()
        for file in (self._control.fileno(), self._result.fileno(), self._text):
            self._poll.register(file, select.POLLIN)

    def keep(self, name: str, path: str) -> None:
        """Let it keep an eclass of a trusted tree as a function."""
        if "\n" not in path:
            self._send(f"eclass {name} {path}\n".encode())
            self.kept[name] = path

    def forget(self) -> None:
        """Let it keep no eclass."""
        self._send(b"forget\n")
        self.kept.clear()

    def _send(self, data: bytes) -> None:
        with suppress(OSError):  # whoever waits for the answer will see that nobody is there
            self._control.sendall(data)

    def get_keys(self, package: Any, eclasses: Any) -> dict[str, str]:
        """Source an ebuild, with the eclasses of :class:`overlaytool.ebuild.repository.Eclasses`.

        pkgcore's method of that name: its metadata keys, not looked at yet, and INHERITED.

        :raises ProcessorError: when it cannot be sourced.
        """
        variables = {
            "PKGCORE_EBUILD_PHASES": tuple(package.eapi.phases.values()),
            "PKGCORE_METADATA_KEYS": tuple(package.eapi.metadata_keys),
            "OVERLAYTOOL_ECLASS_DIRS": tuple(map(str, eclasses.directories)),
            "OVERLAYTOOL_SECONDS": str(int(self.limit) + 1),
        }
        overrides = " ".join(
            f"[{name}]={_bash_quote(str(path))}" for name, path in eclasses.overrides.items()
        )
        text = (
            EbuildProcessor._generate_env_str(self, expected_ebuild_env(package, variables, depends=True))
            + f"\ndeclare -A OVERLAYTOOL_ECLASSES=({overrides})"
        )
        data = text.encode()
        self.waited_for = True
        self._send(b"source %d\n%b" % (len(data), data))
        status, result, printed = self._outcome()
        self.waited_for = False
        return _keys(status, result, printed)

    _readonly_vars: frozenset[str] = frozenset()  # pkgcore's name

    def _outcome(self) -> tuple[int, bytes, bytes]:
        """What came of the ebuild that is being sourced: exit status, result, and what it printed.

        :raises LimitError: where it took too much of something.
        :raises ProcessorError: where the whole process ended.
        """
        answer, result, printed, flood = b"", bytearray(), bytearray(), 0
        control, results, text = self._control.fileno(), self._result.fileno(), self._text
        began = time.monotonic()
        look = began + FIRST_LOOK
        while not answer.endswith(b"\n"):
            ready = dict(self._poll.poll(max(0.0, look - time.monotonic()) * 1000))
            if time.monotonic() >= look:
                self._watch(time.monotonic() - began)
                look = time.monotonic() + FIRST_LOOK
            if text in ready:
                said = _available(text)
                flood += len(said)
                printed += said[: TEXT_KEPT - len(printed)]
                if flood > TEXT_LIMIT:
                    self._give_up(f"it printed more than {TEXT_LIMIT >> 20} MiB")
            if results in ready:
                result += _available(results)
                if len(result) > RESULT_LIMIT:
                    self._give_up(f"its metadata are longer than {RESULT_LIMIT >> 20} MiB")
            if control in ready:
                said = self._control.recv(4096)
                if not said:
                    printed += _available(text)[:TEXT_KEPT]
                    self.end()
                    raise ProcessorError(_first_line(printed) or "bash ended while it was sourced")
                answer += said
        result += _available(results)
        printed += _available(text)[: TEXT_KEPT - len(printed)]
        if not (self._launcher.containment.namespaces and self._launcher.containment.seccomp):
            self.end()  # with what the ebuild may have left behind, or done to the descriptors
        return int(answer.split()[1]), bytes(result), bytes(printed)

    def _watch(self, seconds: float) -> None:
        """Look at an ebuild that takes unusually long.

        :raises LimitError: where it took too much of something.
        """
        if seconds > self.limit:
            self._give_up(f"it was not sourced after {self.limit:.0f} seconds")
        processes = list(_descendants(self.pid))
        if len(processes) > PROCESSES:
            self._give_up(f"it has more than {PROCESSES} processes")
        if sum(map(_memory, processes)) > MEMORY:
            self._give_up(f"it takes more than {MEMORY >> 20} MiB of memory")
        if self._place is not None and _size(self._place) > TEMPORARY:
            self._give_up(f"it wrote more than {TEMPORARY >> 20} MiB of temporary files")

    def _give_up(self, reason: str) -> NoReturn:
        self.end()
        raise LimitError(reason)

    def end(self) -> None:
        """End it with all that it has started."""
        if not self.dead:
            self.dead = True
            self._launcher.end(self.pid)
            self._control.close()
            self._result.close()
            os.close(self._text)
            if self._place is not None:
                shutil.rmtree(self._place, ignore_errors=True)

    def interrupt(self) -> None:
        """The same from another thread: who waits for an answer sees that nobody is there."""
        self._launcher.end(self.pid)


def _available(file: int) -> bytes:
    """What can be read without waiting."""
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(file, 1 << 16):
            parts.append(part)
            if len(parts) > 256:
                break
    return b"".join(parts)


def _keys(status: int, result: bytes, printed: bytes) -> dict[str, str]:
    """The metadata keys that an ebuild has written.

    :raises ProcessorError: when it has not come to its end.
    """
    keys: dict[str, str] = {}
    inherited: dict[str, None] = {}
    lines = result.decode(errors="replace").splitlines(keepends=True)
    for number, line in enumerate(lines):
        what, _, rest = line.rstrip("\n").partition(" ")
        match what:
            case "inherit":
                inherited[rest] = None
            case "key" if "=" in rest:
                name, _, value = rest.partition("=")
                keys[name] = value
            case "unknown":
                raise EbuildFault(f"inherit requires unknown eclass: {rest}.eclass", inherited)
            case "dying":
                raise EbuildFault("".join(lines[number + 1 :]), inherited)
    if status or "DEFINED_PHASES" not in keys:
        raise ProcessorError(_first_line(printed) or "it ended before its end")
    keys["INHERITED"] = " ".join(dict.fromkeys((*keys.get("INHERITED", "").split(), *inherited)))
    return keys


def _first_line(printed: bytes | bytearray) -> str:
    lines = printed.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else ""


def _descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those of these."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _size(place: Path) -> int:
    """Bytes of the files below a directory."""
    found = 0
    for path in place.rglob("*"):
        with suppress(OSError):
            found += path.lstat().st_size
    return found


def _memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0
