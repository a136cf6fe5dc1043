"""The start of a process that uses pkgcore: nothing happens at import."""

from __future__ import annotations

import subprocess
import sys

from support import ROOT

LOOK = "import signal, sys, logging\nfrom overlaytool.ebuild import runtime\n"
HANDLERS = "[signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]"


def printed(program: str) -> list[str]:
    """The words that a Python program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK + program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_importing_the_room_loads_nothing_and_replaces_nothing() -> None:
    assert printed("print([name for name in sys.modules if name.startswith(('pkgcore', 'lxml'))])") == ["[]"]


def test_pkgcore_sets_no_signal_handlers_and_logs_nothing_after_the_start() -> None:
    program = (
        f"before = {HANDLERS}\nruntime.start()\nimport overlaytool.workflow.workspace\n"
        f"print(before == {HANDLERS}, logging.getLogger('pkgcore').getEffectiveLevel() > logging.CRITICAL)"
    )
    assert printed(program) == ["True", "True"]


def test_modules_for_building_packages_are_loaded_when_they_are_used() -> None:
    program = (
        "runtime.start()\nimport overlaytool.workflow.workspace\n"
        "name = 'pkgcore.ebuild.ebd'\nmodule = sys.modules[name]\n"
        "print(type(module) is type(sys), module.ebd.__module__, type(sys.modules[name]) is type(sys))"
    )
    assert printed(program) == ["False", "pkgcore.ebuild.ebd", "True"]


def test_a_repository_is_refused_in_a_process_that_was_not_prepared() -> None:
    program = (
        "from overlaytool.ebuild.repository import Repository\n"
        "try: Repository(None, name='x', origin=None, eclasses=None, cache=None)\n"
        "except RuntimeError as error: print('start()' in str(error))"
    )
    assert printed(program) == ["True"]


def test_a_start_after_pkgcore_is_refused() -> None:
    program = (
        "import pkgcore.ebuild.processor\n"
        "try: runtime.start()\n"
        "except RuntimeError as error: print('before' in str(error))"
    )
    assert printed(program) == ["True"]
