"""What of a fork goes on to hold when Gentoo's copy takes its place: USE defaults and patches.

A default of IUSE that the fork had otherwise becomes a line of package.use, and a patch that its ebuild
applied goes to coreos/user-patches (portage(5)). Code of phases a person has to write anew, as a hook.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.tree import Tree
from overlaytool.model.change import FileState
from overlaytool.model.dependency import View
from overlaytool.model.resolution import Root
from overlaytool.plan.hooks import PATCHES
from overlaytool.plan.use import USE_FILE_OF_BOTH, USE_FILES

SUFFIXES = (".patch", ".diff")


def use_lines(
    source: TreeSource, views: Mapping[View, tuple[EbuildCandidate, EbuildCandidate]]
) -> dict[str, tuple[str, ...]]:
    """By file of package.use: the flags to set so that Gentoo's ebuild is built as the fork was.

    :param views: for each view that selects the package: the fork's ebuild and Gentoo's.
    """
    by_root: dict[Root, dict[str, None]] = defaultdict(dict)
    for view, (fork, new) in views.items():
        profile, nothing = source.profile(view), frozenset[tuple[str, bool]]()
        was, is_now = (profile.use(one.ebuild, nothing) for one in (fork, new))
        for flag in sorted(fork.ebuild.iuse_stripped & new.ebuild.iuse_stripped & (was ^ is_now)):
            if not profile.unchangeable(new.ebuild, [(flag, flag in was)]):
                by_root[view.root][flag if flag in was else f"-{flag}"] = None
    if len(by_root) == len(Root) and len({tuple(flags) for flags in by_root.values()}) == 1:
        return {USE_FILE_OF_BOTH: tuple(by_root[Root.HOST])}
    return {USE_FILES[root]: tuple(flags) for root, flags in sorted(by_root.items()) if flags}


def patches(
    tree: Tree, package: str, fork: EbuildCandidate, gentoo: TreeSource
) -> Iterator[tuple[str, FileState]]:
    """The patches that the fork's ebuild applies and Gentoo does not have: path, and content."""
    own = f"{OVERLAY}/{package}/files"
    name = package.rpartition("/")[2]
    places = {one.repo.path / package for one in gentoo.source_candidates(gentoo.source_names()[0], package)}
    for path in tree.list(own):
        file, state = path.removeprefix(f"{own}/"), tree.read(path)
        in_gentoo = any((place / "files" / file).exists() for place in places)
        if file.endswith(SUFFIXES) and state is not None and not in_gentoo and _applied(fork, name, file):
            yield f"{PATCHES}/{package}/{file.rpartition('/')[2]}", state


def _applied(fork: EbuildCandidate, name: str, file: str) -> bool:
    """Whether an ebuild names a file, or begins or ends a pattern or a variable with what is left of it."""
    version = fork.listed.version
    spellings = {file, file.replace(f"{name}-{version}", "${P}"), file.replace(name, "${PN}")}
    spellings |= {spelling.replace(version, "${PV}") for spelling in spellings}
    return any(spelling in fork.text for spelling in spellings)
