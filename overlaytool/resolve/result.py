"""From the graph of the last pass to the Resolution that the rest of the program works on."""

from __future__ import annotations

from collections.abc import Container, Iterable

from overlaytool.model.dependency import Atom, Candidate, Origin, View
from overlaytool.model.notices.resolving import (
    FallenBack,
    LicenseNotAccepted,
    RequestProvided,
    RestrictNotAccepted,
)
from overlaytool.model.resolution import (
    DepClass,
    Edge,
    KeywordNeed,
    NodeKey,
    Notice,
    Package,
    Rejection,
    RejectionKind,
    Request,
    Requested,
    Resolution,
    Root,
    State,
    UseNeed,
)
from overlaytool.resolve import rejections
from overlaytool.resolve.closure import Closure
from overlaytool.resolve.graph import Link, Node
from overlaytool.resolve.order import dependencies_first
from overlaytool.resolve.settled import left_to_person

PROVIDED = "package.provided"


def build[C: Candidate](
    request: Request,
    closure: Closure[C],
    requests: tuple[tuple[View, Atom], ...],
    limits: tuple[Notice, ...],
    described: Container[State],
    left: tuple[Notice, ...] = (),
) -> Resolution:
    """The records of a graph: nothing is decided here any more. See :func:`resolve` for ``described``.

    :param left: what a person has to do about requests that could not be met.
    """
    links = [link for link in closure.graph.links if not _is_target(link.parent)]
    askers = [link.parent for link in links if link.parent is not None and link.parent.outside]
    nodes = {_key(node): node for node in (*askers, *(link.child for link in closure.graph.links))}
    edges = _edges(links)
    packages = {key: _package(closure, node, described) for key, node in nodes.items()}
    ordered = dependencies_first(packages, edges)
    return Resolution(
        request=request,
        boards=tuple(view.board for view in closure.source.views if view.board is not None),
        requested=_requested(closure, requests),
        packages=tuple(packages[key] for key in ordered),
        edges=edges,
        keywords=_keywords(closure, nodes.values()),
        use=_use(closure, nodes.values()),
        eclass_updates=tuple(sorted(closure.decisions.eclasses)),
        rejections=_rejections(closure, nodes.values()),
        notices=(
            *limits,
            *(closure.decisions.dropped[key] for key in sorted(closure.decisions.dropped)),
            *_fallen_back(closure),
            *_licenses(closure, nodes.values()),
            *_provided(closure),
        ),
        manual_work=(
            *left,
            *(closure.decisions.manual[package] for package in sorted(closure.decisions.manual)),
            *left_to_person(closure),
            *_restricted(closure, nodes.values()),
        ),
    )


def _requested[C: Candidate](
    closure: Closure[C], requests: tuple[tuple[View, Atom], ...]
) -> tuple[Requested, ...]:
    found = []
    for atom in dict.fromkeys(atom for _view, atom in requests):
        views = [view for view, other in requests if other == atom]
        found.append(
            Requested(
                atom=atom.text,
                dependency=_dependency(closure, views, atom),
                boards=tuple(view.board.name for view in views if view.board is not None),
            )
        )
    return tuple(found)


def _dependency[C: Candidate](closure: Closure[C], views: list[View], atom: Atom) -> str:
    """The shortest atom with which emerge takes what was selected. USE is left to package.use."""
    plain = atom.text.partition("[")[0]
    decisions = closure.decisions.without_pins()
    for shorter in (closure.source.parse_atom(atom.package), closure.source.parse_atom(plain)):
        if all(
            closure.chooser.best(view, shorter, decisions) is closure.graph.chosen(view, atom)
            for view in views
        ):
            return shorter.text
    return plain


def _key[C: Candidate](node: Node[C]) -> NodeKey:
    return NodeKey(board=node.view.board.name if node.view.board else None, cpv=node.cpv)


def _is_target[C: Candidate](node: Node[C] | None) -> bool:
    """Whether a node stands for a target of the checkout, which asks for packages itself."""
    return node is not None and node.outside and node.candidate is None


def _edges[C: Candidate](links: Iterable[Link[C]]) -> tuple[Edge, ...]:
    found = {
        (_key(link.parent) if link.parent else None, _key(link.child), link.atom.text, link.dep_class)
        for link in links
    }

    def order(edge: tuple[NodeKey | None, NodeKey, str, DepClass]) -> tuple[str, ...]:
        parent, child, atom, dep_class = edge
        asker = ((parent.board or ""), parent.cpv) if parent else ("", "")
        return (*asker, dep_class, atom, child.board or "", child.cpv)

    return tuple(
        Edge(parent=parent, child=child, atom=atom, dep_class=dep_class)
        for parent, child, atom, dep_class in sorted(found, key=order)
    )


def _package[C: Candidate](closure: Closure[C], node: Node[C], described: Container[State]) -> Package:
    candidate = node.candidate
    state = State.PROVIDED if candidate is None else _state(closure, candidate)
    about = None
    if candidate is not None and state in described:
        changes = closure.decisions.changes(node.view, candidate.package)
        about = closure.source.describe(node.view, candidate, changes)
    return Package(
        cpv=node.cpv,
        board=node.view.board.name if node.view.board else None,
        root=node.view.root,
        state=state,
        repository=candidate.repository if candidate else PROVIDED,
        about=about,
    )


def _state[C: Candidate](closure: Closure[C], candidate: C) -> State:
    if candidate.origin is not Origin.SOURCE:
        return State.PRESENT
    first = next(iter(closure.source.source_names()))
    replaces = candidate.repository == first and closure.source.holds(Origin.STABLE, candidate.package)
    return State.UPDATE if replaces else State.ADD


