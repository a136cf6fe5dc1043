"""Entry point: a job in, a report out (:mod:`overlaytool.verify.inside`).

Job::

    {"log": "file for what Portage prints", "metadata": file descriptor of the server,
     "roots": {"host": {"path": …, "repositories": "text of repos.conf"}, "board": …, "production": …},
     "runs": [{"view": "board", "target": "board", "atoms": […], "options": {…},
               "use": "USE flags in the environment"}, …],
     "new": ["cat/pn", …], "root_deps": whether emerge-<board> adds --root-deps,
     "read": [trees that it reads], "change": [directories that it writes]}

It sources nothing, and is confined to reading and writing these.

Report: ``{"portage": version, "runs": [run report, …]}``, or ``{"error": kind, "text": why}``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from overlaytool.confine.itself import confine_this_process


def main() -> None:
    """Read the job, run it, write the report."""
    gc.disable()  # collecting costs a tenth of the time; between runs it is done by hand
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    _print_to(os.devnull)
    with suppress(ImportError):  # before the job is there; who cannot import it says so when it is
        from overlaytool.verify.inside import runs  # noqa: F401
    job = json.load(sys.stdin)
    _print_to(job["log"])
    confine_this_process(read=map(Path, job["read"]), change=map(Path, job["change"]))
    with report:
        json.dump(_answer(job), report)
    sys.stdout.flush()
    os._exit(0)  # to take apart what Portage has made would take a tenth of the time


def _print_to(path: str) -> None:
    """Let what Portage and its children print go into a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    try:
        from overlaytool.verify.inside import runs, trees
    except ImportError as error:
        return {"error": "import", "text": str(error)}
    try:
        return runs.carry_out(job)
    except trees.ConfigurationError as error:
        return {"error": "configuration", "text": str(error)}
    except Exception:
        return {"error": "crash", "text": traceback.format_exc()}


if __name__ == "__main__":
    main()
