"""plan(resolution, ...) -> Plan: which files an answer touches, and what the image gains by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from overlaytool.ebuild.companions import CopiedPackages
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.model.notices.planning import (
    CopyUnsourceable,
    EclassUpdate,
    FormerName,
    ImageMasked,
    ImageProvided,
    MaskLeftBehind,
)
from overlaytool.model.plan import (
    Action,
    ArchLine,
    CheckoutState,
    Import,
    KeywordChange,
    MetapackageEdit,
    Plan,
    Selected,
    TreeCommit,
)
from overlaytool.model.resolution import (
    Because,
    DepClass,
    Edge,
    Into,
    NodeKey,
    Notice,
    Package,
    Request,
    Resolution,
    State,
)
from overlaytool.plan import lines, restricted
from overlaytool.plan.masks import Lifted, with_reason
from overlaytool.plan.provided import no_use
from overlaytool.plan.replaced import replaced
from overlaytool.plan.use import use_changes

PROFILES = OVERLAY / "profiles/coreos"
ACCEPT_KEYWORDS = str(PROFILES / "base/package.accept_keywords")
RUN_TIME = frozenset({DepClass.RDEPEND, DepClass.PDEPEND})
IMPORTED = frozenset({State.ADD, State.UPDATE})


def plan(
    resolution: Resolution,
    source: TreeSource,
    *,
    copied: CopiedPackages,
    metapackage: Metapackage | None,
    image: Mapping[str, frozenset[str]],
    checkout: CheckoutState,
    sources: Sequence[TreeCommit],
    lifted: Lifted,
    committed: frozenset[str] | None = None,
) -> Plan:
    """What an answer does to the checkout.

    :param source: the trees that the resolution was made from, with its eclass updates.
    :param copied: the directories of :func:`imports_of` the resolution.
    :param metapackage: the one that gets the request; None where no metapackage does.
    :param lifted: what the profiles that it was made with allow beyond the checkout's.
    :param image: for each board's name, those of :func:`run_time_packages` that its image has today.
    :param committed: the names in the metapackage's directory at HEAD; None where there is no commit.
    """
    index = _Index(resolution)
    gained = _gained(index, image) if looks_into_image(resolution.request) else {}
    return Plan(
        request=resolution.request.atoms,
        into=resolution.request.into,
        boards=tuple(board.name for board in resolution.boards),
        checkout=checkout,
        sources=tuple(sources),
        imports=_imports(index, sources, copied, replaced(resolution, source, imports_of(resolution))),
        eclasses=copied.eclasses,
        licenses=copied.licenses,
        keywords=tuple(
            KeywordChange(
                atom=f"={need.cpv}",
                keywords=need.keywords,
                file=ACCEPT_KEYWORDS,
                comment=with_reason(need.reason, resolution.request.reason),
            )
            for need in resolution.keywords
        ),
        use=use_changes(resolution),
        masks=lifted.masks,
        provided=lifted.provided,
        reason=resolution.request.reason,
        metapackage=_edit(resolution, metapackage, source, committed),
        present=index.present,
        new_in_image=tuple(sorted({package.cpv for packages in gained.values() for package in packages})),
        warnings=(
            *resolution.notices,
            *_copy_warnings(copied),
            *_moved(index, source),
            *_image_warnings(index, gained, source),
            *no_use(resolution, source),
            *restricted.notices(resolution, source),
        ),
        manual_work=(
            *resolution.manual_work,
            *lines.beside(resolution, metapackage),
            *_masks_left_behind(index, source),
        ),
    )


def looks_into_image(request: Request) -> bool:
    """Whether a request may change what the image has: an update does so wherever the package is used."""
    return request.into is Into.IMAGE or request.update


def imports_of(resolution: Resolution) -> dict[str, str]:
    """Package to source, for every package that has to be copied."""
    return {entry.name: entry.repository for entry in resolution.packages if entry.state in IMPORTED}


def run_time_packages(resolution: Resolution) -> dict[str, frozenset[str]]:
    """For each board's name, the packages of the checkout that the request pulls into the image."""
    index = _Index(resolution)
    return {
        board.name: frozenset(
            index.packages[node].name
            for node in index.reached(index.requested(board.name, host=False), RUN_TIME)
            if index.packages[node].state in (State.PRESENT, State.UPDATE)
        )
        for board in resolution.boards
    }


