"""``info``, ``search`` and ``outdated``: what the trees say of packages, without a plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.description import license_text
from overlaytool.ebuild.facts import facts
from overlaytool.errors import MetadataError
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.dependency import Origin
from overlaytool.plan.hooks import patches_of
from overlaytool.plan.tags import tags
from overlaytool.resolve.request import known_atom
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace

_DESCRIPTION = re.compile(
    r"""^DESCRIPTION=(?P<quote>["'])(?P<text>.*?)(?P=quote)""", re.MULTILINE | re.DOTALL
)


class Version(Struct, frozen=True, kw_only=True):
    """One ebuild."""

    version: str
    repository: str
    slot: str
    keywords: tuple[str, ...]
    hidden: dict[str, str]
    """By view: what hides it there; a view that sees it is not named."""


class Info(Struct, frozen=True, kw_only=True):
    """One package in all views."""

    package: str
    description: str
    homepage: str
    license: str
    use: tuple[str, ...]
    """The flags of the newest version that can be read, with their defaults; sorted."""
    versions: tuple[Version, ...]
    """The checkout's, then each source's; highest first."""
    targets: tuple[str, ...]
    """Where it ends up, in the changelog's words: ``base``, ``SDK``, ``sysext-zfs``; sorted."""
    selected: dict[str, str]
    """By view: the versions that are selected today."""
    patches: tuple[str, ...]
    """User patches and hooks of Flatcar's own, as paths of the checkout."""


def info(space: Workspace, text: str) -> Info:
    """One package, as typed.

    :raises UnknownPackageError, AmbiguousPackageError, MalformedAtomError: see ``known_atom``.
    """
    package = known_atom(text, space.source).package
    offered = [*space.source.checkout_candidates(package)]
    for name in space.source.source_names():
        offered += space.source.source_candidates(name, package)
    space.source.prefetch(offered)
    everywhere = everything(space)
    found = everywhere.selected.get(package, {})
    run_time = {str(target) for target, _view in everywhere.selected_at_run_time.get(package, {})}
    built_with = {str(target) for target, _view in found}
    selected: dict[str, set[str]] = {}
    for (_target, view), cpvs in found.items():
        selected.setdefault(view, set()).update(cpv.removeprefix(f"{package}-") for cpv in cpvs)
    described = next((one for one in offered if _readable(one)), None)
    return Info(
        package=package,
        description=described.ebuild.description if described else "",
        homepage=" ".join(described.ebuild.homepage) if described else "",
        license=license_text(described.ebuild, frozenset) if described else "",
        use=tuple(sorted(described.ebuild.iuse, key=lambda flag: flag.lstrip("+-"))) if described else (),
        versions=tuple(_version(space, candidate) for candidate in offered),
        targets=tags(run_time or built_with, build_only=not run_time) if found else (),
        selected={view: ", ".join(sorted(versions)) for view, versions in sorted(selected.items())},
        patches=patches_of(DiskTree(space.checkout.path), package),
    )


def _readable(candidate: EbuildCandidate) -> bool:
    """Whether an ebuild is a version for users, and can be sourced."""
    return not candidate.live and bool(_facts(candidate))


def _facts(candidate: EbuildCandidate) -> Mapping[str, str]:
    """The ebuild's metadata; nothing for one that cannot be sourced."""
    try:
        return facts(candidate)
    except MetadataError:
        return {}


def _version(space: Workspace, candidate: EbuildCandidate) -> Version:
    hidden = {}
    for view in space.source.views:
        obstacles = space.source.obstacles(view, candidate)
        if obstacles:
            hidden[view.name] = "; ".join(obstacle.reason for obstacle in obstacles)
    known = _facts(candidate)
    return Version(
        version=_plain(candidate),
        repository=candidate.repository,
        slot=known.get("SLOT", ""),
        keywords=tuple(known.get("KEYWORDS", "").split()),
        hidden=hidden,
    )


class Hit(Struct, frozen=True, kw_only=True):
    """A package that a word was found in."""

    package: str
    description: str
    here: bool
    """Whether the checkout has it."""


def search(space: Workspace, words: tuple[str, ...]) -> tuple[Hit, ...]:
    """The packages whose name or description holds every word, names first.

    Descriptions are read from the text of the newest ebuild: nothing is sourced.
    """
    wanted = tuple(word.casefold() for word in words)
    found: list[tuple[int, Hit]] = []
    packages = sorted(space.source.all_packages())
    with space.progress.task("reading descriptions", len(packages)) as task:
        for package in packages:
            task.advance()
            newest = _newest(space, package)
            if newest is None:
                continue
            description = _described(newest)
            rank = _rank(wanted, package.casefold(), description.casefold())
            if rank is not None:
                here = bool(space.source.checkout_candidates(package))
                found.append((rank, Hit(package=package, description=description, here=here)))
    return tuple(hit for _rank, hit in sorted(found, key=lambda entry: (entry[0], entry[1].package)))


def _newest(space: Workspace, package: str) -> EbuildCandidate | None:
    """The newest ebuild of the first tree that has the package, the checkout's first."""
    here = space.source.checkout_candidates(package)
    if here:
        return here[0]
    offered = (space.source.source_candidates(name, package) for name in space.source.source_names())
    return next((candidates[0] for candidates in offered if candidates), None)


def _rank(wanted: tuple[str, ...], package: str, description: str) -> int | None:
    """How well a package fits: its very name, a name with all words, a description; None: not at all."""
    if all(word in package for word in wanted):
        return 0 if package.partition("/")[2] in wanted else 1
    return 2 if all(word in package or word in description for word in wanted) else None


def _described(candidate: EbuildCandidate) -> str:
    match = _DESCRIPTION.search(candidate.text)
    return " ".join(match["text"].split()) if match else ""


class Outdated(Struct, frozen=True, kw_only=True):
    """One package that Gentoo has a newer version of."""

    package: str
    ours: str
    """The newest version of the checkout, live ones left aside."""
    stable: str | None
    """Gentoo's newest version with a stable keyword on every board's arch."""
    newest: str | None
    """Gentoo's newest version, live ones left aside."""
    repository: str
    """Where ours is: ``portage-stable`` or ``coreos-overlay``."""
    patches: int
    """User patches and hooks that a new version has to suit."""


def outdated(space: Workspace) -> tuple[Outdated, ...]:
    """The packages of the checkout that Gentoo has a newer version of, by name. Nothing is sourced."""
    (gentoo, *_others) = space.source.source_names()
    tree = DiskTree(space.checkout.path)
    arches = {board.arch for board in space.boards}
    found = []
    for package in sorted(_checkout_packages(space)):
        ours = next((one for one in space.source.checkout_candidates(package) if not one.live), None)
        theirs = [one for one in space.source.source_candidates(gentoo, package) if not one.live]
        if ours is None or not theirs or not theirs[0].ebuild > ours.ebuild:
            continue
        stable = next((one for one in theirs if _is_stable(one, arches)), None)
        found.append(
            Outdated(
                package=package,
                ours=_plain(ours),
                stable=_plain(stable) if stable else None,
                newest=_plain(theirs[0]),
                repository="coreos-overlay" if ours.origin is Origin.OVERLAY else "portage-stable",
                patches=len(patches_of(tree, package)),
            )
        )
    return tuple(found)


def _checkout_packages(space: Workspace) -> Iterator[str]:
    for repository in space.source.repositories:
        yield from (package for package in repository.packages if repository.has(package))


def _is_stable(candidate: EbuildCandidate, arches: set[str]) -> bool:
    """Whether every value that the ebuild's text may give KEYWORDS, but for none at all, has these arches."""
    values = [value for value in candidate.possible_keywords or () if value]
    return bool(values) and all(arches <= set(value) for value in values)


def _plain(candidate: EbuildCandidate) -> str:
    return candidate.cpv.removeprefix(f"{candidate.package}-")
