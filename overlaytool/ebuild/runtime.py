"""Prepares a process for pkgcore: EAPI 9 readable, no log on the terminal, no signal handlers of pkgcore.

What pkgcore builds and merges with is not loaded: that is a quarter of what it imports.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any

type Guard = Callable[[], AbstractContextManager[None]]
"""Makes a context in which a module is loaded."""

BUILDING = ("lxml.etree", "pkgcore.binpkg.repository", "pkgcore.ebuild.ebd", "pkgcore.ebuild.ebuild_built")
"""Modules that pkgcore imports for building packages, and for their metadata.xml."""

PERSONAL_VARIABLES = ("USE", "FEATURES", "ACCEPT_KEYWORDS", "ACCEPT_LICENSE", "PORTDIR_OVERLAY")


class _StandIn(ModuleType):
    """Stands for a module in ``sys.modules``, and loads it when something in it is asked for.

    importlib's LazyLoader loads a module as soon as a second one imports it, and libraries at once.
    """

    def __init__(self, name: str, guard: Guard = nullcontext) -> None:
        super().__init__(name)
        self._guard = guard

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import system
            raise AttributeError(name)
        with self._guard():
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            module = import_module(self.__name__)
        return getattr(module, name)


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Keep pkgcore.ebuild.processor from setting handlers at import, even for a moment.

    They close pipes that other threads may be reading, and so wait for them. Whoever is interrupted here
    ends with the exception that the program's own handlers raise, and cleans up on its way.
    """
    setter = signal.signal
    signal.signal = lambda number, handler: signal.getsignal(number)  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = setter


@contextmanager
def _without_log() -> Iterator[None]:
    """Switch off what pkgcore and snakeoil log, as soon as pkgcore has loaded its log."""
    import logging

    yield
    for library in ("pkgcore", "snakeoil"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)


STAND_INS: dict[str, Guard] = {
    **dict.fromkeys(BUILDING, nullcontext),
    "pkgcore.log": _without_log,
    "pkgcore.ebuild.processor": _own_signal_handlers,
}


_started = False


def start() -> None:
    """Prepare this process, before any module of this room that uses pkgcore is imported.

    Takes no time: pkgcore itself is loaded by the modules that need it. A second call does nothing.

    :raises RuntimeError: where pkgcore has been loaded already, and has set its signal handlers.
    """
    global _started
    if _started:
        return
    if "pkgcore.ebuild.processor" in sys.modules:
        raise RuntimeError("overlaytool.ebuild.runtime.start() has to be called before pkgcore is imported")
    for name, guard in STAND_INS.items():
        sys.modules.setdefault(name, _StandIn(name, guard))
    _started = True


def require_start() -> None:
    """Refuse to go on in a process that has not been prepared.

    :raises RuntimeError: then.
    """
    if not _started:
        raise RuntimeError(
            "call overlaytool.ebuild.runtime.start() before anything else of overlaytool.ebuild"
        )
    _allow_newest_eapi()


def _allow_newest_eapi() -> None:
    """Let EAPI 9 metadata be sourced by a bash older than 5.3.

    pkgcore turns the EAPI off there, since phases may use the newer bash. Only metadata is read here,
    and eclasses may not use what the EAPI's bash version brings outside of phases that ask for it.
    """
    from pkgcore.ebuild.eapi import EAPI

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
