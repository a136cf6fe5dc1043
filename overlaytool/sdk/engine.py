"""docker or podman, as the user's own client understands them.

DOCKER_HOST, docker contexts and CONTAINER_HOST are left to the client, so a bigger machine can do the
build. podman has to be root's, because the SDK container is privileged; docker is asked as the user is.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import SdkError, ToolMissingError
from overlaytool.support import process
from overlaytool.support.process import Completed, Line

REGISTRY = "ghcr.io/flatcar"
ANSWER = 60.0
"""Seconds that an engine may take to answer a question."""
COMPRESSIONS = {b"\x1f\x8b": ("pigz", "gzip"), b"\x28\xb5\x2f\xfd": ("zstd",), b"BZh": ("lbzip2", "bzip2")}
"""First bytes of a file, and the programs that unpack it, fastest first."""


class EngineKind(StrEnum):
    """``--engine``."""

    AUTO = "auto"
    DOCKER = "docker"
    PODMAN = "podman"


class Engine(Struct, frozen=True, kw_only=True):
    """A container engine that has answered."""

    kind: EngineKind
    command: tuple[str, ...]
    """The client, with sudo before it where that is needed."""
    version: str
    remote: bool
    """Whether it works on another machine, or behind a socket that only the environment names."""

    def call(
        self,
        *arguments: str | Path,
        timeout: float | None = ANSWER,
        line: Line | None = None,
        log: Path | None = None,
    ) -> Completed:
        """Run the client; that it fails is for the caller to judge."""
        return process.run((*self.command, *arguments), timeout=timeout, line=line, log=log)

    def answer(self, *arguments: str | Path) -> str | None:
        """The first line of what the client says, None where it fails."""
        done = self.call(*arguments)
        return (done.output[0] if done.output else "") if done.ok else None

    def alive(self) -> bool:
        """Whether the engine still answers."""
        return self.call("ps", "--quiet").ok

    def serves_podman(self) -> bool:
        """Whether docker's client talks to podman's service."""
        return "podman" in (self.answer("version", "--format", "{{json .Server}}") or "").lower()

    def image(self, reference: str) -> str | None:
        """The id of an image that is there, None for one that is not."""
        return self.answer("image", "inspect", "--format", "{{.Id}}", reference)

    def storage(self) -> Path | None:
        """The directory with the engine's images and containers, where it is this machine's."""
        form = "{{.DockerRootDir}}" if self.kind is EngineKind.DOCKER else "{{.Store.GraphRoot}}"
        place = None if self.remote else self.answer("info", "--format", form)
        return Path(place) if place and Path(place).is_dir() else None

    def load(self, file: Path, *, line: Line | None = None, log: Path | None = None) -> str:
        """Load an image from a tarball, and give its reference.

        :raises SdkError: when the file cannot be read, or is no image.
        """
        done = process.run(_load_command(file, self.command), line=line, log=log)
        reference = next(
            (
                text.partition(":")[2].strip()
                for text in reversed(done.output)
                if text.startswith(("Loaded image: ", "Loaded image(s): "))
            ),
            None,
        )
        if not done.ok or not reference:
            raise SdkError(
                f"{file} could not be loaded as a container image",
                details=done.output[-5:],
                hint="it has to be what `docker save` writes, as Flatcar's flatcar-sdk-all-VERSION.tar.gz is",
            )
        return reference.split(",")[0]


def find(wanted: EngineKind = EngineKind.AUTO, environ: Mapping[str, str] | None = None) -> Engine:
    """The first engine that answers: docker, then podman, in the order of the checkout's own scripts.

    :raises ToolMissingError: when none answers, with what each said.
    """
    environ = os.environ if environ is None else environ
    found: list[str] = []
    for kind, command in _clients(environ):
        if wanted not in (EngineKind.AUTO, kind):
            continue
        if command[0] == "sudo" and sys.stdin.isatty() and not process.run(("sudo", "-n", "true")).ok:
            process.in_foreground(("sudo", "-v"))
        done = process.run((*command, "version", "--format", "{{.Client.Version}}"), timeout=ANSWER)
        alive = process.run((*command, "ps", "--quiet"), timeout=ANSWER) if done.ok else done
        if alive.ok:
            version = done.output[0] if done.output else "unknown"
            return Engine(
                kind=kind, command=command, version=version, remote=_is_remote(kind, command, environ)
            )
        found.append(f"{kind}: {alive.output[-1] if alive.output else f'exit status {alive.status}'}")
    name = "docker or podman" if wanted is EngineKind.AUTO else str(wanted)
    raise ToolMissingError(
        f"{name} cannot be used",
        details=tuple(found) or (f"no {name} on PATH",),
        hint="install docker or podman, start its service, and be in the group that may use it",
    )


def image_reference(version: str, arch: str = "all") -> str:
    """Flatcar's SDK image for a FLATCAR_SDK_VERSION."""
    return f"{REGISTRY}/flatcar-sdk-{arch}:{version.replace('+', '-')}"


def is_podman_in_disguise(docker: str) -> bool:
    """Whether the program ``docker`` is podman, as the checkout's own scripts find out."""
    return "podman" in process.run((docker, "help"), timeout=ANSWER).text.lower()


def _clients(environ: Mapping[str, str]) -> list[tuple[EngineKind, tuple[str, ...]]]:
    path = environ.get("PATH")
    docker, podman = shutil.which("docker", path=path), shutil.which("podman", path=path)
    clients: list[tuple[EngineKind, tuple[str, ...]]] = []
    if docker and not is_podman_in_disguise(docker):
        clients.append((EngineKind.DOCKER, (docker,)))
    if podman:
        if os.geteuid() == 0:
            clients.append((EngineKind.PODMAN, (podman,)))
        elif environ.get("CONTAINER_HOST"):
            clients.append((EngineKind.PODMAN, (podman, "--remote")))
        else:
            clients.append((EngineKind.PODMAN, ("sudo", "podman")))
    return clients


def _is_remote(kind: EngineKind, command: Sequence[str], environ: Mapping[str, str]) -> bool:
    if kind is EngineKind.PODMAN:
        return bool(environ.get("CONTAINER_HOST")) and command[0] != "sudo"
    host = environ.get("DOCKER_HOST")
    if not host:
        done = process.run(
            (*command, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"), timeout=ANSWER
        )
        host = done.output[0].strip() if done.ok and done.output else ""
    return bool(host) and not host.startswith(("unix://", "npipe://"))


def _load_command(file: Path, client: Sequence[str]) -> tuple[str, ...]:
    """``docker load``, fed by a parallel unpacker where there is one: the clients themselves use one core.

    :raises SdkError: when the file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise SdkError(f"{file} cannot be read: {error.strerror}") from error
    programs = next((names for magic, names in COMPRESSIONS.items() if start.startswith(magic)), ())
    for program in filter(shutil.which, programs):
        script = 'set -o pipefail; program=$1 file=$2; shift 2; "$program" -dc -- "$file" | "$@" load'
        return ("bash", "-c", script, "load", program, str(file), *client)
    return (*client, "load", "--input", str(file))
