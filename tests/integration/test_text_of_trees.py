"""A tree whose descriptions, homepages, metadata.xml, masks and profile comments attack whoever shows them.

Every command that shows any of it is run, and all that it prints and writes is looked at.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ebuilds import write_ebuild
from support import THIRD_PARTY, RunCli

MARK = "owned"
EVIL = (
    f"\x1b]0;{MARK}\x07\x1b[2J\u202egnp<script>alert(1)</script><img src=x onerror=alert(2)>&lt;b "
    "`x` **b** [c](javascript:alert(3)) @ada fixes #1 GH-2 --> ]]> %%{init}%%"
)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
XML = EVIL.translate({27: None, 7: None}).replace("&", "&amp;").replace("<", "&lt;")
METADATA = f"""<?xml version="1.0" encoding="UTF-8"?>
<pkgmetadata><maintainer type="person"><email>a@example.org</email><name>{XML}</name></maintainer>
<longdescription>{XML}</longdescription><use><flag name="foo">{XML}</flag></use></pkgmetadata>
"""
PACKAGE = "app-misc/sunk"
ADD = ("add", PACKAGE, "--unmask", PACKAGE, "--commit", "--yes", "--branch", "sunk")
REASON = f"{MARK} {EVIL.partition(MARK)[2].translate({7: None, 27: None, 0x202E: None})}"
"""The user's own words have to be a line of text; they go into commits as they are."""


def in_bash(text: str) -> str:
    """A text as a word of bash."""
    word = text.replace("\\", "\\\\").replace("'", "\\'").replace("\x1b", "\\e").replace("\x07", "\\a")
    return f"$'{word}'"


@pytest.fixture
def evil(gentoo_tree: Path, checkout_tree: Path) -> Path:
    """Gentoo's tree with a package that is masked, and says the same thing wherever it can."""
    words = f"DESCRIPTION={in_bash(EVIL)}\nHOMEPAGE={in_bash('https://example.org/' + EVIL.replace(' ', ''))}"
    write_ebuild(
        gentoo_tree,
        f"{PACKAGE}-1",
        f'{words}\nKEYWORDS="~amd64 ~arm64"\nIUSE="foo"\nRDEPEND="dev-libs/sunken"',
    )
    write_ebuild(gentoo_tree, "dev-libs/sunken-1", words)
    (gentoo_tree / PACKAGE / "metadata.xml").write_text(METADATA)
    with (gentoo_tree / "profiles/package.mask").open("a") as mask:
        mask.write(f"\n# {EVIL}\n{PACKAGE}\n")
    base = checkout_tree / THIRD_PARTY / "coreos-overlay/profiles/coreos/base"
    with (base / "package.mask").open("a") as mask:
        mask.write(f"\n# {EVIL}\n>dev-libs/nowhere-9\n")
    with (base / "package.use").open("a") as use:
        use.write(f"\n# {EVIL}\ndev-libs/nowhere foo\n")
    for tree in (gentoo_tree, checkout_tree):
        for words in ("add -A", f"commit -qm {MARK}"):
            subprocess.run(["git", *words.split()], cwd=tree, check=True)
    return gentoo_tree


class Elements(HTMLParser):
    """What a browser would make of a page: the scripts' own text, and attributes that run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or ""):
                self.foreign.append(f"<{tag} {name}={value}>")
        if tag == "img" and ("src", "x") in attrs:
            self.foreign.append("<img src=x>")


def check_page(text: str) -> None:
    """A page shows it as text."""
    assert MARK in text
    assert "<script>alert" not in text and Elements(text).foreign == []
    assert "\x1b" not in text and "\u202e" not in text


def check_markdown(text: str) -> None:
    """GitHub shows it as text, tells nobody and closes nothing."""
    outside = re.sub(r"(?s)```+.*?\n```+|(`+)[^`\n]+?\1", "", text)
    assert "<script" not in outside.replace("\\<", "") and "<img" not in outside.replace("\\<", "")
    assert not re.search(r"(?<![\w.])@ada|#1\b|GH-2", outside)
    assert not CONTROL.search(text)


def test_what_is_printed(evil: Path, checkout_tree: Path, run_cli: RunCli) -> None:
    for words in (("plan", PACKAGE), ("info", PACKAGE), ("plan", PACKAGE, "--format=json")):
        done = run_cli("-C", checkout_tree, *words, "--gentoo", evil, check=False)
        assert MARK in done.stdout + done.stderr, words
        assert not CONTROL.search(done.stdout + done.stderr), words


def test_what_a_graph_is_written_to(evil: Path, checkout_tree: Path, run_cli: RunCli, tmp_path: Path) -> None:
    (evil / "profiles/package.mask").write_text("")
    files = {kind: tmp_path / f"graph.{kind}" for kind in ("html", "dot", "graphml", "mmd")}
    if shutil.which("dot"):
        files["svg"] = tmp_path / "graph.svg"
    for file in files.values():
        run_cli("-C", checkout_tree, "graph", PACKAGE, "--gentoo", evil, "-o", file)
    texts = {kind: file.read_text() for kind, file in files.items()}
    check_page(texts.pop("html"))
    assert "<script" not in texts["mmd"]
    for kind, text in texts.items():
        assert "sunk" in text and not CONTROL.search(text), kind
    for kind in files.keys() & {"svg", "graphml"}:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(texts[kind]).iter()}
        assert not tags & {"script", "img"}, kind


def test_what_a_series_says(evil: Path, checkout_tree: Path, run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("-C", checkout_tree, *ADD, "--gentoo", evil, "--reason", REASON)
    assert not CONTROL.search(done.stdout + done.stderr)
    log = subprocess.run(
        ["git", "log", "--format=%B", "main..sunk"], cwd=checkout_tree, capture_output=True, text=True
    ).stdout
    assert PACKAGE in log and not CONTROL.search(log)
    assert log.count("@ada") == log.count(MARK), "only where the user says so"
    run_cli("-C", checkout_tree, "pr", "-o", tmp_path / "written")
    text = (tmp_path / "written/PULL_REQUEST.md").read_text()
    assert MARK in text
    check_markdown(text)


@pytest.fixture
def reports(evil: Path, checkout_tree: Path, run_cli: RunCli, tmp_path: Path) -> dict[str, Any]:
    """Pages of review, survey and audit, and the review as Markdown."""
    run_cli("-C", checkout_tree, *ADD, "--gentoo", evil, "--reason", REASON)
    made = {name: tmp_path / name for name in ("review.html", "review.md", "survey.html", "audit.html")}
    review = ("--report", made["review.html"], "--report", made["review.md"])
    run_cli("-C", checkout_tree, "review", "main..sunk", *review, check=False)
    run_cli("-C", checkout_tree, "survey", PACKAGE, "--gentoo", evil, "--report", made["survey.html"])
    run_cli("-C", checkout_tree, "audit", "--gentoo", evil, "--report", made["audit.html"], check=False)
    said = run_cli("-C", checkout_tree, "audit", "--gentoo", evil, "--format=sarif", check=False)
    return {name: file.read_text() for name, file in made.items()} | {"sarif": said.stdout}


def test_what_reports_show(reports: dict[str, str]) -> None:
    for name, text in reports.items():
        if name.endswith(".html"):
            assert "<script>alert" not in text and Elements(text).foreign == [], name
            assert "\x1b" not in text and "\u202e" not in text, name
        assert "\x1b" not in text, name
    check_page(reports["review.html"])
    check_page(reports["survey.html"])
    check_markdown(reports["review.md"])
    assert not CONTROL.search(reports["sarif"])
