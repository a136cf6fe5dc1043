"""The script that image_to_vm.sh wrote beside the disk: which one, for which board, what it gives QEMU."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import VmError

NAMES = ("flatcar_production_qemu_uefi.sh", "flatcar_production_qemu.sh")
"""In the order of wish: Flatcar's own tests boot the first; alpha-3665.0.0 may have only the second."""
QEMU = {"amd64-usr": "qemu-system-x86_64", "arm64-usr": "qemu-system-aarch64"}
PACKAGE = {"amd64-usr": "qemu-system-x86", "arm64-usr": "qemu-system-arm"}
MACHINES = {"amd64-usr": ("x86_64",), "arm64-usr": ("aarch64", "arm64")}
"""What uname says on a machine that can run the board without emulation."""
BUILD_IT = "overlaytool sdk image builds an image, and image_to_vm.sh makes the script of it"


class StartScript(Struct, frozen=True, kw_only=True):
    """What is known of a start script."""

    path: Path
    board: str
    image: Path | None
    """The disk; None where the script boots something else."""
    kvm: str | None
    """What it gives ``-machine`` where the host has the board's architecture: ``q35,accel=kvm,smm=on``."""

    @property
    def qemu(self) -> str:
        """The program that it calls."""
        return QEMU[self.board]

    @property
    def secure(self) -> bool:
        """Whether its firmware wants system management mode."""
        return "_secure" in self.path.name


def find(place: Path) -> StartScript:
    """The script that is ``place``, or the one in that directory.

    :raises VmError: when there is none, or it is none of image_to_vm.sh.
    """
    if place.is_dir():
        path = next((place / name for name in NAMES if (place / name).is_file()), None)
        if path is None:
            raise VmError(f"no start script for QEMU in {place}", details=_others(place), hint=BUILD_IT)
        return read(path)
    return read(place)


def read(path: Path) -> StartScript:
    """What a start script says.

    :raises VmError: when it cannot be read, or is none of image_to_vm.sh.
    """
    if path.exists() and not path.is_file():
        raise VmError(f"the start script {path} is no file", hint=BUILD_IT)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise VmError(f"the start script {path} cannot be read: {reason}", hint=BUILD_IT) from error
    board = _value(text, "VM_BOARD")
    if board not in QEMU:
        raise VmError(
            f"{path} is no start script of image_to_vm.sh",
            details=(f"VM_BOARD={board or ''} names none of {', '.join(QEMU)}",),
            hint=BUILD_IT,
        )
    if not os.access(path, os.X_OK):
        raise VmError(f"{path} may not be executed", hint=f"chmod +x {path}")
    return StartScript(path=path.absolute(), board=board, image=_image(path, text), kvm=_kvm(text, board))


def check_image(script: StartScript) -> None:
    """The disk is there and can be read. It need not be writable: it is opened with ``-snapshot``.

    :raises VmError: when it is not so.
    """
    if script.image is None:
        return
    if not script.image.exists():
        raise VmError(
            f"the disk {script.image} is missing", details=(f"{script.path} wants it",), hint=BUILD_IT
        )
    if not os.access(script.image, os.R_OK):
        raise VmError(
            f"the disk {script.image} cannot be read",
            hint="it belongs to someone else: run as its owner, or give yourself the right to read it",
        )


def _others(place: Path) -> tuple[str, ...]:
    """Images in the directory that a script could have been made of."""
    return tuple(f"there is {path.name}" for path in sorted(place.glob("flatcar_production_*image*.bin")))


def _value(text: str, variable: str) -> str:
    """What the script sets a variable to first, without quotes."""
    found = re.search(rf"^{variable}=(.*)$", text, re.MULTILINE)
    return found[1].strip().replace('"', "").replace("'", "") if found else ""


def _image(path: Path, text: str) -> Path | None:
    """main writes ``${SCRIPT_DIR}/NAME``, alpha-3665.0.0 the name alone."""
    value = _value(text, "VM_IMAGE").replace("${SCRIPT_DIR}", str(path.absolute().parent))
    return path.absolute().parent / value if value else None


def _kvm(text: str, board: str) -> str | None:
    """The ``-machine`` options of the branch for a host of the board's own architecture."""
    architecture = re.escape(MACHINES[board][0])
    branch = re.search(rf"{board}\+{architecture}\b[^)]*\)(.*?);;", text, re.DOTALL)
    found = re.search(r"-machine (\S*accel=kvm\S*)", branch[1]) if branch else None
    return re.sub(r"accel=[\w:]+", "accel=kvm", found[1]) if found else None
