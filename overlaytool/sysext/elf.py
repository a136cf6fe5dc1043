"""What the dynamic linker needs to know of a program or library. Only this module uses pyelftools."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, BinaryIO

from overlaytool.errors import ImageError
from overlaytool.image.disk import library
from overlaytool.model.sysext import ElfFile

MAGIC = b"\x7fELF"
MACHINES = {
    "EM_X86_64": "x86-64",
    "EM_AARCH64": "arm64",
    "EM_386": "x86",
    "EM_ARM": "arm",
    "EM_RISCV": "riscv64",
}
"""ELF names of machines, and systemd's (systemd.unit(5), ConditionArchitecture=)."""


def read(path: str, stream: BinaryIO) -> ElfFile | None:
    """The facts of an ELF file; None for anything else, relocatable objects among them.

    :raises ImageError: when it begins like one, and is damaged.
    :raises ToolMissingError: when pyelftools is not installed.
    """
    if stream.read(4) != MAGIC:
        return None
    stream.seek(0)
    elffile = library("elftools.elf.elffile")
    broken = library("elftools.common.exceptions").ELFError
    try:
        return _facts(path, elffile.ELFFile(stream))
    except (broken, ValueError, KeyError, IndexError, AssertionError, UnicodeDecodeError) as error:
        raise ImageError(f"{path} is a damaged ELF file: {error}") from error


def _facts(path: str, elf: Any) -> ElfFile | None:
    if elf["e_type"] == "ET_REL":
        return None
    needed: list[str] = []
    search: list[str] = []
    soname = interpreter = ""
    for segment in elf.iter_segments():
        kind = segment["p_type"]
        if kind == "PT_INTERP":
            interpreter = segment.get_interp_name()
        elif kind == "PT_DYNAMIC":
            for tag in segment.iter_tags():
                name = tag.entry.d_tag
                if name == "DT_NEEDED":
                    needed.append(tag.needed)
                elif name == "DT_SONAME":
                    soname = tag.soname
                elif name in ("DT_RUNPATH", "DT_RPATH"):
                    search += (tag.runpath if name == "DT_RUNPATH" else tag.rpath).split(":")
    origin = str(PurePosixPath("/", path).parent)
    machine = str(elf["e_machine"])
    return ElfFile(
        path=path,
        machine=MACHINES.get(machine, machine),
        needed=tuple(needed),
        soname=soname,
        search=tuple(each.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for each in search if each),
        interpreter=interpreter,
    )
