"""The dependency graph, and what can be read off it: the only importer of networkx.

A resolution has a node for each board; what is shown has one node for a package that is the same on
all of them. Costs come from dominators: a package brings what every way from the request to it leads
through that package.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import networkx as nx
from msgspec.structs import replace

from overlaytool.errors import UnknownPackageError
from overlaytool.model.plan import CheckoutState, Plan
from overlaytool.model.resolution import DepClass, Edge, Package, Resolution, Root, State
from overlaytool.report.binhost import BinarySize, BinarySizes
from overlaytool.report.merge import Merged, binary_size, distfiles, merge, merged_node
from overlaytool.report.records import Cost, Graph, Link, Node, Selection

CLASSES = list(DepClass)
REQUEST = ""
"""The id of the request itself in the networkx graphs; it is no node of a ``Graph``."""


def build(
    resolution: Resolution,
    plan: Plan | None = None,
    *,
    checkout: CheckoutState | None = None,
    selection: Selection | None = None,
    binary_sizes: BinarySizes | None = None,
) -> Graph:
    """Merge the boards of ``resolution``, leave out what is not selected, and measure what is.

    Costs are those in the whole resolution, whatever is selected: a filter changes what is seen, not what
    a package brings.
    """
    selection = selection or Selection()
    merged = merge(resolution)
    everything = _digraph(resolution, merged, Selection())
    shown = _digraph(resolution, merged, selection)
    arches = {board.name: board.arch for board in resolution.boards}
    binaries = {
        name: binary_size(found, arches, binary_sizes or {}) for name, found in merged.members.items()
    }
    costs = _costs(everything, merged, binaries, _counted(merged, plan))
    cycles = _cycles(shown)
    nodes = _nodes(shown, merged, binaries, costs, cycles)
    return Graph(
        resolution=resolution,
        plan=plan,
        checkout=plan.checkout if plan else checkout,
        boards=tuple(board.name for board in resolution.boards),
        nodes=tuple(sorted(nodes, key=lambda node: (not node.requested, len(node.chain), node.id))),
        links=_links(shown, resolution),
        cycles=cycles,
        selection=selection,
    )


def reverse(graph: Graph, package: str) -> Graph:
    """What pulls ``package`` (a name or CPV, its category may be left out) in: every link turned round.

    :raises UnknownPackageError: nothing in the graph has that name.
    """
    wanted = find(graph, package)
    turned: nx.DiGraph[str] = nx.DiGraph((link.child, link.parent) for link in graph.links)
    turned.add_nodes_from(node.id for node in graph.nodes)
    reached = set(wanted).union(*(nx.descendants(turned, identity) for identity in wanted))
    return replace(_part(graph, reached), targets=wanted)


def find(graph: Graph, package: str) -> tuple[str, ...]:
    """Ids of the nodes that ``package`` names, as ``reverse`` says.

    :raises UnknownPackageError: nothing in the graph has that name.
    """
    found = tuple(
        node.id
        for node in graph.nodes
        if package in (node.id, node.cpv, node.name, node.name.partition("/")[2], node.cpv.partition("/")[2])
    )
    if not found:
        raise UnknownPackageError(
            f"no package {package} in this graph of {len(graph.nodes)} packages",
            hint="give a name such as sys-libs/ncurses; `overlaytool graph ATOM...` without it lists them",
        )
    return found


def neighbourhood(graph: Graph) -> Graph:
    """The imports, what asks for them, and what they ask for."""
    imported = {node.id for node in graph.imports}
    beside = {end for link in graph.links for end in (link.parent, link.child)
              if {link.parent, link.child} & imported}  # fmt: skip
    return _part(graph, imported | beside, touching=imported)


def networkx_graph(graph: Graph) -> nx.DiGraph[str]:
    """``graph`` for networkx's own writers: attributes are text, whole numbers and truth values."""
    digraph: nx.DiGraph[str] = nx.DiGraph()
    for node in graph.nodes:
        digraph.add_node(
            node.id,
            cpv=node.cpv,
            root=node.root.value,
            boards=" ".join(node.boards),
            state=node.state.value,
            repository=node.repository,
            slot=node.slot,
            license=node.license,
            description=node.description,
            requested=node.requested,
            download=node.download,
            brings=len(node.cost.packages) - 1,
            brings_download=node.cost.download,
        )
    for link in graph.links:
        digraph.add_edge(
            link.parent,
            link.child,
            classes=" ".join(link.classes),
            atoms=" ".join(link.atoms),
            boards=" ".join(link.boards),
            closes_cycle=link.cut,
        )
    return digraph


def graphml(graph: Graph) -> str:
    """``graph`` as GraphML."""
    return "\n".join(nx.generate_graphml(networkx_graph(graph))) + "\n"


def _digraph(resolution: Resolution, merged: Merged, selection: Selection) -> nx.DiGraph[str]:
    """The part of the merged graph that is selected and reached from the request, in a fixed order.

    What a package of a root that is left out asks for hangs from the request.
    """
    digraph = _reached(resolution, merged, selection.classes)
    inside = {name for name in digraph if name and merged.members[name][0].root in selection.roots}
    for name in sorted(inside):
        outside = [parent for parent in digraph.pred[name] if parent not in inside]
        edges = tuple(edge for parent in outside for edge in _edges(digraph, parent, name))
        if edges:
            digraph.add_edge(REQUEST, name, edges=edges)
    kept = inside | {REQUEST}
    if selection.imports_only:
        imported = {name for name in inside if _imported(merged.members[name][0])}
        kept &= imported.union({REQUEST}, *(nx.ancestors(digraph, name) for name in imported))
    digraph.remove_nodes_from([name for name in digraph if name not in kept])
    return digraph