class _Index:
    """A resolution, looked up by node."""

    def __init__(self, resolution: Resolution) -> None:
        self.resolution = resolution
        self.packages = {package.key: package for package in resolution.packages}
        self.incoming: dict[NodeKey, list[Edge]] = defaultdict(list)
        self.outgoing: dict[NodeKey | None, list[Edge]] = defaultdict(list)
        for edge in resolution.edges:
            self.incoming[edge.child].append(edge)
            self.outgoing[edge.parent].append(edge)

    def reached(self, starts: Iterable[NodeKey], classes: frozenset[DepClass] | None = None) -> set[NodeKey]:
        """The nodes that can be reached from these, over edges of the given classes."""
        seen: set[NodeKey] = set()
        pending = list(starts)
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            pending += [
                edge.child for edge in self.outgoing[node] if classes is None or edge.dep_class in classes
            ]
        return seen

    def requested(self, board: str, *, host: bool = True) -> list[NodeKey]:
        """What the request itself selected for a board; for the build host, for every board.

        :param host: whether what is selected for the build host counts.
        """
        places = (board, None) if host else (board,)
        return [edge.child for edge in self.outgoing[None] if edge.child.board in places]

    def starts(self, board: str) -> list[NodeKey]:
        """What was requested for a board, and who depends on what the plan changes beside it."""
        beside = [key for key in self.packages if key.board in (board, None) and not self.incoming.get(key)]
        return [*self.requested(board), *beside]

    @property
    def present(self) -> tuple[str, ...]:
        """The CPVs of the checkout that the request or an import asks for directly."""
        return tuple(
            sorted(
                {
                    edge.child.cpv
                    for edge in self.resolution.edges
                    if self.packages[edge.child].state is State.PRESENT
                    and (edge.parent is None or self.packages[edge.parent].state in IMPORTED)
                }
            )
        )


def _imports(
    index: _Index, sources: Sequence[TreeCommit], copied: CopiedPackages, today: Mapping[NodeKey, str]
) -> tuple[Import, ...]:
    nodes: dict[str, list[Package]] = defaultdict(list)
    for package in index.resolution.packages:
        if package.state in IMPORTED:
            nodes[package.name].append(package)
    boards = tuple(board.name for board in index.resolution.boards)
    reached = {board: index.reached(index.starts(board)) for board in boards}
    return tuple(
        Import(
            package=name,
            action=Action.UPDATE if members[0].state is State.UPDATE else Action.ADD,
            source=members[0].repository,
            repository="portage-stable" if members[0].repository == sources[0].name else "coreos-overlay",
            selected=tuple(
                sorted(
                    (
                        Selected(
                            cpv=member.cpv, board=board, root=member.root, replaces=today.get(member.key)
                        )
                        for member in members
                        for board in boards
                        if member.board in (board, None) and member.key in reached[board]
                    ),
                    key=lambda selected: (selected.board, selected.root, selected.cpv),
                )
            ),
            because=_because(index, members),
            digest=copied.digests[name],
        )
        for name, members in nodes.items()
    )


def _because(index: _Index, members: Iterable[Package]) -> tuple[Because, ...]:
    asked = {
        Because(parent=edge.parent.cpv if edge.parent else None, atom=edge.atom, dep_class=edge.dep_class)
        for member in members
        for edge in index.incoming[member.key]
    }
    return tuple(sorted(asked, key=lambda because: (because.parent or "", because.atom, because.dep_class)))


