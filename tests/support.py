"""Names that tests share: where things are, and the shape of the ``run_cli`` fixture.

Not in conftest.py, since several directories have one and only the first is imported under that name.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
THIRD_PARTY = Path("sdk_container/src/third_party")


def surroundings(home: Path) -> dict[str, str]:
    """An environment with that home directory, made ready, and nothing of ours or of git's from outside."""
    (home / "gitconfig").write_text(
        "[user]\n\tname = Ada Example\n\temail = ada@example.org\n"
        "[init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n[advice]\n\tdetachedHead = false\n"
    )
    outside = ("GIT_", "XDG_", "PORTAGE_", "OVERLAYTOOL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


class RunCli(Protocol):
    """``run_cli``: run ``overlaytool ARGS`` in a process of its own."""

    def __call__(
        self, *args: str | Path, cwd: Path | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Exit status, standard output and standard error; with ``check`` a failure fails the test."""
