"""Confines the process that it is called in, for good."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from pathlib import Path

from overlaytool.confine import files, filters, launcher

SYSTEM = ("/etc/passwd", "/etc/group", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom")
"""What Python and the C library read anywhere."""
LIMITS = (
    (resource.RLIMIT_AS, 4 << 30),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 256 << 20),
)


def confine_this_process(*, read: Iterable[Path], change: Iterable[Path]) -> bool:
    """Let this process read Python and some trees, write some directories, and reach nothing else.

    It runs no other program, and ends with the thread that has started it. Where the kernel has no Landlock,
    files stay open to it.

    :return: whether its files are confined.
    :raises OSError: where the kernel takes back what it promised.
    """
    python = {sys.prefix, sys.base_prefix, *(path for path in sys.path if path), *map(str, files.libraries())}
    seccomp = filters.program(signals=True, allowed=filters.FOR_OWN_FILES)
    if not files.version():
        return False
    always = [Path(place) for place in (*SYSTEM, *python)]
    ruleset = files.ruleset(trees=read, read=always, run=(), change=change)
    launcher.confine(None, LIMITS, seccomp, ruleset)
    return True
