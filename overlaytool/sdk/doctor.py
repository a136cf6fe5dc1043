"""Is this machine ready to build? One check each: what was found, what is needed, how to get it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from overlaytool.confine.host import Launcher
from overlaytool.errors import CheckoutError, HungError, OverlaytoolError
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.build import Check, Fault, Readiness
from overlaytool.sdk import engine as engines
from overlaytool.sdk import faults, wrapper
from overlaytool.sdk.engine import Engine
from overlaytool.sdk.opening import Choice
from overlaytool.support import process

GIB = 1024**3
DISK = 30 * GIB
"""Bytes: SDK image and container about 15 GiB, board root and binary packages 8, an image 5."""
MEMORY = 8 * GIB
"""Bytes: linking the larger packages with two jobs."""
CORES = 4
LOOK_UP = 30.0
"""Seconds that a registry may take to answer."""


class Machine(Struct, frozen=True, kw_only=True):
    """Where the checks look. A test may look somewhere else."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")


def examine(
    checkout: Checkout | None,
    choice: Choice,
    *,
    machine: Machine | None = None,
    line: Callable[[str], None] = lambda text: None,
) -> Iterator[Check]:
    """Every check, one after the other.

    :param checkout: None where there is none: what needs one is then left out.
    """
    machine = machine or Machine()
    yield _git()
    yield _containment()
    engine, check = _engine(choice)
    yield check
    yield from _checkout(checkout, engine)
    if checkout and engine:
        yield _image(checkout, engine, choice, line)
    yield from _space(checkout, engine)
    yield from _hardware(machine)
    yield from _kernel(machine)
    yield _qemu()


def _git() -> Check:
    program = shutil.which("git")
    done = process.run((program, "--version"), timeout=LOOK_UP) if program else None
    return Check(
        name="git",
        readiness=Readiness.OK if done and done.ok else Readiness.MISSING,
        found=done.output[0] if done and done.output else "none",
        needed="any",
        hint=None if done and done.ok else "install git",
    )


def _containment() -> Check:
    """Whether what ebuilds do as they are read is contained here (docs/sandbox.md)."""
    launcher = Launcher(())
    try:
        made = launcher.containment
    finally:
        launcher.close()
    parts = [f"Landlock {made.landlock}"] if made.landlock else []
    parts += ["namespaces"] if made.namespaces else []
    parts += ["seccomp"] if made.seccomp else []
    return Check(
        name="containment",
        readiness=Readiness.OK if made.complete else Readiness.WARNING,
        found="; ".join((", ".join(parts) or "none", *(f"reached: {text}" for text in made.missing))),
        needed="Landlock, and namespaces or seccomp",
        hint=None
        if made.complete
        else "only Gentoo's tree and the checkout's own are read here; --trust-sources reads the others too",
    )


def _engine(choice: Choice) -> tuple[Engine | None, Check]:
    try:
        engine = engines.find(choice.engine)
    except OverlaytoolError as error:
        found = "; ".join(error.details) or error.message
        return None, Check(
            name="engine",
            readiness=Readiness.MISSING,
            found=found,
            needed="docker, or podman as root",
            hint=error.hint,
        )
    place = ", on another machine" if engine.remote else ""
    return engine, Check(
        name="engine",
        readiness=Readiness.OK,
        found=f"{engine.kind} {engine.version}{place}",
        needed="docker, or podman as root",
    )


def _checkout(checkout: Checkout | None, engine: Engine | None) -> Iterator[Check]:
    if checkout is None:
        yield Check(
            name="checkout",
            readiness=Readiness.WARNING,
            found="none here",
            needed="a clone of flatcar/scripts",
            hint="name it with -C: the SDK image and the known faults depend on it",
        )
        return
    boards = ", ".join(board.name for board in checkout.boards)
    yield Check(
        name="checkout",
        readiness=Readiness.OK,
        found=f"{checkout.version} at {checkout.path}, boards {boards}",
        needed="alpha-3665.0.0 or later",
    )
    yield _scripts(checkout, engine)
    for fault in faults.find(checkout):
        yield _fault(fault)


def _scripts(checkout: Checkout, engine: Engine | None) -> Check:
    """run_sdk_container, and who runs it."""
    needed = "run_sdk_container, with a tag that HEAD descends from, as an ordinary user"
    try:
        obstacle = wrapper.look(checkout, engine).obstacle if engine else None
        wrapper.version_values(checkout.path)
    except CheckoutError as error:
        return Check(
            name="build scripts",
            readiness=Readiness.MISSING,
            found=error.message,
            needed=needed,
            hint=error.hint,
        )
    if obstacle is None and os.geteuid() == 0:
        obstacle = "root is at work, and Flatcar's scripts refuse root in the container"
    return Check(
        name="build scripts",
        readiness=Readiness.WARNING if obstacle else Readiness.OK,
        found=obstacle or "run_sdk_container can be used",
        needed=needed,
        hint="overlaytool creates the container itself then; `git fetch --tags` gets missing tags"
        if obstacle
        else None,
    )


def _fault(fault: Fault) -> Check:
    return Check(
        name=f"fault {fault.name}",
        readiness=Readiness.WARNING,
        found=f"{fault.summary} ({fault.file})",
        needed="scripts without it",
        hint="overlaytool doctor --fix commits a repair",
    )


