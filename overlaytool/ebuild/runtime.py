"""pkgcore made ready: EAPI 9 readable, its log kept from users, its signal handlers taken back.

What it builds and merges with is not loaded: that is a quarter of what it imports.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from pkgcore import log as pkgcore_log

BUILDING = ("lxml.etree", "pkgcore.binpkg.repository", "pkgcore.ebuild.ebd", "pkgcore.ebuild.ebuild_built")
"""Modules that pkgcore imports for building packages, and for their metadata.xml."""


class _Later(ModuleType):
    """Stands for a module until something in it is asked for.

    importlib's LazyLoader loads a module as soon as a second one imports it, and libraries at once.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import system
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


for _name in BUILDING:
    sys.modules.setdefault(_name, _Later(_name))

# Before the imports below: pkgcore says at import that this bash is too old for EAPI 9.
logging.getLogger("pkgcore").setLevel(logging.CRITICAL + 1)
pkgcore_log.logger.setLevel(logging.CRITICAL + 1)
logging.getLogger("snakeoil").setLevel(logging.CRITICAL + 1)


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Keep pkgcore from setting handlers at import, even for a moment.

    They close pipes that other threads may be reading, and so wait for them. Whoever is interrupted here
    ends with the exception that the program's own handlers raise, and cleans up on its way.
    """
    setter = signal.signal
    signal.signal = lambda number, handler: signal.getsignal(number)  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = setter


with _own_signal_handlers():
    from pkgcore.ebuild import processor as processor
    from pkgcore.ebuild.eapi import EAPI

PERSONAL_VARIABLES = ("USE", "FEATURES", "ACCEPT_KEYWORDS", "ACCEPT_LICENSE", "PORTDIR_OVERLAY")


def allow_newest_eapi() -> None:
    """Let EAPI 9 metadata be sourced by a bash older than 5.3.

    pkgcore turns the EAPI off there, since phases may use the newer bash. Only metadata is read here,
    and eclasses may not use what the EAPI's bash version brings outside of phases that ask for it.
    """
    if "9" in EAPI.unknown_eapis:
        EAPI.known_eapis["9"] = EAPI.unknown_eapis.pop("9")


def shut_down() -> None:
    """End the processes that source ebuilds, with all that those have started."""
    from overlaytool.ebuild.sandbox import POOL

    POOL.close()


@contextmanager
def clean_environment() -> Iterator[None]:
    """Hide the caller's own Portage variables, which pkgcore would mix into every view."""
    hidden = {name: os.environ.pop(name) for name in PERSONAL_VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


allow_newest_eapi()
