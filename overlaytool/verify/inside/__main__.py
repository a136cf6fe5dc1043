"""Entry point: a job in, a report out (:mod:`overlaytool.verify.inside`).

Job::

    {"log": "file for what Portage prints", "metadata": file descriptor of the server, or null,
     "roots": {"host": {"path": …, "repositories": "text of repos.conf"}, "board": …, "production": …},
     "runs": [{"view": "board", "target": "board", "atoms": […], "options": {…}}, …],
     "new": ["cat/pn", …], "root_deps": whether emerge-<board> adds --root-deps}

Report: ``{"portage": version, "runs": [run report, …]}``, or ``{"error": kind, "text": why}``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    """Read the job, run it, write the report."""
    gc.disable()  # collecting costs a tenth of the time; between runs it is done by hand
    job = json.load(sys.stdin)
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with report:
        json.dump(_answer(job), report)


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
