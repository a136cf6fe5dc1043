"""DOT, Mermaid, package indexes, and the choice of a form by the file's name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pkgcore.binpkg.xpak import Xpak
from records import edge, package, resolution

from overlaytool.errors import OutputError, ToolMissingError
from overlaytool.model.resolution import DepClass, State
from overlaytool.report import binhost, drawings, graph, output
from overlaytool.report.records import Graph

PNG = b"\x89PNG\r\n"


def imports(neighbours: int = 2, description: str = "A package") -> Graph:
    """One import that asks for ``neighbours`` packages that are there, each of which asks for one more."""
    near = [f"cat/n{number}-1" for number in range(neighbours)]
    far = [f"cat/far{number}-1" for number in range(neighbours)]
    return graph.build(
        resolution(
            [
                *map(package, far),
                *map(package, near),
                package("cat/new-1", State.ADD, description=description),
            ],
            [
                edge(None, "cat/new-1"),
                *(edge("cat/new-1", name, DepClass.DEPEND) for name in near),
                *(edge(one, two) for one, two in zip(near, far, strict=True)),
            ],
        )
    )


def test_mermaid_draws_the_imports_and_what_is_beside_them() -> None:
    assert drawings.mermaid(imports()) == (
        "flowchart TD\n"
        '  n0["cat/new-1"]:::add\n'
        '  n1["cat/n0-1"]:::present\n'
        '  n2["cat/n1-1"]:::present\n'
        "  n0 -.-> n1\n"
        "  n0 -.-> n2\n"
        "  classDef add fill:#d9f2df,stroke:#1c7a3a,stroke-width:2px,color:#1b2430\n"
        "  classDef present fill:#ffffff,stroke:#8d99a8,stroke-width:1px,color:#1b2430\n"
    )


def test_mermaid_stays_within_what_github_draws_and_says_what_it_left_out() -> None:
    text = drawings.mermaid(imports(900))
    assert text.count("]:::") == drawings.MERMAID_NODES
    assert "%% 841 more neighbours are left out" in text
    assert len(text) < 50_000


def test_mermaid_of_a_plan_that_imports_nothing_is_empty() -> None:
    assert drawings.mermaid(graph.build(resolution([package("cat/a-1")], [edge(None, "cat/a-1")]))) == ""


def test_dot_keeps_hostile_text_inside_its_strings() -> None:
    text = drawings.dot(imports(description='" ]; evil [label="\\'))
    assert r"tooltip=\"" not in text
    assert r"\" ]; evil [label=\"\\" in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_graphviz_draws_svg_and_png() -> None:
    shown = imports(description='</title><script>alert(1)</script>"')
    picture = drawings.svg(shown).decode()
    assert "cat/new" in picture
    assert "<script" not in picture
    assert drawings.svg(shown).decode() == picture
    assert drawings.png(shown).startswith(PNG)


def test_without_graphviz_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolMissingError) as caught:
        drawings.png(imports())
    assert "graphviz" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["graph.pdf", "graph", "graph.", ".html"])
def test_a_name_without_a_known_suffix_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(OutputError) as caught:
        output.check(Path(name))
    assert ".html .svg .png .dot .graphml .json .mmd" in str(caught.value.hint)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        output.write(b"{}", tmp_path / "taken.json")
    with pytest.raises(OutputError, match="cannot write"):
        output.write(b"{}", tmp_path / "missing" / "graph.json")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]


def test_a_directory_that_is_not_there_is_noticed_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        output.check(tmp_path / "missing" / "graph.json")
    assert caught.value.details == (f"there is no directory {tmp_path / 'missing'}",)


def test_a_mermaid_file_of_nothing_imported_is_refused() -> None:
    nothing = graph.build(resolution([package("cat/a-1")], [edge(None, "cat/a-1")]))
    with pytest.raises(OutputError, match="nothing to draw"):
        output.render(nothing, Path("graph.mmd"))


def test_every_form_gives_the_same_bytes_twice() -> None:
    textual = [suffix for suffix in output.FORMS if suffix not in (".svg", ".png")]
    for suffix in textual:
        first, second = (output.render(imports(), Path(f"graph{suffix}")) for _ in range(2))
        assert first == second


INDEX = """\
ARCH: amd64
PACKAGES: 3

BUILD_ID: 1
CPV: cat/a-1
SIZE: 100

BUILD_ID: 12
CPV: cat/a-1
DESC: SIZE: 5
SIZE: 300

CPV: cat/b-2
SIZE: 7
"""


def test_a_package_index_counts_the_latest_build_for_its_arch(tmp_path: Path) -> None:
    index = tmp_path / "Packages"
    index.write_text(INDEX)
    assert binhost.read_sizes([index], ["amd64", "arm64"], {"cat/a-1", "cat/b-2", "cat/c-3"}) == {
        "amd64": {"cat/a-1": (300, None), "cat/b-2": (7, None)},
        "arm64": {},
    }


@pytest.mark.parametrize(("path", "file"), [("", "cat/b-2.tbz2"), ("PATH: b/b-2-1.xpak\n", "b/b-2-1.xpak")])
def test_the_installed_size_is_the_packages_own_word(tmp_path: Path, path: str, file: str) -> None:
    index = tmp_path / "Packages"
    index.write_text(INDEX + path)
    package = tmp_path / file
    package.parent.mkdir()
    package.write_bytes(b"BZh9 and so on")
    Xpak.write_xpak(str(package), {"SIZE": "123456\n", "repository": "portage-stable\n"})
    assert binhost.read_sizes([index], ["amd64"], {"cat/b-2"}) == {"amd64": {"cat/b-2": (7, 123456)}}


@pytest.mark.parametrize("content", [b"", b"XPAKSTOP\xff\xff\xff\xffSTOP", b"x" * 100])
def test_a_broken_binary_package_says_nothing(tmp_path: Path, content: bytes) -> None:
    index = tmp_path / "Packages"
    index.write_text(INDEX)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/b-2.tbz2").write_bytes(content)
    assert binhost.read_sizes([index], ["amd64"], {"cat/b-2"}) == {"amd64": {"cat/b-2": (7, None)}}


def test_a_package_index_without_an_arch_counts_for_all(tmp_path: Path) -> None:
    index = tmp_path / "Packages"
    index.write_text(INDEX.replace("ARCH: amd64\n", ""))
    assert binhost.read_sizes([index], ["amd64", "arm64"], {"cat/b-2"})["arm64"]["cat/b-2"].package == 7


@pytest.mark.parametrize("content", [b"", b"hello\n\nworld\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_package_index_is_refused(tmp_path: Path, content: bytes) -> None:
    index = tmp_path / "Packages"
    index.write_bytes(content)
    with pytest.raises(OutputError) as caught:
        binhost.read_sizes([index], ["amd64"], ())
    assert "--packages" in str(caught.value.hint)
