"""Trees written as a few lines of text: a PackageSource with no bash and no disk.

    [stable]                                       portage-stable
    dev-libs/a-1   rdepend="dev-libs/b[x]"         a line is an ebuild; what it does not say is a default
    [overlay]                                      coreos-overlay
    [gentoo]                                       any other heading is a source, in order
    dev-libs/b-2   keywords="~amd64" iuse="x"

``required`` is a flag that REQUIRED_USE asks for. An ebuild with ``needs="foo"`` is sourced only with a newer
foo.eclass, one with ``breaks="foo"`` only without.
Boards are amd64 and arm64; the build host is amd64.
``keywords`` is ``amd64 arm64`` where it is not said.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from copy import copy

from msgspec import Struct
from pkgcore.ebuild.cpv import VersionedCPV

from overlaytool.ebuild import depend
from overlaytool.ebuild.evaluate import parse_atom, parsed
from overlaytool.ebuild.repository import VersionKey
from overlaytool.model.dependency import Atom, Demand, FlagChanges, Known, Origin, View
from overlaytool.model.resolution import Board, Description, Rejection, RejectionKind, Root

AMD64, ARM64 = Board(name="amd64-usr", arch="amd64"), Board(name="arm64-usr", arch="arm64")
VIEWS = (
    View(name="amd64-usr", root=Root.BOARD, board=AMD64),
    View(name="arm64-usr", root=Root.BOARD, board=ARM64),
    View(name="host", root=Root.HOST, board=None),
)
CLASSES = ("bdepend", "depend", "rdepend", "pdepend", "idepend")


class Eapi(Struct, frozen=True):
    """As much of an EAPI as dependencies ask for."""

    metadata_keys: frozenset[str] = frozenset(name.upper() for name in CLASSES)


class TextEbuild:
    """A line of text: a Candidate, and as much of pkgcore's package as matching asks for."""

    def __init__(self, line: str, repository: str, origin: Origin) -> None:
        cpv, *words = shlex.split(line)
        said = dict(word.split("=", 1) for word in words)
        version = VersionedCPV(cpv)
        self.cpv = self.cpvstr = cpv
        self.package = self.key = version.key
        self.version, self.revision, self.fullver = version.version, version.revision, version.fullver
        self.repository, self.origin = repository, origin
        self.slot, _, subslot = said.pop("slot", "0").partition("/")
        self.subslot = subslot or self.slot
        self.keywords = tuple(said.pop("keywords", "amd64 arm64").split())
        flags = said.pop("iuse", "").split()
        self.enabled = frozenset(flag[1:] for flag in flags if flag.startswith("+"))
        self.iuse_stripped = frozenset(flag.removeprefix("+") for flag in flags)
        self.mask = said.pop("mask", "")
        self.needs, self.breaks = said.pop("needs", ""), said.pop("breaks", "")
        self.required = said.pop("required", "")
        self.eapi = Eapi()
        self.data = {name.upper(): said.pop(name, "") for name in CLASSES}
        assert not said, f"unknown words in {line!r}: {sorted(said)}"

    def __repr__(self) -> str:
        return f"{self.cpv}::{self.repository}"


