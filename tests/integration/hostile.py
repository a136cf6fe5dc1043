"""Ebuilds that try to get at what is none of their business, and traps that notice when one does.

Each ends with valid metadata, so that a plan for ``app-evil/all`` sources them all.
"""

from __future__ import annotations

import itertools
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ebuilds import write_ebuild

SECRET_KEY, TOKEN = "CANARY-PRIVATE-KEY", "CANARY-TOKEN"

FOR_EACH_PROCESS = "for place in /proc/[0-9]*; do"

LINGER = "exec 9<> <(:); while [[ ! -e {home}/stop ]]; do read -t 0.2 -u 9; done"

ATTACKS = {
    "writes": "echo x > {home}/caught/writes",
    "appends": "echo x >> {home}/.bashrc",
    "writes-temporary": "echo x > {temporary}/caught-writes-temporary",
    "writes-beside": "echo x > here && echo x > {home}/caught/writes-beside",
    "writes-tree": "echo x > {tree}/caught-writes-tree",
    "reads-key": 'DESCRIPTION="$(< {home}/.ssh/id_rsa)"',
    "lists-home": 'names=( {home}/.ssh/* )\n[[ -f ${{names[0]}} ]] && DESCRIPTION="listed-${{names[0]##*/}}"',
    "reads-system": 'read -r line < /etc/passwd\nDESCRIPTION="system-${{line}}"',
    "reads-git": 'DESCRIPTION="git-$(< {tree}/.git/config)"',
    "reads-environment": FOR_EACH_PROCESS + " text=$(< ${{place}}/environ)\n"
    "[[ ${{text}} == *GITHUB_TOKEN=* ]] && DESCRIPTION=${{text##*GITHUB_}}; done",
    "has-environment": 'DESCRIPTION="has-${{GITHUB_TOKEN}}"',
    "tcp": "exec 9<>/dev/tcp/127.0.0.1/{tcp} && echo tcp >&9",
    "udp": "echo udp > /dev/udp/127.0.0.1/{udp}",
    "kills": "kill -KILL {victim}",
    "kills-all": FOR_EACH_PROCESS + " text=$(< ${{place}}/cmdline)\n"
    "[[ ${{text}} == *{victim_name}* ]] && kill -KILL ${{place##*/}}; done",
    "runs": "/bin/touch {home}/caught/runs",
    "runs-through-loader": "/lib64/ld-linux-x86-64.so.2 /bin/touch {home}/caught/runs-through-loader",
    "runs-own": "/lib64/ld-linux-x86-64.so.2 {tree}/own/chmod 777 {home}/caught",
    "runs-own-python": "/lib64/ld-linux-x86-64.so.2 {tree}/own/touch {home}/caught/runs-own-python",
    "loads": "enable -f {tree}/own/touch touch && touch {home}/caught/loads",
    "leaves-child": "( exec 1>&- 2>&- 8< {tree}/own/chmod; LINGER ) &\ndisown",
    "leaves-session": "set -m; ( exec 8< {tree}/own/touch; LINGER ) & disown; set +m",
}
"""What each does at global scope. Filled in by :func:`overlay`."""


_NUMBERS = itertools.count()