def _keywords[C: Candidate](closure: Closure[C], nodes: Iterable[Node[C]]) -> tuple[KeywordNeed, ...]:
    """The accepted keywords of what is selected. ``~arch`` on every board is written without keywords."""
    source, decided = closure.source, closure.decisions.keywords
    arches = {source.arch(view) for view in source.views if view.root is Root.BOARD}
    selected: dict[str, set[str]] = {}
    for node in nodes:
        selected.setdefault(node.cpv, set()).add(source.arch(node.view))
    needs = []
    for cpv in sorted(selected):
        accepted = {arch: decided[(cpv, arch)] for arch in sorted(selected[cpv]) if (cpv, arch) in decided}
        if not accepted:
            continue
        keywords = tuple(dict.fromkeys(keyword for keyword, _reason in accepted.values()))
        reasons = dict(accepted.values())
        reason = reasons.get("**") or next(iter(reasons.values()))
        if "**" in keywords:
            keywords = ("**",)
        elif len(arches) > 1 and arches <= set(accepted):
            keywords = ()
        needs.append(KeywordNeed(cpv=cpv, keywords=keywords, reason=reason))
    return tuple(needs)


def _use[C: Candidate](closure: Closure[C], nodes: Iterable[Node[C]]) -> tuple[UseNeed, ...]:
    selected = {(node.view.root, node.candidate.package) for node in nodes if node.candidate is not None}
    needs = []
    for (root, package), flags in sorted(closure.decisions.use.items()):
        if (root, package) not in selected:
            continue
        for dropped in (False, True):
            of_kind = {
                flag: (state, because)
                for flag, (state, because) in sorted(flags.items())
                if ((package, flag) in closure.decisions.dropped and not state) == dropped
            }
            if of_kind:
                because = next(because for flag, (_state, because) in flags.items() if flag in of_kind)
                written = tuple(flag if state else f"-{flag}" for flag, (state, _) in of_kind.items())
                needs.append(
                    UseNeed(atom=package, flags=written, root=root, because=because, dropped=dropped)
                )
    return tuple(needs)


def _rejections[C: Candidate](closure: Closure[C], nodes: Iterable[Node[C]]) -> tuple[Rejection, ...]:
    """What was passed over in favour of each import, by the view that says most."""
    found: dict[tuple[str, str, RejectionKind], Rejection] = {}
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        candidate = node.candidate
        if candidate is None or candidate.origin is not Origin.SOURCE:
            continue
        if (node.view.name, candidate.package) in seen:
            continue
        seen.add((node.view.name, candidate.package))
        atom = next(link.atom for link in closure.graph.links if link.child == node)
        for rejection in rejections.rejections(closure.chooser, node.view, atom, closure.decisions):
            found.setdefault((rejection.cpv, rejection.repository, rejection.kind), rejection)
    return tuple(found[key] for key in sorted(found))


def _fallen_back[C: Candidate](closure: Closure[C]) -> tuple[Notice, ...]:
    """The requested packages of which a newer version had to be passed over."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for link in closure.graph.links:
        node, taken = link.child, link.child.candidate
        if link.parent is not None or taken is None:
            continue
        for candidate in closure.chooser.pool(taken.package, closure.decisions):
            if candidate is taken:
                break
            excluded = closure.decisions.excluded.get((node.view.name, candidate.cpv))
            if excluded is not None and closure.source.admits(candidate, link.atom):
                found.setdefault((taken.cpv, candidate.cpv, excluded.reason), []).append(node.view.name)
    return tuple(
        FallenBack(taken=taken, cpv=cpv, views=", ".join(dict.fromkeys(views)), reason=reason).notice
        for (taken, cpv, reason), views in sorted(found.items())
    )


def _licenses[C: Candidate](closure: Closure[C], nodes: Iterable[Node[C]]) -> tuple[Notice, ...]:
    notices = {}
    for node in nodes:
        if node.candidate is None or (node.cpv, node.view.name) not in closure.decisions.licenses:
            continue
        for obstacle in closure.source.obstacles(node.view, node.candidate):
            if obstacle.kind is RejectionKind.LICENSE:
                notices[node.cpv] = LicenseNotAccepted(cpv=node.cpv, reason=obstacle.reason).notice
    return tuple(notices[cpv] for cpv in sorted(notices))


def _restricted[C: Candidate](closure: Closure[C], nodes: Iterable[Node[C]]) -> tuple[Notice, ...]:
    """What emerge refuses until somebody accepts its RESTRICT or PROPERTIES."""
    notices = {}
    for node in nodes:
        if node.candidate is None or (node.cpv, node.view.name) not in closure.decisions.licenses:
            continue
        for obstacle in closure.source.obstacles(node.view, node.candidate):
            if obstacle.kind is RejectionKind.RESTRICT:
                variable = obstacle.reason.partition(" ")[0]
                refused = RestrictNotAccepted(cpv=node.cpv, reason=obstacle.reason, variable=variable)
                notices[node.cpv] = refused.notice
    return tuple(notices[cpv] for cpv in sorted(notices))


def _provided[C: Candidate](closure: Closure[C]) -> tuple[Notice, ...]:
    """Requests that emerge takes for installed already."""
    entries = {
        link.atom.text: link.child.cpv
        for link in closure.graph.links
        if link.parent is None and link.child.candidate is None
    }
    return tuple(RequestProvided(atom=atom, cpv=cpv).notice for atom, cpv in entries.items())
