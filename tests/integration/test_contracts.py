"""The import contracts hold what they claim: a planted violation is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

PLANTED = [
    (
        "overlaytool/series/message.py",
        "import git",
        "GitPython is used in git/repository.py and git/commit_tree.py only",
    ),
    (
        "overlaytool/git/sync.py",
        "import git",
        "GitPython is used in git/repository.py and git/commit_tree.py only",
    ),
    ("overlaytool/report/tree.py", "import networkx", "networkx is used in report/graph.py only"),
    ("overlaytool/support/evidence.py", "import pkgcore", "pkgcore is used in ebuild/ only"),
    ("overlaytool/new_room.py", "from snakeoil import klass", "pkgcore is used in ebuild/ only"),
    ("overlaytool/workflow/graph.py", "import rich", "only the command line prints"),
    ("overlaytool/verify/judge.py", "import portage", "Portage is used in verify/inside only"),
    ("overlaytool/plan/planner.py", "import overlaytool.apply.journal", "data flows one way"),
    ("overlaytool/model/plan.py", "import overlaytool.config", "data flows one way"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, to plant in."""
    place = tmp_path_factory.mktemp("contracts")
    shutil.copytree(ROOT / "overlaytool", place / "overlaytool", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", place / "pyproject.toml")
    return place


def checked(place: Path) -> tuple[int, str]:
    """Exit status and words of import-linter for a copy of the package."""
    program = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports;"
        " sys.exit(lint_imports(no_cache=True))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=120
    )
    return result.returncode, result.stdout + result.stderr


def test_the_package_as_it_is_keeps_every_contract(copy: Path) -> None:
    status, words = checked(copy)
    assert status == 0, words


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED)
def test_a_planted_import_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        status, words = checked(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert status == 1
    broken = [entry for entry in words.splitlines() if entry.endswith("BROKEN") or "BROKEN (" in entry]
    assert any(entry.startswith(contract) for entry in broken), words
