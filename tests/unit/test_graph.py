"""The graph that is shown: merging of boards, costs, cycles, selection, what goes into files."""

from __future__ import annotations

import json

import networkx as nx
import pytest
from records import edge, package, resolution

from overlaytool.errors import UnknownPackageError
from overlaytool.model.resolution import Because, DepClass, Distfile, Resolution, Root, State
from overlaytool.report import document, graph, tree
from overlaytool.report.binhost import BinarySize
from overlaytool.report.records import Graph, Node, Selection


def node(shown: Graph, identity: str) -> Node:
    return next(each for each in shown.nodes if each.id == identity)


def ids(shown: Graph) -> list[str]:
    return [each.id for each in shown.nodes]


@pytest.fixture
def diamond() -> Resolution:
    """a asks for b and c, both ask for d; only c asks for e; e and f ask for each other."""
    return resolution(
        [
            package("cat/f-1", size=1),
            package("cat/e-1", size=2),
            package("cat/d-1", State.UPDATE, size=4),
            package("cat/c-1", size=8),
            package("cat/b-1", size=16),
            package("cat/a-1", State.ADD, size=32),
        ],
        [
            edge(None, "cat/a-1"),
            edge("cat/a-1", "cat/b-1"),
            edge("cat/a-1", "cat/c-1", DepClass.DEPEND),
            edge("cat/a-1", "cat/d-1", DepClass.PDEPEND),
            edge("cat/b-1", "cat/d-1"),
            edge("cat/c-1", "cat/d-1"),
            edge("cat/c-1", "cat/e-1"),
            edge("cat/e-1", "cat/f-1"),
            edge("cat/f-1", "cat/e-1", DepClass.PDEPEND),
        ],
    )


def test_a_package_that_is_the_same_on_both_boards_is_one_node_with_its_boards() -> None:
    shown = graph.build(
        resolution(
            [package("cat/a-1", use=("x",)), package("arm64-usr:cat/a-1", use=("y",))],
            [edge(None, "cat/a-1"), edge(None, "arm64-usr:cat/a-1")],
        )
    )
    assert ids(shown) == ["cat/a-1"]
    assert shown.nodes[0].boards == ("amd64-usr", "arm64-usr")
    assert [(each.boards, each.use) for each in shown.nodes[0].use] == [
        (("amd64-usr",), ("x",)),
        (("arm64-usr",), ("y",)),
    ]


def test_a_package_that_only_one_board_provides_is_two_nodes() -> None:
    shown = graph.build(
        resolution(
            [package("cat/a-1"), package("arm64-usr:cat/a-1", State.PROVIDED)],
            [edge(None, "cat/a-1"), edge(None, "arm64-usr:cat/a-1")],
        )
    )
    assert [(each.state, each.boards) for each in shown.nodes] == [
        (State.PRESENT, ("amd64-usr",)),
        (State.PROVIDED, ("arm64-usr",)),
    ]


def test_the_build_hosts_copy_of_a_package_is_a_node_of_its_own() -> None:
    shown = graph.build(
        resolution(
            [package("host:cat/b-1"), package("cat/b-1"), package("cat/a-1")],
            [
                edge(None, "cat/a-1"),
                edge("cat/a-1", "cat/b-1"),
                edge("cat/a-1", "host:cat/b-1", DepClass.BDEPEND),
            ],
        )
    )
    assert {each.id: (each.root, each.boards) for each in shown.nodes} == {
        "cat/a-1": (Root.BOARD, ("amd64-usr",)),
        "cat/b-1": (Root.BOARD, ("amd64-usr",)),
        "host:cat/b-1": (Root.HOST, ()),
    }


def test_a_package_costs_what_no_other_way_brings(diamond: Resolution) -> None:
    shown = graph.build(diamond)
    assert node(shown, "cat/c-1").cost.packages == ("cat/c-1", "cat/e-1", "cat/f-1")
    assert node(shown, "cat/c-1").cost.download == 8 + 2 + 1
    assert node(shown, "cat/b-1").cost.packages == ("cat/b-1",)
    assert len(node(shown, "cat/a-1").cost.packages) == 6


def test_a_distfile_that_two_packages_share_is_counted_once() -> None:
    shared = (Distfile(name="shared.tar.xz", size=100),)
    shown = graph.build(
        resolution(
            [package("cat/b-1", distfiles=shared), package("cat/a-1", distfiles=shared)],
            [edge(None, "cat/a-1"), edge("cat/a-1", "cat/b-1")],
        )
    )
    assert node(shown, "cat/a-1").cost.download == 100


def test_a_binary_size_comes_from_the_index_of_the_boards_arch() -> None:
    shown = graph.build(
        resolution(
            [package("cat/b-1"), package("cat/a-1"), package("arm64-usr:cat/a-1")],
            [edge(None, "cat/a-1"), edge(None, "arm64-usr:cat/a-1"), edge("cat/a-1", "cat/b-1")],
        ),
        binary_sizes={
            "amd64": {"cat/a-1": BinarySize(10, 100)},
            "arm64": {"cat/a-1": BinarySize(30, 300), "cat/b-1": BinarySize(7, 70)},
        },
    )
    assert node(shown, "cat/a-1").binary == 30
    assert node(shown, "cat/b-1").binary is None
    assert node(shown, "cat/a-1").cost.binary == 30
    assert (node(shown, "cat/a-1").installed, node(shown, "cat/a-1").cost.installed) == (300, 300)


