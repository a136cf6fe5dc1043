"""The documents: links that lead somewhere, commands that exist, a picture that comes from a real run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from overlaytool.cli.app import COMMANDS, command

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_is_shown_stands_in_its_block(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if re.match(r"overlaytool .*\S {2,}\S", line)]


def shown_commands(page: Path) -> Iterator[str]:
    """The commands of overlaytool in the blocks of a page, without what explains them at their right."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if found := re.match(r" {4}(?:\$ )?overlaytool (.*)", line):
            yield re.split(r" {2,}| > ", found[1])[0]


def missing_options(words: list[str]) -> set[str]:
    """The options of a command line that its command does not have."""
    outermost: Any = command()
    with outermost.make_context("overlaytool", [], resilient_parsing=True) as context:
        one, rest = outermost, words
        while rest and hasattr(one, "get_command"):
            found = one.get_command(context, rest[0])
            assert found is not None, f"no command {rest[0]}"
            one, rest = found, rest[1:]
    if "--" in rest:  # what follows is another program's
        rest = rest[: rest.index("--")]
    known = {option for each in one.params for option in (*each.opts, *each.secondary_opts)}
    return {word.partition("=")[0] for word in rest if word.startswith("-")} - known - {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist_with_their_options(page: Path) -> None:
    for line in shown_commands(page):
        words = [word.strip("[]") for word in shlex.split(line.replace("'", "").replace("|", " "))]
        if words and words[0] in COMMANDS:
            assert not missing_options(words), line


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_the_picture_of_the_terminal_is_made_from_a_run(tmp_path: Path) -> None:
    script = ROOT / "docs/pictures.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=120)
    picture = (tmp_path / "terminal.svg").read_text(encoding="utf-8")
    assert "sys-process/htop" in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "").replace(
        "https://www.textualize.io", ""
    )