def _image(checkout: Checkout, engine: Engine, choice: Choice, line: Callable[[str], None]) -> Check:
    """The SDK image, and whether a container of it starts."""
    try:
        version = wrapper.version_values(checkout.path)["FLATCAR_SDK_VERSION"]
        reference = choice.image or engines.image_reference(version)
        if choice.image_file:
            line(f"loading {choice.image_file}")
            reference = engine.load(choice.image_file, line=line)
    except OverlaytoolError as error:
        return _image_check(Readiness.MISSING, "; ".join((error.message, *error.details)), error.hint)
    if engine.image(reference):
        started = engine.call(
            "run", "--rm", "--privileged", "--network", "host", "--entrypoint", "/bin/true", reference
        )
        if started.ok:
            return _image_check(Readiness.OK, f"{reference} is here, and a container of it starts", None)
        found = f"no container of {reference} starts: {started.output[-1] if started.output else 'no reason'}"
        return _image_check(Readiness.MISSING, found, f"`{engine.kind} info` may say why")
    if _can_be_pulled(engine, reference):
        return _image_check(Readiness.OK, f"{reference} can be pulled", None)
    return _image_check(
        Readiness.MISSING,
        f"{reference} is neither here nor in its registry",
        f"get {reference.rpartition('/')[2].replace(':', '-')}.tar.gz from Flatcar's release servers, "
        "and give it with --image-file",
    )


def _can_be_pulled(engine: Engine, reference: str) -> bool:
    """Whether the registry has it; one that takes too long counts as one that has not."""
    try:
        return engine.call("manifest", "inspect", reference, timeout=LOOK_UP).ok
    except HungError:
        return False


def _image_check(readiness: Readiness, found: str, hint: str | None) -> Check:
    return Check(
        name="SDK image", readiness=readiness, found=found, needed="the one of version.txt", hint=hint
    )


def _space(checkout: Checkout | None, engine: Engine | None) -> Iterator[Check]:
    """Free space on every file system that is written to."""
    places = {"checkout": checkout.path if checkout else None, "engine": engine.storage() if engine else None}
    seen: set[int] = set()
    for owner, place in places.items():
        if place is None or place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        free = shutil.disk_usage(place).free
        yield Check(
            name=f"disk of the {owner}",
            readiness=Readiness.OK if free >= DISK else Readiness.MISSING,
            found=f"{free / GIB:.1f} GiB free at {place}",
            needed=f"{DISK // GIB} GiB",
            hint=None if free >= DISK else "free some space, or build on another disk",
        )


def _hardware(machine: Machine) -> Iterator[Check]:
    memory = _total_memory(machine.proc / "meminfo")
    yield Check(
        name="memory",
        readiness=Readiness.OK if memory >= MEMORY else Readiness.WARNING,
        found=f"{memory / GIB:.1f} GiB",
        needed=f"{MEMORY // GIB} GiB",
        hint=None if memory >= MEMORY else "add swap, or build with fewer jobs",
    )
    cores = len(os.sched_getaffinity(0))
    yield Check(
        name="cores",
        readiness=Readiness.OK if cores >= CORES else Readiness.WARNING,
        found=str(cores),
        needed=f"{CORES} or more",
        hint=None
        if cores >= CORES
        else "it works with fewer, and takes longer; DOCKER_HOST may name a bigger machine",
    )


def _total_memory(meminfo: Path) -> int:
    """MemTotal in bytes; 0 where the kernel does not say."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:")), 0)


def _kernel(machine: Machine) -> Iterator[Check]:
    enforce = machine.sys / "fs/selinux/enforce"
    enforcing = enforce.is_file() and enforce.read_text().strip() == "1"
    yield Check(
        name="SELinux",
        readiness=Readiness.MISSING if enforcing else Readiness.OK,
        found="enforcing" if enforcing else "not enforcing",
        needed="permissive while an image is built",
        hint="sudo setenforce 0, and back to 1 afterwards" if enforcing else None,
    )
    loop = (machine.dev / "loop-control").exists()
    yield Check(
        name="loop devices",
        readiness=Readiness.OK if loop else Readiness.MISSING,
        found="there" if loop else "none",
        needed="build_image mounts the disk image",
        hint=None if loop else "sudo modprobe loop",
    )
    kvm = os.access(machine.dev / "kvm", os.R_OK | os.W_OK)
    exists = (machine.dev / "kvm").exists()
    yield Check(
        name="KVM",
        readiness=Readiness.OK if kvm else Readiness.WARNING,
        found="usable" if kvm else "not for you" if exists else "none",
        needed="booting an image at a bearable speed",
        hint=None if kvm else "be in the group kvm" if exists else "turn on virtualisation in the firmware",
    )


def _qemu() -> Check:
    program = shutil.which("qemu-system-x86_64") or shutil.which("qemu-system-aarch64")
    return Check(
        name="QEMU",
        readiness=Readiness.OK if program else Readiness.WARNING,
        found=program or "none",
        needed="booting an image",
        hint=None if program else "install qemu-system-x86",
    )
