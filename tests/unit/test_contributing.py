"""CONTRIBUTING.md leads to files and names that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = TEXT.partition("## Where do I")[2].partition("\nWords are")[0]
LINES = [line for line in TABLE.splitlines() if line.startswith("| ")]
ROWS = [line for line in LINES if not line.startswith("| ...")]


def file_of(name: str) -> Path:
    """The file or directory that a row names: in the package, or in the repository."""
    inside = ROOT / "overlaytool" / name
    return inside if inside.exists() else ROOT / name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_each_answer_names_what_exists(row: str) -> None:
    answer = row.split("|")[2]
    file: Path | None = None
    for name in re.findall("`([^`]+)`", answer):
        if name.startswith("make ") or "NAME" in name or "SUBJECT" in name:
            continue
        if "/" in name or name.endswith(".py"):
            file = file_of(name)
            assert file.exists(), name
        elif file is not None and file.is_file():
            assert name in file.read_text(encoding="utf-8"), f"{file} has no {name}"


@pytest.mark.parametrize("room", re.findall(r"^\| `([a-z/]+)/` \|", TEXT, re.MULTILINE))
def test_each_room_exists(room: str) -> None:
    assert (ROOT / "overlaytool" / room / "__init__.py").is_file()


def test_every_room_is_listed() -> None:
    rooms = {file.parent.name for file in (ROOT / "overlaytool").glob("*/__init__.py")}
    assert {room for room in rooms if f"| `{room}/` |" not in TEXT} <= {"workflow", "model"}
