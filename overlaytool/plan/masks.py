"""Works out the lines of the profiles to change so that they allow what the user allows.

An edit is the one that a maintainer would make. A line of Flatcar's own that is about the package alone is
taken out, or moved to where the views that do not need the flag still have it. A line for all packages, or
one of Gentoo's, stays, and the package gets an exception.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.depend import use_dependencies
from overlaytool.ebuild.fixed import Setter
from overlaytool.ebuild.profile_lines import mask_of, read_text, setter_of
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import MalformedAtomError
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.mask_files import BASE, PROFILES, TARGETS, edits_of_mask, edits_of_provided, lifted
from overlaytool.model.dependency import Atom, View
from overlaytool.model.plan import MaskAction, MaskChange, ProvidedChange
from overlaytool.model.resolution import Request, Resolution, Root
from overlaytool.plan.provided import comment_of

EVERYWHERE = frozenset(Root)
MAX_LINES = 10
"""Lines about one flag that are looked through, one behind the other."""

type Flag = tuple[str, str, bool]
"""Package, flag, and whether it is to be on."""


class Lifted(Struct, frozen=True, kw_only=True):
    """What the profiles will be."""

    masks: tuple[MaskChange, ...] = ()
    provided: tuple[ProvidedChange, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """Files of coreos-overlay's profiles by their path from the checkout's top."""


def flags_of(request: Request, source: TreeSource) -> tuple[Flag, ...]:
    """What ``--allow-use`` names.

    :raises MalformedAtomError: for what is not ``cat/pn[flag,-other]``.
    """
    found: dict[Flag, None] = {}
    for text in request.allow_use:
        atom = source.parse_atom(text)
        words = text.partition("[")[2].rstrip("]").split(",")
        if atom.text.partition("[")[0] != atom.package or not all(words):
            raise MalformedAtomError(
                f"--allow-use {text!r} names no USE flag of a package",
                hint="--allow-use 'app-crypt/gnupg[nls]'",
            )
        for word in words:
            flag = word.removesuffix("(+)").removesuffix("(-)")
            found[(atom.package, flag.removeprefix("-"), not flag.startswith("-"))] = None
    return tuple(found)


def lift(
    request: Request,
    source: TreeSource,
    roots: Mapping[str, Collection[Root]],
    askers: Mapping[str, Collection[str]],
) -> Lifted:
    """The edits with which the profiles allow what a request wants allowed.

    :param source: the trees as they are.
    :param roots: by package, ``package[flag]`` or CPV, where it is needed; others everywhere.
    :param askers: by CPV of ``--provide``, the packages that ask for it.
    """
    edits = _Edits(source, request.reason)
    for flag in flags_of(request, source):
        edits.allow(flag, roots.get(_name(flag), EVERYWHERE))
    for text in request.unmask:
        edits.unmask(text)
    for cpv in request.provide:
        edits.provide(cpv, roots.get(cpv, EVERYWHERE), askers.get(cpv, ()))
    return Lifted(masks=tuple(edits.masks), provided=tuple(edits.provided), texts=edits.texts)


def needs(
    resolution: Resolution, request: Request, source: TreeSource
) -> tuple[dict[str, set[Root]], dict[str, set[str]]]:
    """The roots that need what the request allows, and the packages that ask for what it provides."""
    root_of = {package.key: package.root for package in resolution.packages}
    roots: dict[str, set[Root]] = defaultdict(set)
    askers: dict[str, set[str]] = defaultdict(set)
    for flag in flags_of(request, source):
        for edge in resolution.edges:
            atom = source.parse_atom(edge.atom)
            if atom.package == flag[0] and (flag[1], flag[2]) in use_dependencies(atom, (flag[1],)):
                roots[_name(flag)].add(root_of[edge.child])
        if _name(flag) not in roots:
            found = {package.root for package in resolution.packages if package.name == flag[0]}
            roots[_name(flag)] |= found or EVERYWHERE
    for edge in resolution.edges:
        if edge.child.cpv in request.provide:
            roots[edge.child.cpv].add(root_of[edge.child])
            if edge.parent is not None:
                askers[edge.child.cpv].add(edge.parent.cpv)
    return roots, askers


def _name(flag: Flag) -> str:
    package, name, state = flag
    return f"{package}[{name}]" if state else f"{package}[-{name}]"


class _Edits:
    """The edits so far, and the profiles' files with them."""

    def __init__(self, source: TreeSource, reason: str | None) -> None:
        self.masks: list[MaskChange] = []
        self.provided: list[ProvidedChange] = []
        self.texts: dict[str, str] = {}
        self._source, self._reason = source, reason
        self._top = source.checkout.path

    def allow(self, flag: Flag, roots: Collection[Root]) -> None:
        """Let package.use decide about a flag in these roots."""
        package, name, state = flag
        views = [view for view in self._source.views if view.root in roots]
        for view in views:
            for candidate in _candidates(self._source, package):
                if name not in candidate.ebuild.iuse_stripped:
                    continue
                for _ in range(MAX_LINES):
                    setter = self._setter(view, candidate, name, "mask" if state else "force")
                    if setter is None or not setter.fixes:
                        break
                    self._add_change(self._change(setter, package, name, roots))

    def unmask(self, text: str) -> None:
        """Lift the masks of what an atom is about.

        :raises MalformedAtomError: for text that is no atom.
        """
        atom = self._source.parse_atom(text)
        about = [
            (candidate, line)
            for candidate in _candidates(self._source, atom.package)
            for view in self._source.views
            if self._source.mismatch(view, candidate, atom, frozenset()) is None
            and (line := mask_of(self._source, view, candidate)) is not None
        ]
        lines = {line.file for _candidate, line in about}
        entry = atom.text
        if about and any(sign in entry for sign in ":["):  # no slot in a profile of EAPI 0 (PMS section 5.2)
            entry = f"={about[0][0].cpv}"
        whose = "Flatcar's own" if any(str(OVERLAY) in file for file in lines) else "Gentoo's"
        self._add_change(
            MaskChange(
                atom=entry,
                flags=(),
                file=str(BASE / "package.unmask"),
                action=MaskAction.ADD,
                to=None,
                comment=self._comment(f"Lift {whose} mask."),
            )
        )

    def provide(self, text: str, roots: Collection[Root], askers: Iterable[str]) -> None:
        """Let emerge take a package for installed.

        :raises MalformedAtomError: for what is no CPV.
        """
        atom = _versioned(self._source, text)
        useless, comment = comment_of(self._source, atom, askers)
        directory = TARGETS[Root.BOARD] if set(roots) == {Root.BOARD} and not useless else BASE
        change = ProvidedChange(
            cpv=text, file=str(directory / "package.provided"), comment=self._comment(comment)
        )
        self.texts.update(edits_of_provided(self._read, change))
        self.provided.append(change)

    def _add_change(self, change: MaskChange) -> None:
        edited = edits_of_mask(self._read, change)
        if all(self._read(file) == text for file, text in edited.items()):
            return
        self.texts.update(edited)
        self.masks.append(change)

    def _change(self, setter: Setter, package: str, flag: str, roots: Collection[Root]) -> MaskChange:
        """What to do about the line that fixes a flag."""
        file = PurePosixPath(self._source.checkout.shown(setter.path))
        narrower = TARGETS[next(iter(EVERYWHERE - set(roots)))] if len(EVERYWHERE - set(roots)) == 1 else None
        if file.is_relative_to(PROFILES) and setter.atom is not None and setter.word == flag:
            to = str(narrower / file.name) if narrower is not None and file.parent == BASE else None
            return MaskChange(
                atom=setter.atom,
                flags=(flag,),
                file=str(file),
                action=MaskAction.REMOVE if to is None else MaskAction.NARROW,
                to=to,
                comment=setter.comment,
            )
        directory = file.parent if file.is_relative_to(PROFILES) else BASE
        if directory == BASE and len(set(roots)) == 1:
            directory = TARGETS[next(iter(roots))]
        kind = "force" if file.name.endswith("force") else "mask"
        return MaskChange(
            atom=package,
            flags=lifted([flag]),
            file=str(directory / f"package.use.{kind}"),
            action=MaskAction.ADD,
            to=None,
            comment=self._comment(
                f"Let {package.partition('/')[2]} have {flag}." if kind == "mask" else f"Do not force {flag}."
            ),
        )

    def _setter(self, view: View, candidate: EbuildCandidate, flag: str, kind: str) -> Setter | None:
        return setter_of(self._source, view, candidate, flag, kind, lambda path: self._read_path(path))

    def _read_path(self, path: Path) -> str:
        known = self.texts.get(self._source.checkout.shown(path))
        return read_text(path) if known is None else known

    def _read(self, file: str) -> str:
        return self._read_path(self._top / file)

    def _comment(self, text: str) -> str:
        return with_reason(text, self._reason)


def with_reason(comment: str, reason: str | None) -> str:
    """A comment that ends with what the user gave as the reason."""
    return f"{comment} {reason}" if reason else comment


def _versioned(source: TreeSource, cpv: str) -> Atom:
    """The atom for exactly a CPV.

    :raises MalformedAtomError: for what is none.
    """
    malformed = MalformedAtomError(
        f"--provide {cpv!r} names no version of a package", hint="--provide sys-fs/udev-init-scripts-35"
    )
    if any(sign in cpv for sign in "*[:"):
        raise malformed
    try:
        return source.parse_atom(f"={cpv}")
    except MalformedAtomError:
        raise malformed from None


def _candidates(source: TreeSource, package: str) -> Iterator[EbuildCandidate]:
    """Every ebuild of a package that can be sourced, live ones left out."""
    offered: list[EbuildCandidate] = [*source.checkout_candidates(package)]
    for name in source.source_names():
        offered += source.source_candidates(name, package)
    for candidate in offered:
        if not candidate.live and candidate.sourced:
            yield candidate
