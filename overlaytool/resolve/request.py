"""What a user typed, turned into atoms that the trees know."""

from __future__ import annotations

from difflib import get_close_matches

from overlaytool.errors import AmbiguousPackageError, MalformedAtomError, UnknownPackageError
from overlaytool.flatcar.targets import facts
from overlaytool.model.dependency import Atom, Candidate, View
from overlaytool.model.resolution import Request
from overlaytool.resolve.naming import as_atom, meant
from overlaytool.resolve.provider import PackageSource, everywhere

SUGGESTIONS = 5


def interpret[C: Candidate](
    request: Request, source: PackageSource[C]
) -> tuple[tuple[tuple[View, Atom], ...], frozenset[str]]:
    """The atoms of a request in every view that they are for, and the CPVs that it names by version.

    :raises MalformedAtomError, UnknownPackageError, AmbiguousPackageError: see :func:`known_atom`.
    """
    views = tuple(view for view in source.views if view.root is facts(request.into).root)
    atoms = tuple(dict.fromkeys(known_atom(text, source) for text in request.atoms))
    named = frozenset(
        candidate.cpv
        for atom in atoms
        if _names_a_version(atom)
        for candidates in everywhere(atom.package, source)
        for candidate in candidates
        if source.admits(candidate, atom)
    )
    return tuple((view, atom) for atom in atoms for view in views), named


def _names_a_version(atom: Atom) -> bool:
    """Whether an atom is for one version, with any revision at most: ``=cat/pn-3*`` is not."""
    head = atom.text.partition("[")[0].partition(":")[0]
    return head.startswith(("=", "~")) and not head.endswith("*")


def known_atom[C: Candidate](text: str, source: PackageSource[C]) -> Atom:
    """A typed atom: its category filled in, its package found, a move of its package followed.

    :raises MalformedAtomError: for text that is no atom.
    :raises UnknownPackageError: for a package that no tree has; the nearest names are offered.
    :raises AmbiguousPackageError: for a name that stands for several packages.
    """
    atom = source.parse_atom(_qualified(as_atom(text.strip()), source))
    if atom.blocks:
        raise MalformedAtomError(f"{text!r} is a blocker and cannot be added")
    if any(everywhere(atom.package, source)):
        return atom
    moved = source.moved(atom.package)
    if moved and any(everywhere(moved, source)):
        return source.renamed(atom, moved)
    raise _unknown(atom.package, source)


def _qualified[C: Candidate](text: str, source: PackageSource[C]) -> str:
    """The text with a category: where it has none, that of the only package of that name."""
    if "/" in text.partition("[")[0].partition(":")[0]:
        return text
    try:
        probe = source.parse_atom(_with_category(text, "any-category"))
    except MalformedAtomError as error:  # it names what nobody has typed
        raise MalformedAtomError(f"{text!r} is no package", hint=error.hint) from None
    name = probe.package.partition("/")[2]
    packages = meant(source.packages_named(name))
    if len(packages) > 1:
        raise AmbiguousPackageError(
            f"{name} is the name of {len(packages)} packages",
            details=packages,
            hint="write the category too",
            typed=text,
            choices=tuple(_with_category(text, package.partition("/")[0]) for package in packages),
        )
    if not packages:
        raise _unknown(name, source)
    return _with_category(text, packages[0].partition("/")[0])


def _with_category(text: str, category: str) -> str:
    operator_end = len(text) - len(text.lstrip("!<>=~"))
    return f"{text[:operator_end]}{category}/{text[operator_end:]}"


def _unknown[C: Candidate](package: str, source: PackageSource[C]) -> UnknownPackageError:
    name = package.rpartition("/")[2]
    known = sorted(source.all_packages())
    by_name: dict[str, list[str]] = {}
    for other in known:
        by_name.setdefault(other.partition("/")[2], []).append(other)
    near = [other for other in known if other.casefold() == package.casefold()]
    near += [full for same in by_name if same.casefold() == name.casefold() for full in by_name[same]]
    near += [full for close in get_close_matches(name, by_name, n=SUGGESTIONS) for full in by_name[close]]
    near += get_close_matches(package, known, n=SUGGESTIONS, cutoff=0.8)
    offered = tuple(dict.fromkeys(near))[:SUGGESTIONS]
    trees = ", ".join(["the checkout", *source.source_names()])
    return UnknownPackageError(
        f"no package {package}",
        details=(
            f"looked in {trees}",
            *(("did you mean:", *(f"  {name}" for name in offered)) if offered else ()),
        ),
        hint=None if offered else "is the Gentoo tree fresh? overlaytool sync",
    )
