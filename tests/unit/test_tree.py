"""The tree in the terminal, line by line."""

from __future__ import annotations

from itertools import pairwise

from records import edge, package, resolution

from overlaytool.model.resolution import DepClass, Resolution, State
from overlaytool.report import graph, tree


def drawn(lines: object) -> list[str]:
    return [
        f"{each.branch}{each.node.cpv} {' '.join(each.classes)} {each.mark}".rstrip()
        for each in lines  # type: ignore[attr-defined]
    ]


def shared() -> Resolution:
    return resolution(
        [
            package("cat/leaf-1"),
            package("cat/d-1"),
            package("cat/c-1"),
            package("cat/b-1"),
            package("cat/a-1", State.ADD),
        ],
        [
            edge(None, "cat/a-1"),
            edge("cat/a-1", "cat/b-1"),
            edge("cat/a-1", "cat/c-1", DepClass.DEPEND),
            edge("cat/b-1", "cat/d-1"),
            edge("cat/c-1", "cat/d-1"),
            edge("cat/c-1", "cat/leaf-1"),
            edge("cat/d-1", "cat/leaf-1"),
        ],
    )


def test_a_repeated_subtree_is_marked_and_a_repeated_leaf_is_not() -> None:
    assert drawn(tree.lines(graph.build(shared()))) == [
        "cat/a-1",
        "├── cat/b-1 RDEPEND",
        "│   └── cat/d-1 RDEPEND",
        "│       └── cat/leaf-1 RDEPEND",
        "└── cat/c-1 DEPEND",
        "    ├── cat/d-1 RDEPEND (*)",
        "    └── cat/leaf-1 RDEPEND",
    ]


def test_depth_counts_the_levels_below_the_request() -> None:
    assert drawn(tree.lines(graph.build(shared()), depth=1)) == [
        "cat/a-1",
        "├── cat/b-1 RDEPEND",
        "└── cat/c-1 DEPEND",
    ]
    assert drawn(tree.lines(graph.build(shared()), depth=0)) == ["cat/a-1"]


def test_a_cycle_ends_where_it_closes() -> None:
    found = resolution(
        [package("cat/b-1"), package("cat/a-1")],
        [edge(None, "cat/a-1"), edge("cat/a-1", "cat/b-1"), edge("cat/b-1", "cat/a-1", DepClass.PDEPEND)],
    )
    assert drawn(tree.lines(graph.build(found))) == [
        "cat/a-1",
        "└── cat/b-1 RDEPEND",
        "    └── cat/a-1 PDEPEND (cycle)",
    ]


def test_the_reverse_tree_goes_from_a_package_to_the_request() -> None:
    shown = graph.build(shared())
    assert drawn(tree.reverse_lines(shown, graph.find(shown, "cat/d"))) == [
        "cat/d-1",
        "├── cat/b-1 RDEPEND",
        "│   └── cat/a-1 RDEPEND",
        "└── cat/c-1 RDEPEND",
        "    └── cat/a-1 DEPEND",
    ]


def test_a_chain_of_twelve_hundred_packages_is_no_problem() -> None:
    names = [f"cat/p{number}-1" for number in range(1200)]
    found = resolution(
        [package(name) for name in reversed(names)],
        [edge(None, names[0]), *(edge(one, two) for one, two in pairwise(names))],
    )
    assert len(list(tree.lines(graph.build(found)))) == 1200
