"""Portage's resolver in a process of its own: the one place where verify starts a program.

``emerge --pretend --verbose`` is this resolver and a printer. The process (:mod:`overlaytool.verify.inside`)
calls the resolver through the same function and reads its data structures, since the printed text is
made for people, is cut short at the first trouble, and changes from one Portage to the next.
"""

from __future__ import annotations

import atexit
import contextlib
import grp
import importlib.metadata
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from overlaytool.errors import CheckoutError, HungError, PortageError, ToolMissingError
from overlaytool.support.scratch import Directory


class MetadataLookup(Protocol):
    """What has the metadata of ebuilds, as md5-dict entries. It is asked from several threads.

    Portage has metadata from here only: it runs no ebuild.
    """

    def __call__(self, tree: Path, cpv: str) -> Mapping[str, str] | str | None:
        """The entry of an ebuild, why it cannot be sourced, or None where there is none."""

    def finished(self, tree: Path, start: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """CPVs and entries of a tree that are at hand anyway, from the ``start``-th on; told unasked."""


OLDEST = (3, 0, 66)
"""The oldest Portage whose data structures are known to be those that are read here."""
LIMIT = 600.0
"""Seconds after which a process of Portage counts as hung."""
PATIENCE = 2.0
"""Seconds to wait for an answer that is being looked up when nobody wants it any more."""
CONFIGURATION = "share/portage/config"
"""Portage's own defaults (make.globals), relative to where it is installed."""


def portage_version() -> str:
    """The version of the Portage that is installed for this Python.

    :raises ToolMissingError: when there is none, or when it is too old.
    """
    get = f"{sys.executable} -m pip install 'overlaytool[verify]'"
    try:
        version = importlib.metadata.version("portage")
        found = importlib.util.find_spec("portage") and importlib.util.find_spec("_emerge")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        version, found = "", None
    if not found:
        emerge = shutil.which("emerge")
        details = (f"{emerge} belongs to another Python than {sys.executable}",) if emerge else ()
        raise ToolMissingError(
            "verify needs Portage, which this Python does not have", details=details, hint=get
        )
    if _numbers(version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ToolMissingError(
            f"Portage {version} is too old",
            details=(f"verify needs {oldest} or later",),
            hint=f"{get} --upgrade",
        )
    return version


def _numbers(version: str) -> tuple[int, ...]:
    words = []
    for word in version.split("."):
        if not word.isdigit():
            break
        words.append(int(word))
    return tuple(words)


class Processes:
    """The processes of Portage that are at work, so that all of them can be ended at once."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._ended = threading.Lock(), False

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Not to outlive :meth:`end_all`."""
        with self._lock:
            self._running.add(process)
            if self._ended:
                _kill(process)

    def remove(self, process: subprocess.Popen[bytes]) -> None:
        """It has been ended."""
        with self._lock:
            self._running.discard(process)

    def end_all(self) -> None:
        """End what runs, and what is started from now on."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class MetadataServer:
    """Answers Portage's questions for metadata over a socket, on a thread of its own."""

    def __init__(self, lookup: MetadataLookup, heard: Callable[[], None], line: socket.socket) -> None:
        """
        :param lookup: may be called from the threads of several servers.
        :param heard: called after every answer.
        :param line: to the process that asks.
        """
        self._lookup, self._heard, self._line = lookup, heard, line
        self._error: Exception | None = None
        self.asked = ""
        """The CPV that was asked for last."""
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> MetadataServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._hang_up()
        self._thread.join(PATIENCE)  # longer only where a lookup hangs: whoever gave it has to end that
        if self._error is not None and kind is None:
            raise self._error

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        answered: Counter[str] = Counter()
        try:
            with self._line.makefile("rw", encoding="utf-8") as stream:
                for line in stream:
                    tree, cpv = json.loads(line)
                    self.asked = cpv
                    entry = self._lookup(Path(tree), cpv)
                    more = self._lookup.finished(Path(tree), answered[tree])
                    answered[tree] += len(more)
                    answer: dict[str, dict[str, str] | str | None] = {
                        name: dict(known) for name, known in more
                    }
                    answer[cpv] = dict(entry) if isinstance(entry, Mapping) else entry
                    stream.write(json.dumps(answer) + "\n")
                    stream.flush()
                    self._heard()
        except (OSError, ValueError):
            pass  # the process was ended in the middle of a question
        except Exception as error:
            self._error = error
        finally:
            self._hang_up()  # Portage does not wait for an answer then


class Standby:
    """A process of Portage, with a directory of its own, that loads Portage and then waits for a job."""

    def __init__(self) -> None:
        """:raises ToolMissingError: when Portage is installed without its defaults."""
        self._place = Directory()
        self.directory = self._place.path.resolve()
        """For the roots, for the log, and for what Portage wants to write."""
        self._line, theirs = socket.socketpair()
        self._number = theirs.fileno()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "overlaytool.verify.inside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.directory,
                env=_environment(self.directory),
                pass_fds=(self._number,),
                start_new_session=True,
            )

    def end(self) -> None:
        """End the process with all that it has started, and remove its directory."""
        _kill(self.process)
        self.process.communicate()
        self._line.close()
        self._place.close()

    def run(
        self, job: dict[str, Any], lookup: MetadataLookup, heard: Callable[[], None], limit: float
    ) -> dict[str, Any]:
        """Let Portage carry out a job and return its report (:mod:`overlaytool.verify.inside.__main__`).

        :param lookup: where Portage has metadata from.
        :param heard: called after every answer to a question for metadata.
        :param limit: seconds.
        :raises HungError: when it takes longer than that.
        :raises ToolMissingError: when Portage cannot be imported.
        :raises CheckoutError: when a profile cannot be read.
        :raises PortageError: when Portage fails in a way that is no answer.
        """
        job |= {
            "change": [str(self.directory)],
            "read": [*job["read"], str(_defaults())],
        }
        with MetadataServer(lookup, heard, self._line) as server:
            return self._carry_out({**job, "metadata": self._number}, limit, server)

    def _carry_out(self, job: dict[str, Any], limit: float, server: MetadataServer) -> dict[str, Any]:
        log = self.directory / "portage.log"
        try:
            output, _ = self.process.communicate(json.dumps({**job, "log": str(log)}).encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            last = (f"the last ebuild that it asked for is {server.asked}",) if server.asked else ()
            raise HungError(
                f"Portage did not come to an end in {limit:.0f} seconds",
                details=last + _tail(log),
                hint="give it longer with --time-limit, or fewer packages at once",
            ) from None
        finally:
            _kill(self.process)
        return _read(output, log)


_ready: list[Standby] = []
"""Started by :func:`load_ahead` and not taken yet."""


def load_ahead() -> None:
    """Start a process that will be wanted soon: Portage takes as long to load as the rest of this program."""
    with contextlib.suppress(ToolMissingError, OSError):  # whoever wants it will say so
        _ready.append(Standby())


@atexit.register
def _end_unused() -> None:
    while _ready:
        _ready.pop().end()


@contextlib.contextmanager
def standby(processes: Processes) -> Iterator[Standby]:
    """A process of Portage, ended at the end.

    :raises ToolMissingError: when Portage is installed without its defaults.
    """
    taken = _ready.pop() if _ready else Standby()
    processes.add(taken.process)
    try:
        yield taken
    finally:
        taken.end()
        processes.remove(taken.process)


def _read(output: bytes, log: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError:
        raise PortageError("Portage ended without an answer", details=_tail(log)) from None
    match report.get("error"):
        case None:
            return report
        case "import":
            raise ToolMissingError(
                "Portage cannot be used with this Python",
                details=(report["text"],),
                hint=f"{sys.executable} -m pip install --force-reinstall 'overlaytool[verify]'",
            )
        case "configuration":
            raise CheckoutError(report["text"], details=_tail(log))
        case _:
            raise PortageError("Portage failed", details=tuple(report["text"].splitlines()[-4:]) + _tail(log))


def _tail(log: Path, lines: int = 8) -> tuple[str, ...]:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-lines:]


def _environment(directory: Path) -> dict[str, str]:
    """Nothing of the caller's environment but the way to programs; Portage's prefix is ours.

    Portage reads its defaults, /etc/profile.env and more below EPREFIX. In ours there are only the defaults.
    """
    prefix = directory / "prefix"
    for place in (prefix / CONFIGURATION, prefix / "usr" / CONFIGURATION):
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True)
            place.symlink_to(_defaults())
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "LANG": "C.UTF-8",
        "PORTAGE_OVERRIDE_EPREFIX": str(prefix),
        "PORTAGE_CONFIGROOT": str(directory / "host"),
        "PORTAGE_USERNAME": pwd.getpwuid(os.getuid()).pw_name,
        "PORTAGE_GRPNAME": grp.getgrgid(os.getgid()).gr_name,
    }


def _defaults() -> Path:
    """The directory of make.globals that belongs to this Python's Portage.

    :raises ToolMissingError: when it is not there.
    """
    spec = importlib.util.find_spec("portage")
    places = [Path(sys.prefix), *Path(str(spec.origin if spec else "")).parents]
    for place in places:
        if (place / CONFIGURATION / "make.globals").is_file():
            return place / CONFIGURATION
    raise ToolMissingError(
        "Portage is installed without its defaults",
        details=(f"no {CONFIGURATION}/make.globals below {', '.join(map(str, places[:2]))}",),
        hint=f"{sys.executable} -m pip install --force-reinstall 'overlaytool[verify]'",
    )
