"""Which files a confined program may open, as a Landlock ruleset: the only importer of py-landlock."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from py_landlock import AccessFs, RulesetAttr
from py_landlock import LandlockError as LandlockError
from py_landlock.abi import get_supported_fs, get_supported_net, get_supported_scope
from py_landlock.landlock_sys import (
    PathBeneathAttr,
    RulesetFd,
    add_rule,
    create_ruleset,
    get_abi_version,
)

READ = AccessFs.READ_FILE | AccessFs.READ_DIR
RUN = READ | AccessFs.EXECUTE
CHANGE = (
    READ
    | AccessFs.WRITE_FILE
    | AccessFs.TRUNCATE
    | AccessFs.MAKE_REG
    | AccessFs.MAKE_DIR
    | AccessFs.MAKE_SYM
    | AccessFs.MAKE_FIFO
    | AccessFs.MAKE_SOCK
    | AccessFs.REMOVE_FILE
    | AccessFs.REMOVE_DIR
    | AccessFs.REFER
)
FILE = AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.EXECUTE | AccessFs.TRUNCATE
"""What can be granted for a file that is no directory."""

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/gnu/store", "/nix/store", "/etc/ld.so.cache")
"""Where shared libraries are, and the file that says so."""
DEVICE = Path(os.devnull)
ELF_64, PT_INTERP = b"\x7fELF\2", 3


@cache
def version() -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    try:
        return int(get_abi_version())
    except (LandlockError, OSError):
        return 0


def ruleset(
    *, trees: Iterable[Path], read: Iterable[Path], run: Iterable[Path], change: Iterable[Path] = ()
) -> int:
    """A descriptor of a ruleset that grants this and nothing else: no other file, no TCP, no signal.

    What is not there is left out.

    :param trees: to read, without what begins with a dot at their tops: ``.git`` may hold passwords.
    :raises LandlockError, OSError: where the kernel has no Landlock, or does not take a rule.
    """
    abi = get_abi_version()
    supported = get_supported_fs(abi)
    made = create_ruleset(RulesetAttr(supported, get_supported_net(abi), get_supported_scope(abi)))
    grants: list[tuple[Path, AccessFs]] = [(path, RUN) for path in run]
    grants += [(path, READ) for path in read]
    grants += [(path, READ) for tree in trees for path in _visible(tree)]
    grants += [(path, CHANGE) for path in change]
    grants.append((DEVICE, AccessFs.READ_FILE | AccessFs.WRITE_FILE))
    try:
        for path, access in grants:
            _grant(made, path, access & supported)
    except BaseException:
        os.close(made)
        raise
    return int(made)


def _grant(made: RulesetFd, path: Path, access: AccessFs) -> None:
    with suppress(FileNotFoundError):
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                access &= FILE
            add_rule(made, PathBeneathAttr(access, file))
        finally:
            os.close(file)


def _visible(tree: Path) -> list[Path]:
    """A tree, or all at its top whose names do not begin with a dot."""
    with suppress(OSError), os.scandir(tree) as entries:
        found = list(entries)
        if any(entry.name.startswith(".") for entry in found):
            return [
                Path(entry.path)
                for entry in found
                if not entry.name.startswith(".") and not entry.is_symlink()  # a link grants what it leads to
            ]
    return [tree]


@cache
def bash() -> str:
    """The shell that sources, links followed."""
    return os.path.realpath(shutil.which("bash") or "/bin/bash")


def program(path: str) -> Iterator[Path]:
    """What the kernel opens to run a program: itself and its loader. Its libraries are only read."""
    yield Path(path)
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        head = file.read(64)
        (table,), (size, count) = struct.unpack_from("=Q", head, 32), struct.unpack_from("=HH", head, 54)
        for number in range(count if head.startswith(ELF_64) else 0):
            file.seek(table + number * size)
            kind, _flags, offset, _virtual, _physical, length = struct.unpack("=IIQQQQ", file.read(40))
            if kind == PT_INTERP:
                file.seek(offset)
                yield Path(os.fsdecode(file.read(length).rstrip(b"\0"))).resolve()
                return


def libraries() -> list[Path]:
    """The directories of shared libraries, to read."""
    return [path for path in map(Path, LIBRARIES) if path.exists()]