class TextSource:
    """The trees."""

    views = VIEWS

    def __init__(self, text: str, *, provided: Sequence[str] = ()) -> None:
        self._updated: frozenset[str] = frozenset()
        self._trees: dict[str, list[TextEbuild]] = {"stable": [], "overlay": []}
        tree = "stable"
        for line in filter(None, map(str.strip, text.splitlines())):
            if line.startswith("["):
                tree = line.strip("[]")
                self._trees.setdefault(tree, [])
            else:
                origin = {"stable": Origin.STABLE, "overlay": Origin.OVERLAY}.get(tree, Origin.SOURCE)
                self._trees[tree].append(TextEbuild(line, tree, origin))
        self.best: Known[TextEbuild] = {}
        self.likely: Known[TextEbuild] = {}
        self._provided = [VersionedCPV(cpv) for cpv in provided]

    def _in(self, trees: Iterable[str], package: str) -> list[TextEbuild]:
        found = [ebuild for tree in trees for ebuild in self._trees[tree] if ebuild.package == package]
        return sorted(found, key=VersionKey, reverse=True)

    def checkout_candidates(self, package: str) -> Sequence[TextEbuild]:
        return self._in(("overlay", "stable"), package)

    def source_candidates(self, name: str, package: str) -> Sequence[TextEbuild]:
        return self._in((name,), package)

    def after_import(self, name: str, package: str) -> Sequence[TextEbuild]:
        return self._in(("overlay", name), package)

    def source_names(self) -> tuple[str, ...]:
        return tuple(tree for tree in self._trees if tree not in ("stable", "overlay"))

    def holds(self, origin: Origin, package: str) -> bool:
        return bool(self._in((str(origin),), package))

    def packages_named(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(package for package in self.all_packages() if package.endswith(f"/{name}")))

    def all_packages(self) -> Iterable[str]:
        return {ebuild.package for tree in self._trees.values() for ebuild in tree}

    def moved(self, package: str) -> str | None:
        return None

    def slot_moved(self, atom: Atom) -> Atom | None:
        return None

    def former_names(self, package: str) -> tuple[str, ...]:
        return ()

    def parse_atom(self, text: str) -> Atom:
        return parse_atom(text)

    def renamed(self, atom: Atom, package: str) -> Atom:
        return parse_atom(atom.text.replace(atom.package, package, 1))

    def provided(self, view: View, atom: Atom) -> str | None:
        return next(
            (
                entry.cpvstr
                for entry in self._provided
                if entry.key == atom.package and depend.version_matches(parsed(atom), entry)
            ),
            None,
        )

    def arch(self, view: View) -> str:
        return view.board.arch if view.board else "amd64"

    def hidden_at_sight(self, view: View, candidate: TextEbuild) -> bool:
        return bool(candidate.mask) or self.arch(view) not in candidate.keywords

    def looked_at(self, candidate: TextEbuild) -> bool:
        return True

    def obstacles(self, view: View, candidate: TextEbuild) -> tuple[Rejection, ...]:
        found = []
        if candidate.mask:
            found.append((RejectionKind.MASK, f"masked: {candidate.mask}"))
        elif (candidate.needs and candidate.needs not in self._updated) or candidate.breaks in self._updated:
            found.append((RejectionKind.METADATA, "failed sourcing"))
        elif self.arch(view) not in candidate.keywords:
            found.append((RejectionKind.KEYWORD, f"no keyword {self.arch(view)}"))
        return tuple(
            Rejection(cpv=candidate.cpv, repository=candidate.repository, kind=kind, reason=reason)
            for kind, reason in found
        )

    def admits(self, candidate: TextEbuild, atom: Atom) -> bool:
        return depend.version_matches(parsed(atom), candidate)

    def _use(self, candidate: TextEbuild, changes: FlagChanges) -> frozenset[str]:
        on = {flag for flag, state in changes if state}
        off = {flag for flag, state in changes if not state}
        return (candidate.enabled | (on & candidate.iuse_stripped)) - off

    def mismatch(
        self, view: View, candidate: TextEbuild, atom: Atom, changes: FlagChanges
    ) -> Rejection | None:
        use = self._use(candidate, changes)
        return depend.mismatch(atom, candidate, use, candidate.iuse_stripped, candidate.repository)

    def required_use_violation(self, view: View, candidate: TextEbuild, changes: FlagChanges) -> str | None:
        missing = candidate.required and candidate.required not in self._use(candidate, changes)
        return candidate.required if missing else None

    def demands(self, view: View, candidate: TextEbuild, changes: FlagChanges) -> tuple[Demand, ...]:
        use = self._use(candidate, changes) | {self.arch(view)}
        return depend.demands(candidate, use, view.root, root_deps=False)

    def keyword(self, view: View, candidate: TextEbuild) -> str | None:
        arch = self.arch(view)
        if f"-{arch}" in candidate.keywords:
            return None
        return f"~{arch}" if f"~{arch}" in candidate.keywords else "**"

    def unkeyworded(self, candidate: TextEbuild) -> bool:
        return not candidate.keywords

    def optional_flags(self, view: View, candidate: TextEbuild, changes: FlagChanges) -> tuple[str, ...]:
        return tuple(sorted(self._use(candidate, changes)))

    def flags_to_change(
        self, view: View, candidate: TextEbuild, atom: Atom, changes: FlagChanges
    ) -> tuple[tuple[str, bool], ...] | None:
        use, iuse = self._use(candidate, changes), candidate.iuse_stripped
        if any(not satisfied for _flag, satisfied in depend.unknown_flags(atom, iuse)):
            return None
        return tuple(
            (flag, state) for flag, state in depend.use_dependencies(atom, iuse) if (flag in use) != state
        )

    def eclass_updates(self, candidate: TextEbuild, *, older: bool) -> tuple[str, ...] | None:
        return (candidate.needs,) if candidate.needs else None

    def with_eclass_updates(self, names: Iterable[str]) -> TextSource:
        other = copy(self)
        other._updated = frozenset(names)
        other.best, other.likely = {}, {}
        return other

    def prefetch(self, candidates: Iterable[TextEbuild]) -> None:
        """There is nothing to source."""

    def describe(self, view: View, candidate: TextEbuild, changes: FlagChanges) -> Description:
        return Description(
            slot=candidate.slot,
            subslot=candidate.subslot,
            eapi="8",
            keywords=candidate.keywords,
            use=tuple(sorted(self._use(candidate, changes))),
            iuse=tuple(sorted(candidate.iuse_stripped)),
            license="GPL-2",
            description="",
            homepage="",
            distfiles=(),
        )

    def inherited(self, candidate: TextEbuild) -> frozenset[str]:
        return frozenset()

    def fixed_comment(self, candidate: TextEbuild, view: View, atom: Atom) -> tuple[str, ...]:
        return ()

    def mask_comment(self, candidate: TextEbuild, view: View) -> tuple[str, ...]:
        return (candidate.mask,)
