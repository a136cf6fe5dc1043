"""The dependencies of an ebuild with their roots, and whether an ebuild satisfies an atom.

Which class is looked up in which root is PMS table 8.1: BDEPEND and IDEPEND on the build host, DEPEND,
RDEPEND and PDEPEND in the root that gets the package. Before EAPI 7 there is no BDEPEND, and emerge takes
DEPEND from the build host (from the board root too where ``--root-deps`` is given, as at 3665).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from msgspec.structs import replace
from pkgcore.ebuild import restricts
from pkgcore.ebuild.atom import atom as PkgcoreAtom
from pkgcore.package.errors import MetadataException
from pkgcore.restrictions import boolean, packages
from pkgcore.restrictions.packages import PackageRestriction

from overlaytool.ebuild.evaluate import evaluate, every_atom, parse_atom, parsed
from overlaytool.errors import MalformedAtomError
from overlaytool.model.dependency import Atom, Demand
from overlaytool.model.resolution import NO_FLAG, DepClass, Rejection, RejectionKind, Root

HOST_CLASSES = frozenset({DepClass.BDEPEND, DepClass.IDEPEND})


def with_slot(atom: Atom, old: str, new: str) -> Atom | None:
    """The same atom with another slot, where it asks for slot ``old``. Its subslot is dropped."""
    if parsed(atom).slot != old:
        return None
    head, bracket, flags = atom.text.partition("[")
    package, _, _slot = head.partition(":")
    operator = "=" if head.endswith("=") else ""
    return parse_atom(f"{package}:{new}{operator}{bracket}{flags}")


def demands(ebuild: Any, use: Collection[str], root: Root, *, root_deps: bool) -> tuple[Demand, ...]:
    """What an ebuild needs when it is merged into ``root``, strongest class first.

    :param ebuild: pkgcore's unconfigured package.
    :param use: its enabled USE flags.
    :param root_deps: whether emerge runs with ``--root-deps``.
    :raises MalformedAtomError: when a dependency string cannot be parsed.
    """
    found = []
    for dep_class in DepClass:
        if dep_class.value not in ebuild.eapi.metadata_keys:
            continue
        evaluated = evaluate(ebuild.data.get(dep_class.value, ""), use)
        if evaluated.children:
            where = _root_of(dep_class, root, ebuild, root_deps=root_deps)
            found.append(Demand(dep_class=dep_class, root=where, dependency=evaluated))
    return tuple(found)


def unreadable(ebuild: Any) -> str | None:
    """The first thing in its dependencies that is not valid, under any USE flags; None where all are."""
    try:
        for dep_class in DepClass:
            if dep_class.value in ebuild.eapi.metadata_keys:
                for _ in every_atom(ebuild.data.get(dep_class.value, "")):
                    pass
    except MalformedAtomError as error:
        return f"{dep_class.value}: {error.message}"
    except MetadataException:
        return None  # said elsewhere
    return None


def _root_of(dep_class: DepClass, root: Root, ebuild: Any, *, root_deps: bool) -> Root:
    if dep_class in HOST_CLASSES:
        return Root.HOST
    if dep_class is DepClass.DEPEND and "BDEPEND" not in ebuild.eapi.metadata_keys and not root_deps:
        return Root.HOST
    return root


def is_about(entry: Any, ebuild: Any) -> bool:
    """Whether an atom of a profile's file is about an ebuild.

    A slot in it makes pkgcore source the ebuild; one that cannot be sourced is in no slot.
    """
    try:
        return bool(entry.match(ebuild))
    except MetadataException:
        return False


def mismatch(
    atom: Atom, ebuild: Any, use: Collection[str], iuse: Collection[str], repository: str
) -> Rejection | None:
    """Why an ebuild does not satisfy an atom of its own package, or None where it does.

    :param use: the ebuild's enabled flags in the view.
    :param iuse: its IUSE_EFFECTIVE there (PMS section 11.1.1).
    """
    wanted = parsed(atom)

    def rejected(kind: RejectionKind, reason: str) -> Rejection:
        return Rejection(cpv=ebuild.cpvstr, repository=repository, kind=kind, reason=reason)

    if not version_matches(wanted, ebuild):
        return rejected(RejectionKind.VERSION, f"version, {atom} is wanted")
    if wanted.slot is not None and wanted.slot != ebuild.slot:
        return rejected(RejectionKind.SLOT, f"slot {ebuild.slot}")
    if wanted.subslot is not None and wanted.subslot != ebuild.subslot:
        return rejected(RejectionKind.SLOT, f"subslot {ebuild.subslot}")
    missing = [flag for flag, wanted in use_dependencies(atom, iuse) if (flag in use) != wanted]
    unknown = [flag for flag, wanted in unknown_flags(atom, iuse) if not wanted]
    if unknown:
        reason = f"{NO_FLAG}{', '.join(unknown)}"
        return replace(rejected(RejectionKind.USE, reason), flags=tuple(sorted(ebuild.iuse_stripped)))
    if missing:
        state = ", ".join(f"-{flag}" if flag not in use else flag for flag in missing)
        return rejected(RejectionKind.USE, f"USE is {state}")
    return None


def version_matches(wanted: PkgcoreAtom, ebuild: Any) -> bool:
    """Whether operator and version of an atom admit an ebuild (PMS section 8.3.1)."""
    if wanted.fullver is None:
        return True
    return bool(
        _version_restriction(wanted.op, wanted.version, wanted.revision, wanted.fullver).match(ebuild)
    )


@cache
def _version_restriction(operator: str, version: str, revision: Any, full_version: str) -> Any:
    if operator == "=*":
        return PackageRestriction("fullver", restricts.VersionGlobMatch(full_version))
    return restricts.VersionMatch(operator, version, revision)


def use_dependencies(atom: Atom, iuse: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """The flags of ``[flag,-other]`` that the package has, and the wanted state of each."""
    return tuple((flag, wanted) for flag, wanted, _default in _use_dependencies(atom) if flag in iuse)


def unknown_flags(atom: Atom, iuse: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """The flags that the package does not have, and whether the default ``(+)`` or ``(-)`` satisfies each."""
    return tuple(
        (flag, default is not None and default == wanted)
        for flag, wanted, default in _use_dependencies(atom)
        if flag not in iuse
    )


def _use_dependencies(atom: Atom) -> Iterable[tuple[str, bool, bool | None]]:
    """Flag, wanted state, default where the flag is missing (PMS section 8.3.4)."""
    for text in parsed(atom).use or ():
        default = {"(+)": True, "(-)": False}.get(text[-3:])
        flag = text[:-3] if default is not None else text
        yield flag.removeprefix("-"), not flag.startswith("-"), default


def required_use_violation(ebuild: Any, use: Collection[str]) -> str | None:
    """The part of REQUIRED_USE that does not hold (PMS section 7.3.4), or None."""
    required = ebuild.required_use
    if not required:
        return None
    for node in required.evaluate_depset(use):
        if not node.match(use):
            return _required_use_text(node)
    return None


def _required_use_text(node: Any) -> str:
    """A REQUIRED_USE node as an ebuild writes it."""
    operators = {
        boolean.OrRestriction: "|| ",
        boolean.JustOneRestriction: "^^ ",
        boolean.AtMostOneOfRestriction: "?? ",
        boolean.AndRestriction: "",
    }
    for kind, operator in operators.items():
        if isinstance(node, kind):
            inner = " ".join(_required_use_text(child) for child in node.restrictions)
            return f"{operator}( {inner} )"
    if isinstance(node, packages.Conditional):
        inner = " ".join(_required_use_text(child) for child in node.payload)
        return f"{_required_use_text(node.restriction)}? ( {inner} )"
    flags = " ".join(sorted(node.vals))
    return f"!{flags}" if node.negate else flags
