"""``overlaytool graph`` on the fixture trees, as a person calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

RunCli = Callable[..., CompletedProcess[str]]

REQUEST = ("sys-process/htop", "app-misc/screen")


@pytest.fixture(scope="session")
def metadata_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sourced metadata for all tests here: what the trees hold is the same each time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def warm_cache(home: Path, metadata_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(metadata_cache))


@pytest.fixture
def graph(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> RunCli:
    """Runs ``graph`` in the checkout with the fixture's Gentoo tree."""

    def run(*args, **options):  # type: ignore[no-untyped-def]
        return run_cli("-C", checkout_tree, "graph", "--gentoo", gentoo_tree, *args, **options)

    return run


def test_the_tree_marks_what_is_added_and_what_was_shown_before(graph: RunCli) -> None:
    lines = graph(*REQUEST).stdout.splitlines()
    assert lines[0].startswith("app-misc/screen-4")
    assert lines[0].endswith("add from gentoo")
    assert any(line.endswith(" (*)") for line in lines)


def test_the_build_host_is_counted_and_shown_on_request(graph: RunCli) -> None:
    folded = graph("sys-process/htop")
    assert not [line for line in folded.stdout.splitlines() if "  host" in line]
    hosted = graph("sys-process/htop", "--root", "host")
    assert "build-time packages on the build host: --root host" in folded.stderr
    count = int(folded.stderr.partition("and ")[2].split()[0])
    assert 0 < count == int(hosted.stderr.splitlines()[-1].split()[0])


def test_an_import_on_the_build_host_is_in_the_tree(graph: RunCli) -> None:
    lines = graph("app-misc/build-tool").stdout.splitlines()
    assert any("host" in line and "add from gentoo" in line for line in lines)


def test_depth_class_and_root_cut_the_tree(graph: RunCli) -> None:
    flat = graph("sys-process/htop", "--depth", "1").stdout.splitlines()
    assert [line[4:] for line in flat[1:]] == [line[4:].lstrip() for line in flat[1:]]
    assert "host" not in graph("sys-process/htop", "--root", "board").stdout
    hosted = graph("sys-process/htop", "--root", "host").stdout
    assert hosted.startswith("sys-libs/libcap-")
    assert "ncurses" not in hosted
    runtime = graph("sys-process/htop", "--class", "rdepend").stdout
    assert "BDEPEND" not in runtime
    assert "sys-libs/ncurses" in runtime


def test_imports_leave_out_what_is_there(graph: RunCli) -> None:
    lines = graph(*REQUEST, "--imports").stdout.splitlines()
    assert [line.split()[0].rpartition("-")[0] for line in lines if "htop" in line] == ["sys-process/htop"]
    assert all("add from gentoo" in line for line in lines)


def test_a_plan_that_imports_nothing_says_so(graph: RunCli) -> None:
    result = graph("sys-libs/ncurses", "--imports")
    assert result.stdout == "Nothing is new: the checkout has every package of this plan.\n"


def test_reverse_shows_who_pulls_a_package_into_the_image(graph: RunCli) -> None:
    lines = graph("--reverse", "sys-libs/ncurses", "--root", "board").stdout.splitlines()
    assert lines[0].startswith("sys-libs/ncurses-")
    assert any("coreos-base/coreos-0.0.1" in line for line in lines)
    assert any("sys-libs/readline" in line for line in lines)


def test_the_image_needs_no_gentoo_tree(run_cli: RunCli, checkout_tree: Path) -> None:
    lines = run_cli("-C", checkout_tree, "graph", "--image", "--depth", "1").stdout.splitlines()
    assert lines[0].startswith("coreos-base/coreos-0.0.1-r")
    assert len(lines) > 10