class Traps:
    """A home with secrets, listeners, and a process to kill; and what was sprung."""

    def __init__(self, home: Path, temporary: Path) -> None:
        self.home, self.temporary = home, temporary
        for name in (".ssh", "caught"):
            (home / name).mkdir()
        (home / ".ssh/id_rsa").write_text(SECRET_KEY)
        (home / ".bashrc").write_text("")
        (home / "caught").chmod(0o700)
        self.heard: set[str] = set()
        self.victim_name = f"4711.{os.getpid()}{next(_NUMBERS)}"
        """Other tests that run at the same time have victims of their own."""
        self.victim = subprocess.Popen(["sleep", self.victim_name])
        self._sockets = [socket.socket(type=kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
        for one in self._sockets:
            one.bind(("127.0.0.1", 0))
        self._sockets[0].listen()
        self.tcp, self.udp = (one.getsockname()[1] for one in self._sockets)
        self._listening = True
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while self._listening:
            ready, _, _ = select.select(self._sockets, (), (), 0.05)
            for one in ready:
                if one is self._sockets[0]:
                    one.accept()[0].close()
                    self.heard.add("tcp")
                else:
                    one.recv(100)
                    self.heard.add("udp")

    def close(self) -> None:
        """Let everything go, what was left running as well."""
        (self.home / "stop").touch()
        self.victim.kill()
        self.victim.wait()
        self._listening = False
        self._thread.join()  # a thread that stays in recv() would read from whoever gets the number next
        for one in self._sockets:
            one.close()

    def sprung(self, output: str, tree: Path) -> set[str]:
        """The attacks that came through, as far as it shows."""
        time.sleep(0.1)  # a datagram may be on its way
        said = output.encode() + b"".join(
            path.read_bytes() for path in (self.home / ".cache").rglob("*") if path.is_file()
        )
        found = {path.name for path in (self.home / "caught").iterdir()} | self.heard
        found |= {path.name.removeprefix("caught-") for path in self.temporary.glob("caught-*")}
        found |= {path.name.removeprefix("caught-") for path in tree.glob("caught-*")}
        signs = {
            "appends": bool((self.home / ".bashrc").read_text()),
            "kills": self.victim.poll() is not None,
            "reads-key": SECRET_KEY.encode() in said,
            "lists-home": b"listed-id_rsa" in said,
            "reads-system": b"system-root" in said,
            "reads-git": b"git-[core]" in said,
            "reads-environment": f"TOKEN={TOKEN}".encode() in said,
            "has-environment": f"has-{TOKEN}".encode() in said,
            "runs-own": (self.home / "caught").stat().st_mode & 0o777 != 0o700,
            "leaves-child": holds(tree / "own/chmod"),
            "leaves-session": holds(tree / "own/touch"),
        }
        return found | {name for name, came in signs.items() if came}


def holds(file: Path) -> bool:
    """Whether a process has a file open."""
    for descriptor in Path("/proc").glob("[0-9]*/fd/8"):
        with suppress(OSError):
            if descriptor.readlink() == file:
                return True
    return False


@contextmanager
def traps(home: Path, temporary: Path) -> Iterator[Traps]:
    """Set them, and clean up."""
    made = Traps(home, temporary)
    try:
        yield made
    finally:
        made.close()


def overlay(path: Path, traps: Traps) -> Path:
    """An overlay with a package for each attack, and ``app-evil/all`` that needs them all."""
    write_overlay(path)
    fill(path, traps)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "Nothing to see here")):
        subprocess.run(["git", *command], cwd=path, check=True)
    return path


def fill(path: Path, traps: Traps) -> None:
    """Write the packages into a tree."""
    (path / "own").mkdir()
    for name in ("chmod", "touch"):
        shutil.copy(shutil.which(name) or f"/bin/{name}", path / "own")
    for name, code in ATTACKS.items():
        body = code.replace("LINGER", LINGER).format(
            home=traps.home,
            temporary=traps.temporary,
            tree=path,
            tcp=traps.tcp,
            udp=traps.udp,
            victim=traps.victim.pid,
            victim_name=traps.victim_name,
        )
        write_ebuild(
            path,
            f"app-evil/{name}-1",
            f"shopt -u failglob\n{{ {body}\n}} 2> /dev/null\n:",
        )
    write_ebuild(path, "app-evil/all-1", f'RDEPEND="{" ".join(f"app-evil/{name}" for name in ATTACKS)}"')


def write_overlay(path: Path, name: str = "evil") -> None:
    """An ebuild repository without ebuilds."""
    (path / "profiles").mkdir(parents=True)
    (path / "metadata").mkdir()
    (path / "eclass").mkdir()
    (path / "profiles/repo_name").write_text(f"{name}\n")
    (path / "profiles/categories").write_text("app-evil\n")
    (path / "metadata/layout.conf").write_text("masters = gentoo\nthin-manifests = true\n")


def environment(home: Path) -> dict[str, str]:
    """What overlaytool runs with."""
    return {**os.environ, "HOME": str(home), "GITHUB_TOKEN": TOKEN}


def program(patch: str = "") -> list[str]:
    """The command line; with a patch of :mod:`overlaytool.confine`, lines of Python, for other machines."""
    if not patch:
        return [sys.executable, "-m", "overlaytool"]
    imports = "import runpy\nfrom overlaytool.confine import files, filters, host\n"
    run = "runpy.run_module('overlaytool', run_name='__main__')"
    return [sys.executable, "-c", f"{imports}{patch}\n{run}\n"]


def unconfined(place: Path) -> str:
    """A patch that takes a launcher that confines nothing: what the traps are tested with."""
    real = Path(__file__).parents[2] / "overlaytool/confine"
    open_launcher = place / "open_launcher.py"
    open_launcher.write_text(
        f"import sys\nsys.path.insert(0, {str(real)!r})\nimport launcher\n"
        "launcher.separate = lambda mode, readable: False\n"
        "launcher.confine = lambda *arguments: None\n"
        "launcher.furnish = lambda *arguments: None\n"
        "launcher.main()\n"
    )
    return f"host.SCRIPT = {str(open_launcher)!r}"


NO_NAMESPACES = "host.modes = lambda: ('none',)"
NO_LANDLOCK = "files.version = lambda: 0"
NO_SECCOMP = "filters.program = lambda **arguments: b''"
