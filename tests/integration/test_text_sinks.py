"""Text of a hostile tree is shown as text wherever it comes out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from records import edge, package, resolution
from support import RunCli

from overlaytool.cli import console
from overlaytool.cli.options import ColorChoice
from overlaytool.errors import OverlaytoolError, RepositoryError
from overlaytool.flatcar.checkout import repository_name
from overlaytool.model.resolution import State
from overlaytool.report import drawings
from overlaytool.report.graph import build, graphml
from overlaytool.report.html import page
from overlaytool.report.records import Graph
from overlaytool.support import markdown
from overlaytool.support.text import inert, visible

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\x00<script>alert(1)</script>`x` **b** @ada fixes #1 GH-2\r"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def graph_of(text: str) -> Graph:
    """A graph of one package that says something wherever it can."""
    told = package("app-misc/x-1", State.ADD, description=text, homepage=text, license=text)
    return build(resolution([told], [edge(None, "app-misc/x-1")]))


def test_terminal_and_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    for color in (ColorChoice.NEVER, ColorChoice.ALWAYS):
        console.configure(color=color, quiet=False, verbose=True)
        console.show(HOSTILE)
        console.say(HOSTILE)
        console.mention(HOSTILE)
        console.show_error(OverlaytoolError(HOSTILE, details=(HOSTILE,), hint=HOSTILE))
        said = capsys.readouterr()
        for text in (said.out, said.err):
            assert "owned" in text
            assert not CONTROL.search(re.sub(r"\x1b\[[0-9;]*m", "", text))
    console.configure(color=ColorChoice.AUTO, quiet=False, verbose=False)


def test_documents_on_standard_output_keep_their_meaning() -> None:
    import json

    text = json.dumps({"said": HOSTILE}, ensure_ascii=False)
    assert not CONTROL.search(inert(text))
    assert json.loads(inert(text)) == {"said": HOSTILE}
    assert visible("über\n\ttab") == "über\n\ttab"


def test_page() -> None:
    text = page(graph_of(HOSTILE))
    assert "owned" in text and "<script>alert" not in text
    assert CONTROL.findall(text) == CONTROL.findall(page(graph_of("plain"))), "only those of the scripts"


def test_dot() -> None:
    assert not CONTROL.search(drawings.dot(graph_of(HOSTILE)))


def test_mermaid() -> None:
    text = drawings.mermaid(graph_of(HOSTILE))
    assert "<script>" not in text and not CONTROL.search(text)


def test_graphml() -> None:
    text = graphml(graph_of(HOSTILE))
    assert not CONTROL.search(text)
    ElementTree.fromstring(text)


@pytest.mark.parametrize(
    "word", ["@ada", "fixes #1", "closes flatcar/scripts#2", "GH-3", "https://github.com/a/b/issues/4"]
)
def test_pull_request_mentions_nobody_and_closes_nothing(word: str) -> None:
    said = markdown.escaped(f"see {word} there")
    outside = re.sub(r"(`+)[^`]*\1", "", said)
    assert not re.search(r"[@#]|GH-\d|github\.com|&", outside), said


def test_pull_request_has_no_markup() -> None:
    said = markdown.escaped(HOSTILE)
    assert "<script>" not in said.replace("\\<", "") and not CONTROL.search(said)
    assert not CONTROL.search(markdown.code(HOSTILE))
    assert not CONTROL.search(markdown.fenced(HOSTILE, ""))


@pytest.mark.parametrize(
    "name", ["\x1b[31mevil", "a b", "-rf", "a/b", "x" * 200, "Gentoo", "GURU", "a\u202eb"]
)
def test_a_tree_without_a_name_of_its_own_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/repo_name").write_text(f"{name}\n")
    with pytest.raises(RepositoryError):
        repository_name(tmp_path)


def test_a_directory_that_gives_a_tree_its_name_gives_it_a_plain_one(tmp_path: Path) -> None:
    place = tmp_path / "my \x1b[31m overlay"
    place.mkdir()
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", repository_name(place))


def test_what_an_ebuild_says_when_it_dies_is_text(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    directory = gentoo_tree / "app-misc/x"
    directory.mkdir()
    (directory / "x-1.ebuild").write_text("EAPI=8\ndie $'\\e[31mred\\x07'\n")
    done = run_cli("-C", checkout_tree, "plan", "app-misc/x", "--gentoo", gentoo_tree, check=False)
    assert done.returncode == 11
    assert not CONTROL.search(done.stdout + done.stderr)


@pytest.mark.parametrize(
    "names",
    [("a.patch", "A.patch"), (".GIT",), (".gitattributes",), ("files/.Git",), ("é.patch", "e\u0301.patch")],
)
def test_names_that_are_more_than_names_are_not_copied(
    names: tuple[str, ...], checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    for name in names:
        place = gentoo_tree / "sys-process/htop" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("x")
    done = run_cli(
        "-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes", check=False
    )
    assert done.returncode == 15, done.stderr
    assert names[-1] in done.stderr or "case only" in done.stderr
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=checkout_tree, capture_output=True, check=True
    )
    assert status.stdout == b""


@pytest.mark.parametrize("name", ["-rf", "a\x1bb", "a b"])
def test_an_eclass_with_a_name_that_is_none_is_not_copied(name: str, tmp_path: Path) -> None:
    from overlaytool.apply.package_source import Issues, read_plain

    (tmp_path / "eclass").mkdir()
    (tmp_path / f"eclass/{name}.eclass").write_text("")
    issues = Issues()
    assert read_plain(tmp_path, f"eclass/{name}.eclass", issues) is None
    assert len(issues.unsafe) == 1 and not CONTROL.search(issues.unsafe[0])


def test_a_package_of_more_files_than_any_has_is_not_copied(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    files = gentoo_tree / "sys-process/htop/files"
    files.mkdir(exist_ok=True)
    for number in range(10_001):
        (files / str(number)).touch()
    words = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes")
    done = run_cli(*words, check=False)
    assert done.returncode == 15
    assert "more than 10000 files" in done.stderr
