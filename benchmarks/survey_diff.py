"""What has a change of overlaytool changed? The survey of some trees by earlier code, and by today's.

    make survey-diff SURVEY_DIFF_ARGS="--checkout ~/scripts --gentoo ~/gentoo [--before COMMIT] [app-misc/]"

The earlier code is taken out of this repository's history: by default what was there a day ago. Both have
caches of their own. The exit status is 1 where a line differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def main() -> int:
    """Survey twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--gentoo", type=Path, required=True)
    parser.add_argument("--before", metavar="COMMIT", help="default: that of a day ago")
    parser.add_argument("--workers", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    options = parser.parse_args()
    before = options.before or _git("rev-list", "-1", "--before=1 day ago", "HEAD") or _first()
    with tempfile.TemporaryDirectory(prefix="overlaytool-survey-diff-") as place:
        old = Path(place, "code")
        old.mkdir()
        archive = subprocess.Popen(["git", "-C", PROJECT, "archive", before], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", old], stdin=archive.stdout, check=True)
        if archive.wait():
            return archive.returncode
        print(f"by the code of {before[:12]}", flush=True)
        lines = Path(place, "before.ndjson")
        status = _survey(options, old, Path(place, "old"), "-o", str(lines))
        if status:
            return status
        print("\nby today's", flush=True)
        return _survey(options, PROJECT, Path(place, "new"), "--compare", str(lines))


def _survey(options: argparse.Namespace, code: Path, cache: Path, *arguments: str) -> int:
    """Run a survey by the code in a directory; its exit status."""
    command = [sys.executable, "-P", "-m", "overlaytool", "-C", str(options.checkout), "survey"]
    command += ["--gentoo", str(options.gentoo), "--workers", options.workers, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(code), "XDG_CACHE_HOME": str(cache)}
    return subprocess.run([*command, *options.patterns], env=environment, cwd=code, check=False).returncode


def _first() -> str:
    return _git("rev-list", "--max-parents=0", "HEAD").splitlines()[-1]


def _git(*arguments: str) -> str:
    result = subprocess.run(["git", "-C", PROJECT, *arguments], capture_output=True, text=True, check=True)
    return result.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
