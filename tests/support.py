"""Names that tests share: where things are, and the shape of the ``run_cli`` fixture.

Not in conftest.py, since several directories have one and only the first is imported under that name.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
THIRD_PARTY = Path("sdk_container/src/third_party")


class RunCli(Protocol):
    """``run_cli``: run ``overlaytool ARGS`` in a process of its own."""

    def __call__(
        self, *args: str | Path, cwd: Path | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Exit status, standard output and standard error; with ``check`` a failure fails the test."""
