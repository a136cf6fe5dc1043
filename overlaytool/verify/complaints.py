"""Portage's findings as complaints: in the words of overlaytool, tied to a step, with something to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from overlaytool.model import Complaint, ComplaintKind, Plan, Root, ViewKind, package_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of a plan, as far as a complaint can concern them."""

    packages: frozenset[str] = frozenset()
    """``category/name`` of what is imported."""
    eclasses: frozenset[str] = frozenset()
    metapackage: str | None = None

    @classmethod
    def of(cls, plan: Plan | None) -> Steps:
        """The steps that a plan will have."""
        if plan is None:
            return cls()
        return cls(
            packages=frozenset(entry.package for entry in plan.imports),
            eclasses=frozenset(entry.name for entry in plan.eclasses),
            metapackage="/".join(plan.metapackage.file.split("/")[-3:-1]) if plan.metapackage else None,
        )

    def concerned(self, packages: Iterable[str], eclass: str | None) -> str | None:
        """The subject of the first step that has to do with one of these packages, nearest first."""
        if eclass in self.eclasses:
            return f"eclass/{eclass}"
        for package in packages:
            if package in self.packages or package == self.metapackage:
                return package
        return None


def read(
    finding: Mapping[str, Any], *, view: ViewKind, board: str | None, steps: Steps
) -> Complaint:
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
        message=_message(kind, finding, board if finding["root"] != "host" else None),
        hint=_hint(kind, finding, view),
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
    name = f"{candidate['cpv']}::{candidate['repository']}"
    return f"{name}: {reasons}" if reasons else name


def _message(kind: ComplaintKind, finding: Mapping[str, Any], board: str | None) -> str:
    """One line that says what is wrong."""
    atom, cpvs, text = finding["atom"], finding["cpvs"], finding["text"]
    needs, first = " ".join(finding["needs"]), cpvs[0] if cpvs else finding["atom"]
    where = f"for {board}" if board else "for the build host"
    match kind:
        case ComplaintKind.NO_EBUILD:
            return f"no ebuild {where} satisfies {atom}"
        case ComplaintKind.MASKED if cpvs:
            return f"{first} is masked {where} by {text or 'package.mask'}"
        case ComplaintKind.KEYWORD if cpvs:
            return f"{first} is not keyworded {where}: it needs {needs}"
        case ComplaintKind.LICENSE if cpvs:
            return f"the licence of {first} is not accepted {where}: {needs}"
        case ComplaintKind.USE if cpvs:
            return f"{first} needs USE={needs} {where}, since {atom} is asked for"
        case ComplaintKind.REQUIRED_USE if cpvs:
            return f"REQUIRED_USE of {first} does not hold {where}: {text}"
        case ComplaintKind.SLOT_CONFLICT:
            return f"one slot, {len(cpvs)} packages {where}: {' and '.join(cpvs)}"
        case ComplaintKind.BLOCKER:
            return f"{first} blocks {', '.join(cpvs[1:]) or atom} {where} ({atom})"
        case ComplaintKind.ECLASS if cpvs:
            return f"{first}: {text}"
        case ComplaintKind.EBUILD if cpvs:
            return f"{first} cannot be sourced: {text}"
        case ComplaintKind.CIRCULAR:
            return f"nothing can be built first of {' -> '.join([*cpvs, cpvs[0]])}"
        case ComplaintKind.PORTAGE:
            return text
        case _:
            return f"every ebuild {where} that could satisfy {atom} is passed over"


def _hint(kind: ComplaintKind, finding: Mapping[str, Any], view: ViewKind) -> str:
    """What to do about it."""
    atom, cpvs = finding["atom"] or "", finding["cpvs"]
    needs = " ".join(finding["needs"])
    if view is ViewKind.PRODUCTION:
        return _production_hint(finding)
    match kind:
        case ComplaintKind.NO_EBUILD:
            return f"overlaytool add '{atom}' imports it, where a tree has it"
        case ComplaintKind.MASKED:
            return "take another version, or unmask it in profiles/coreos/base/package.unmask with a reason"
        case ComplaintKind.KEYWORD:
            line = f"={cpvs[0]} {needs}" if cpvs else f"{atom} ~arch"
            return f"a line for profiles/coreos/base/package.accept_keywords: {line}"
        case ComplaintKind.LICENSE:
            return f"a licence for ACCEPT_LICENSE in profiles/coreos/base/make.defaults: {needs or 'see above'}"
        case ComplaintKind.USE:
            flags = f": {package_name(cpvs[0])} {needs}" if cpvs else ""
            return f"a line for package.use of the profile{flags}"
        case ComplaintKind.REQUIRED_USE:
            return "set the flags so that it holds, in package.use of the profile"
        case ComplaintKind.SLOT_CONFLICT:
            return "update the package that asks for the old version, or hold the new one back"
        case ComplaintKind.BLOCKER:
            return "only one of them can be installed: leave one out, or turn off the USE flag that pulls it in"
        case ComplaintKind.ECLASS:
            return "import the eclass from Gentoo into portage-stable/eclass"
        case ComplaintKind.EBUILD:
            return "compare the ebuild and its eclasses with Gentoo's; the eclass may be older than the ebuild wants"
        case ComplaintKind.EAPI:
            return "a newer Portage: pip install --upgrade portage; and the SDK has to have it, too"
        case ComplaintKind.CIRCULAR:
            return "turn off the USE flag that closes the cycle, at least for the first build"
        case ComplaintKind.CONFLICT:
            return "look at what else in this report asks for the same package"
        case ComplaintKind.PORTAGE:
            return "overlaytool -v verify shows Portage's own output"


def _production_hint(finding: Mapping[str, Any]) -> str:
    asks = finding["chain"][0] if finding["chain"] else "the package that asks"
    return (
        f"build_image would fail: keep it out of {asks} with a USE flag, "
        "enter it in package.provided, or put the request into a sysext (--into board)"
    )