def test_png_is_written_as_such(graph: RunCli, tmp_path: Path) -> None:
    graph("sys-process/htop", "-o", tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("suffix", ["html", "svg"])
def test_the_same_plan_gives_the_same_bytes(graph: RunCli, tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for file in files:
        result = graph(*REQUEST, "-o", file)
        assert result.stdout == ""
        assert "2 to add" in result.stderr
    one, two = (file.read_bytes() for file in files)
    assert one == two
    assert len(one) > 300


def test_json_on_standard_output_is_one_node_link_document(graph: RunCli) -> None:
    made = json.loads(graph(*REQUEST, "--format", "json").stdout)
    assert made["graph"]["request"] == list(REQUEST)
    assert {node["name"] for node in made["nodes"] if node["state"] == "add"} == set(REQUEST)
    assert made["graph"]["new_in_image"]
    ids = {node["id"] for node in made["nodes"]}
    assert {edge[end] for edge in made["edges"] for end in ("source", "target")} <= ids


def test_what_is_there_anyway_is_no_cost_of_a_plan(graph: RunCli) -> None:
    made = json.loads(graph(*REQUEST, "--format", "json").stdout)
    costs = {node["name"]: node["cost"]["packages"] for node in made["nodes"] if node["requested"]}
    gained = set(made["graph"]["new_in_image"])
    assert all(set(packages) <= gained for packages in costs.values())


def test_sizes_come_from_a_package_index(graph: RunCli, tmp_path: Path) -> None:
    made = json.loads(graph("sys-process/htop", "--format", "json").stdout)
    cpv = next(node["cpv"] for node in made["nodes"] if node["name"] == "sys-libs/ncurses")
    index = tmp_path / "Packages"
    index.write_text(f"ARCH: amd64\n\nCPV: {cpv}\nSIZE: 4711\n")
    made = json.loads(graph("sys-process/htop", "--format", "json", "--packages", index).stdout)
    assert next(node["binary"] for node in made["nodes"] if node["cpv"] == cpv) == 4711


def test_the_image_names_the_checkout_that_it_was_read_from(run_cli: RunCli, checkout_tree: Path) -> None:
    made = json.loads(run_cli("-C", checkout_tree, "graph", "--image", "--format", "json").stdout)
    head = (checkout_tree / ".git/refs/heads/main").read_text().strip()
    assert made["graph"]["checkout"]["commit"] == head
    assert made["graph"]["checkout"]["version"]


def test_a_target_alone_is_shown_as_it_is_today(graph: RunCli) -> None:
    lines = graph("--into", "sysext:siblings", "--depth", "0").stdout.splitlines()
    assert {line.split("-")[0] for line in lines} == {"dev", "app"}
    assert any(line.startswith("dev-libs/sibling-a-") for line in lines)
    assert not any("add from" in line for line in lines)


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["cat/nothing"], 6, "no package cat/nothing"),
        (["--reverse", "cat/nothing"], 6, "no package cat/nothing in this graph"),
        (["--image", "-o", "graph.pdf"], 23, ".pdf stands for no form"),
        (["--image", "-o", "missing/graph.html"], 23, "there is no directory"),
        (["--image", "-o", "/proc/graph.html"], 23, "cannot write /proc/graph.html"),
        (["sys-libs/ncurses", "-o", "graph.mmd"], 23, "nothing to draw"),
        (["--image", "--packages", "missing"], 23, "cannot read the package index"),
        (["--image", "sys-process/htop"], 2, "leave the packages out"),
        ([], 2, "name a package"),
        (["--image", "--depth", "1", "-o", "graph.html"], 2, "--depth is for the tree"),
        (["--image", "--depth", "-1"], 2, "depth"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_fails_with_what_to_do(graph: RunCli, args: list[str], status: int, said: str) -> None:
    result = graph(*args, check=False)
    assert result.returncode == status
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_standard_output_takes_graphviz_or_the_form_of_a_suffix(graph: RunCli) -> None:
    assert graph("sys-process/htop", "-o", "-").stdout.startswith("digraph")
    assert graph("sys-process/htop", "-o", "-.mmd").stdout.startswith(("flowchart", "graph"))
    assert json.loads(graph("sys-process/htop", "-o", "-.json").stdout)["graph"]["schema"] == 1
    both = graph("sys-process/htop", "-o", "-", "--format", "json", check=False)
    assert both.returncode == 2