def _reached(resolution: Resolution, merged: Merged, classes: frozenset[DepClass]) -> nx.DiGraph[str]:
    edges: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in resolution.edges:
        if edge.parent is None or edge.dep_class in classes:
            parent = merged.ids[edge.parent] if edge.parent else REQUEST
            edges[parent, merged.ids[edge.child]].append(edge)
    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_node(REQUEST)
    for (parent, child), found in sorted(edges.items(), key=_strongest_first):
        digraph.add_edge(parent, child, edges=tuple(found))
    reached = nx.descendants(digraph, REQUEST) | {REQUEST}
    digraph.remove_nodes_from([name for name in digraph if name not in reached])
    return digraph


def _strongest_first(item: tuple[tuple[str, str], list[Edge]]) -> tuple[str, int, str]:
    """Walks go along strong dependencies first, so that a cycle closes at a weak one where it can."""
    (parent, child), edges = item
    return parent, min(CLASSES.index(edge.dep_class) for edge in edges), child


def _edges(digraph: nx.DiGraph[str], parent: str, child: str) -> tuple[Edge, ...]:
    edges: tuple[Edge, ...] = digraph.edges[parent, child]["edges"]
    return edges


def _imported(package: Package) -> bool:
    return package.state in (State.ADD, State.UPDATE)


def _nodes(
    digraph: nx.DiGraph[str],
    merged: Merged,
    binaries: Mapping[str, BinarySize | None],
    costs: Mapping[str, Cost],
    cycles: tuple[tuple[str, ...], ...],
) -> Iterator[Node]:
    chains = nx.single_source_shortest_path(digraph, REQUEST)
    cycle_of = {name: index for index, cycle in enumerate(cycles) for name in cycle}
    for name in digraph:
        if name != REQUEST:
            asked = [edge for parent in digraph.pred[name] for edge in _edges(digraph, parent, name)]
            yield merged_node(
                name, merged.members[name], asked, tuple(chains[name][1:]), binaries[name], costs[name],
                cycle_of.get(name),
            )  # fmt: skip


def _counted(merged: Merged, plan: Plan | None) -> frozenset[str]:
    """What can be a cost: with a plan what it copies and what the image gains, else everything."""
    if plan is None:
        return frozenset(merged.members)
    gained = set(plan.new_in_image)
    return frozenset(
        name
        for name, (first, *_) in merged.members.items()
        if _imported(first) or (first.root is Root.BOARD and first.cpv in gained)
    )


def _costs(
    digraph: nx.DiGraph[str],
    merged: Merged,
    binaries: Mapping[str, BinarySize | None],
    counted: frozenset[str],
) -> dict[str, Cost]:
    dominators = nx.immediate_dominators(digraph, REQUEST)
    tree: nx.DiGraph[str] = nx.DiGraph((parent, child) for child, parent in dominators.items() if child)
    tree.add_node(REQUEST)
    costs = {}
    for name in digraph:
        if name == REQUEST:
            continue
        brought = sorted({name} | nx.descendants(tree, name) & counted)
        files = {file.name: file.size for each in brought for file in distfiles(merged.members[each])}
        known = [size for each in brought if (size := binaries[each]) is not None]
        costs[name] = Cost(
            packages=tuple(brought),
            download=sum(files.values()),
            binary=_sum(size.package for size in known),
            installed=_sum(size.installed for size in known),
        )
    return costs


def _sum(sizes: Iterable[int | None]) -> int | None:
    """The sum of those that are known, or None where none is."""
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _cycles(digraph: nx.DiGraph[str]) -> tuple[tuple[str, ...], ...]:
    components = (
        tuple(sorted(component))
        for component in nx.strongly_connected_components(digraph)
        if len(component) > 1 or any(digraph.has_edge(name, name) for name in component)
    )
    return tuple(sorted(components))


def _reading_order(digraph: nx.DiGraph[str]) -> dict[str, tuple[int, int]]:
    """Distance from the request, then the place in a walk: what a cycle's links lead back against.

    The walk alone would do, but it turns a cycle of many packages into one long chain of them.
    """
    distance = nx.single_source_shortest_path_length(digraph, REQUEST)
    walked = reversed(list(nx.dfs_postorder_nodes(digraph, REQUEST)))
    return {name: (distance[name], place) for place, name in enumerate(walked)}


def _links(digraph: nx.DiGraph[str], resolution: Resolution) -> tuple[Link, ...]:
    condensed = nx.condensation(digraph)
    component = condensed.graph["mapping"]
    needed = nx.transitive_reduction(condensed).edges
    order = _reading_order(digraph)
    boards = [board.name for board in resolution.boards]
    links = []
    for parent, child in sorted(digraph.edges):
        if parent == REQUEST:
            continue
        edges = _edges(digraph, parent, child)
        pair = (component[parent], component[child])
        inside = pair[0] == pair[1]
        asking = {edge.parent.board for edge in edges if edge.parent}
        links.append(
            Link(
                parent=parent,
                child=child,
                classes=tuple(c for c in DepClass if any(edge.dep_class is c for edge in edges)),
                atoms=tuple(sorted({edge.atom for edge in edges})),
                boards=tuple(board for board in boards if board in asking),
                implied=not inside and pair not in needed,
                cut=inside and order[child] <= order[parent],
            )
        )
    return tuple(links)


def _part(graph: Graph, kept: set[str], touching: set[str] | None = None) -> Graph:
    return replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.id in kept),
        links=tuple(
            link
            for link in graph.links
            if {link.parent, link.child} <= kept
            and (touching is None or {link.parent, link.child} & touching)
        ),
    )