def test_a_cycle_is_named_and_the_link_that_closes_it_is_marked(diamond: Resolution) -> None:
    shown = graph.build(diamond)
    assert shown.cycles == (("cat/e-1", "cat/f-1"),)
    assert node(shown, "cat/e-1").cycle == 0
    assert node(shown, "cat/d-1").cycle is None
    assert [(link.parent, link.child) for link in shown.links if link.cut] == [("cat/f-1", "cat/e-1")]


def test_a_package_that_asks_for_itself_is_a_cycle() -> None:
    shown = graph.build(
        resolution(
            [package("cat/a-1")], [edge(None, "cat/a-1"), edge("cat/a-1", "cat/a-1", DepClass.BDEPEND)]
        )
    )
    assert shown.cycles == (("cat/a-1",),)
    assert shown.links[0].cut


def test_a_link_that_a_longer_way_repeats_is_implied(diamond: Resolution) -> None:
    implied = [(link.parent, link.child) for link in graph.build(diamond).links if link.implied]
    assert implied == [("cat/a-1", "cat/d-1")]


def test_every_node_knows_its_chain_and_who_asks_for_it(diamond: Resolution) -> None:
    e = node(graph.build(diamond), "cat/e-1")
    assert e.chain == ("cat/a-1", "cat/c-1", "cat/e-1")
    assert [(each.parent, each.dep_class) for each in e.because] == [
        ("cat/c-1", DepClass.RDEPEND),
        ("cat/f-1", DepClass.PDEPEND),
    ]


def test_what_the_chosen_classes_do_not_reach_is_left_out(diamond: Resolution) -> None:
    shown = graph.build(diamond, selection=Selection(classes=frozenset({DepClass.RDEPEND})))
    assert ids(shown) == ["cat/a-1", "cat/b-1", "cat/d-1"]


def test_the_build_host_alone_is_what_the_boards_ask_of_it_and_what_that_needs() -> None:
    found = resolution(
        [package("host:cat/c-1"), package("host:cat/b-1"), package("cat/a-1")],
        [
            edge(None, "cat/a-1"),
            edge("cat/a-1", "host:cat/b-1", DepClass.BDEPEND),
            edge("host:cat/b-1", "host:cat/c-1"),
        ],
    )
    shown = graph.build(found, selection=Selection(roots=frozenset({Root.HOST})))
    assert [(each.id, each.chain) for each in shown.nodes] == [
        ("host:cat/b-1", ("host:cat/b-1",)),
        ("host:cat/c-1", ("host:cat/b-1", "host:cat/c-1")),
    ]
    assert shown.nodes[0].because == (Because(parent="cat/a-1", atom="cat/b", dep_class=DepClass.BDEPEND),)
    assert [line.node.id for line in tree.lines(shown)] == ["host:cat/b-1", "host:cat/c-1"]


def test_imports_are_shown_with_the_way_to_them_and_at_their_full_cost(diamond: Resolution) -> None:
    shown = graph.build(diamond, selection=Selection(imports_only=True))
    assert ids(shown) == ["cat/a-1", "cat/b-1", "cat/c-1", "cat/d-1"]
    assert node(shown, "cat/c-1").cost.packages == ("cat/c-1", "cat/e-1", "cat/f-1")


def test_a_plan_that_imports_nothing_is_an_empty_graph_of_imports() -> None:
    found = resolution([package("cat/a-1")], [edge(None, "cat/a-1")])
    shown = graph.build(found, selection=Selection(imports_only=True))
    assert (shown.nodes, shown.links) == ((), ())


@pytest.mark.parametrize("name", ["d", "cat/d", "cat/d-1", "d-1"])
def test_reverse_keeps_only_what_pulls_the_package_in(diamond: Resolution, name: str) -> None:
    assert ids(graph.reverse(graph.build(diamond), name)) == ["cat/a-1", "cat/b-1", "cat/c-1", "cat/d-1"]


def test_reverse_of_an_unknown_package_says_what_was_searched(diamond: Resolution) -> None:
    with pytest.raises(UnknownPackageError, match="no package cat/nothing in this graph of 6 packages"):
        graph.reverse(graph.build(diamond), "cat/nothing")


def test_the_document_is_networkx_node_link_data(diamond: Resolution) -> None:
    shown = graph.build(diamond)
    text = document.to_json(shown)
    read = nx.node_link_graph(json.loads(text), edges="edges")
    assert set(read.edges) == {(link.parent, link.child) for link in shown.links}
    assert read.nodes["cat/a-1"]["state"] == "add"
    assert read.graph["imports"] == ["cat/a-1", "cat/d-1"]
    assert document.to_json(graph.build(diamond)) == text


def test_text_that_no_form_could_hold_is_made_printable() -> None:
    found = resolution(
        [package("cat/a-1", description="red \x1b[31m\x00 and\n\tlone \udc80 é")], [edge(None, "cat/a-1")]
    )
    shown = graph.build(found)
    assert shown.nodes[0].description == "red \ufffd[31m\ufffd and lone \ufffd é"
    assert nx.parse_graphml(graph.graphml(shown)).nodes["cat/a-1"]["description"].endswith("é")
    assert document.to_json(shown).encode()


def test_graphml_can_be_read_back(diamond: Resolution) -> None:
    read = nx.parse_graphml(graph.graphml(graph.build(diamond)))
    assert read.nodes["cat/c-1"]["brings"] == 2
    assert read.edges["cat/f-1", "cat/e-1"]["closes_cycle"] is True
