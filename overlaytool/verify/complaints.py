"""Portage's findings as complaints: in the words of overlaytool, tied to a step, with something to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overlaytool.model.plan import Selected
from overlaytool.model.resolution import Root, package_name
from overlaytool.model.verdict import Complaint, ComplaintKind, ViewKind
from overlaytool.verify import wording
from overlaytool.verify.steps import Steps


def read(finding: Mapping[str, Any], *, view: ViewKind, board: str | None, steps: Steps) -> Complaint:
    """A complaint from a finding of :mod:`overlaytool.verify.inside.findings`."""
    kind = ComplaintKind(finding["kind"])
    atom, cpvs, chain = finding["atom"], tuple(finding["cpvs"]), tuple(finding["chain"])
    return Complaint(
        kind=kind,
        view=view,
        board=board,
        root=Root.HOST if finding["root"] == "host" else Root.BOARD,
        atom=atom,
        cpvs=cpvs,
        rejections=tuple(map(_rejection, finding["candidates"])),
        needs=tuple(finding["needs"]),
        required_by=chain,
        message=wording.message(kind, finding, board if finding["root"] != "host" else None),
        hint=wording.hint(kind, finding, view),
        step=steps.concerned(_packages(finding), _eclass(finding)),
    )


def _packages(finding: Mapping[str, Any]) -> list[str]:
    """The packages that a finding names, nearest first."""
    named = [package_name(cpv) for cpv in finding["cpvs"]]
    if finding["atom"]:
        named.append(atom_package(finding["atom"]))
    named += [package_name(candidate["cpv"]) for candidate in finding["candidates"]]
    named += map(package_name, finding["chain"][:-1])
    named += map(atom_package, finding["chain"][-1:])
    return named


def disagreements(
    selected: Iterable[Selected], board: str | None, packages: Iterable[Sequence[str]]
) -> list[Complaint]:
    """Where a plan says that emerge takes one ebuild, and it takes another or none.

    :param board: None for the build host's own view.
    :param packages: what emerge takes: the root's name, and the CPV.
    """
    taken = {(root, cpv) for root, cpv in packages}
    found: dict[tuple[str, str], Complaint] = {}
    for one in selected:
        root = "host" if one.root is Root.HOST else "board"
        mine = one.board == board if board is not None else one.root is Root.HOST
        if not mine or (root, one.cpv) in taken:
            continue
        name = package_name(one.cpv)
        instead = sorted(cpv for place, cpv in taken if place == root and package_name(cpv) == name)
        where = f"for {board}" if one.root is Root.BOARD else "for the build host"
        found[root, one.cpv] = Complaint(
            kind=ComplaintKind.SELECTION,
            view=ViewKind.BOARD if board is not None else ViewKind.HOST,
            board=board,
            root=one.root,
            atom=f"={one.cpv}",
            cpvs=(one.cpv, *instead),
            rejections=(),
            needs=(),
            required_by=(),
            message=f"the plan selects {one.cpv} {where}, emerge takes {' '.join(instead) or 'none'}",
            hint="the plan is wrong until shown otherwise: please report it with this output",
            step=name,
        )
    return list(found.values())


def atom_package(atom: str) -> str:
    """``category/name`` of an atom (PMS section 8.3): without operator, version, slot, USE and repository."""
    text = atom.lstrip("!").partition("[")[0].partition(":")[0]
    plain = text.lstrip("<>=~")
    return package_name(plain.removesuffix("*")) if plain != text else plain


def _eclass(finding: Mapping[str, Any]) -> str | None:
    """The name in ``foo.eclass could not be found by inherit()``."""
    texts = [finding["text"], *(reason["text"] for c in finding["candidates"] for reason in c["reasons"])]
    for text in texts:
        head, found, _ = text.partition(".eclass could not be found")
        if found:
            return str(head.split()[-1]) if head.split() else None
    return None


def _rejection(candidate: Mapping[str, Any]) -> str:
    reasons = "; ".join(reason["text"] for reason in candidate["reasons"])
    name: str = f"{candidate['cpv']}::{candidate['repository']}"
    return f"{name}: {reasons}" if reasons else name