def _edit(
    resolution: Resolution,
    metapackage: Metapackage | None,
    source: TreeSource,
    committed: frozenset[str] | None,
) -> MetapackageEdit | None:
    """The lines that the metapackage lacks. A package that not all boards can have gets an arch's group."""
    if metapackage is None or resolution.request.update:
        return None
    mine = metapackage.arches
    every_board = {board.name for board in source.checkout.boards if not mine or board.arch in mine}
    arch = {board.name: board.arch for board in source.checkout.boards}
    added: list[str] = []
    arch_only: list[ArchLine] = []
    for requested in lines.of_request(resolution):
        if not requested.boards or set(requested.boards) == every_board:
            if not (metapackage.holds(requested.dependency) or metapackage.line_beside(requested.dependency)):
                added.append(requested.dependency)
            continue
        for board in requested.boards:
            if not metapackage.holds(requested.dependency, arch[board]):
                arch_only.append(ArchLine(atom=requested.dependency, arch=arch[board]))
                added.append(requested.dependency)
    if not added:
        return None
    return MetapackageEdit(
        file=metapackage.file,
        added=tuple(dict.fromkeys(added)),
        arch_only=tuple(arch_only),
        revision=(metapackage.revision, metapackage.bumped(committed)),
    )


def _gained(index: _Index, image: Mapping[str, frozenset[str]]) -> dict[str, list[Package]]:
    """For each board, what the request pulls into the image at run time that is not there today.

    An update brings nothing into an image that does not have the package.
    """
    gained = {}
    for board, have in image.items():
        starts = index.requested(board, host=False)
        if index.resolution.request.update:
            starts = [node for node in starts if index.packages[node].name in have]
        packages = [index.packages[node] for node in index.reached(starts, RUN_TIME)]
        gained[board] = [
            package
            for package in packages
            if package.state is not State.PROVIDED and package.name not in have
        ]
    return gained


def _image_warnings(
    index: _Index, gained: Mapping[str, list[Package]], source: TreeSource
) -> tuple[Notice, ...]:
    """What emerges into the board root and then fails, or is missing, in the production image."""
    notices: dict[tuple[str, str], Notice] = {}
    boards = {board.name: board for board in source.boards}
    for name, packages in gained.items():
        for package in packages:
            mask = source.image_mask(boards[name], package.name, package.cpv)
            if mask is not None:
                notices[("image-masked", package.cpv)] = ImageMasked(cpv=package.cpv, mask=mask).notice
            for edge in index.outgoing[package.key]:
                child = index.packages[edge.child]
                if edge.dep_class in RUN_TIME and child.state is State.PROVIDED:
                    provided = ImageProvided(cpv=package.cpv, atom=edge.atom)
                    notices[("image-provided", f"{package.cpv} {child.cpv}")] = provided.notice
    return tuple(notices[key] for key in sorted(notices))


def _copy_warnings(copied: CopiedPackages) -> tuple[Notice, ...]:
    unsourceable = [
        CopyUnsourceable(cpv=entry.cpv, error=entry.error).notice for entry in copied.unsourceable
    ]
    updated = [
        EclassUpdate(
            name=eclass.name, count=len(eclass.inherited_by), first=", ".join(eclass.inherited_by[:10])
        ).notice
        for eclass in copied.eclasses
        if eclass.action is Action.UPDATE
    ]
    return (*unsourceable, *updated)


def _masks_left_behind(index: _Index, source: TreeSource) -> tuple[Notice, ...]:
    """Newer ebuilds that come along with an import, and that only the source's package.mask hides."""
    views = {view.board.name if view.board else None: view for view in source.views}
    notices: dict[str, Notice] = {}
    for key, package in index.packages.items():
        if package.state not in IMPORTED:
            continue
        atoms = [source.parse_atom(edge.atom) for edge in index.incoming[key]]
        for candidate in source.source_candidates(package.repository, package.name):
            if candidate.cpv == package.cpv:
                break
            mask = source.mask_left_behind(views[key.board], candidate)
            if mask and all(source.admits(candidate, atom) for atom in atoms):
                left = MaskLeftBehind(cpv=candidate.cpv, source=package.repository, mask=mask)
                notices[candidate.cpv] = left.notice
    return tuple(notices[cpv] for cpv in sorted(notices))


def _moved(index: _Index, source: TreeSource) -> tuple[Notice, ...]:
    """Imports of packages that the checkout has under a former name."""
    return tuple(
        FormerName(package=package, old=old).notice
        for package in sorted(imports_of(index.resolution))
        for old in source.former_names(package)
        if source.checkout_candidates(old)
    )
