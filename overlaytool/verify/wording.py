"""The words of complaints: what is wrong in one line, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overlaytool.model.resolution import package_name
from overlaytool.model.verdict import ComplaintKind, ViewKind

NO_PARTY = "every ebuild {where} that could satisfy {atom} is passed over"
MESSAGES: Mapping[ComplaintKind, str] = {
    ComplaintKind.MASKED: "{first} is masked {where} by {text}",
    ComplaintKind.KEYWORD: "{first} is not keyworded {where}: it needs {needs}",
    ComplaintKind.LICENSE: "the licence of {first} is not accepted {where}: {needs}",
    ComplaintKind.USE: "{first} needs USE={needs} {where}, since {atom} is asked for",
    ComplaintKind.REQUIRED_USE: "REQUIRED_USE of {first} does not hold {where}: {text}",
    ComplaintKind.SLOT_CONFLICT: "one slot and several packages for it {where}: {parties}",
    ComplaintKind.BLOCKER: "{first} blocks {others} {where} ({atom})",
    ComplaintKind.ECLASS: "{first}: {text}",
    ComplaintKind.EBUILD: "{first} cannot be sourced: {text}",
    ComplaintKind.CIRCULAR: "nothing of this can be built first: {cycle}",
}
"""For findings that name an ebuild; the others are about an atom."""
MESSAGES_WITHOUT: Mapping[ComplaintKind, str] = {
    ComplaintKind.NO_EBUILD: "no ebuild {where} satisfies {atom}",
    ComplaintKind.PORTAGE: "{text}",
}
HINTS: Mapping[ComplaintKind, str] = {
    ComplaintKind.NO_EBUILD: "overlaytool add '{atom}' imports it, where a tree has it",
    ComplaintKind.MASKED: "take another version, or unmask it in package.unmask of the profile and say why",
    ComplaintKind.KEYWORD: "a line for profiles/coreos/base/package.accept_keywords: ={first} {needs}",
    ComplaintKind.LICENSE: "add {needs} to ACCEPT_LICENSE in profiles/coreos/base/make.defaults",
    ComplaintKind.USE: "a line for package.use of the profile: {name} {needs}",
    ComplaintKind.REQUIRED_USE: "set the flags so that it holds, in package.use of the profile: {name} ...",
    ComplaintKind.SLOT_CONFLICT: "update the package that asks for the old version, or hold the new one back",
    ComplaintKind.BLOCKER: "leave one of them out, or turn off the USE flag that pulls it in",
    ComplaintKind.ECLASS: "import the eclass from Gentoo into portage-stable/eclass",
    ComplaintKind.EBUILD: "compare the ebuild and its eclasses with Gentoo: one may be newer",
    ComplaintKind.EAPI: "pip install --upgrade portage; the SDK's Portage has to know the EAPI, too",
    ComplaintKind.CIRCULAR: "turn off the USE flag that closes the cycle, at least for the first build",
    ComplaintKind.CONFLICT: "look at what else in this report asks for the same package",
    ComplaintKind.PORTAGE: "these are Portage's own words; emerge in the SDK would say the same",
}
PRODUCTION_HINT = (
    "build_image would fail: keep it out of {asks} with a USE flag, enter it in package.provided, "
    "or put the request into a sysext (--into board)"
)


def message(kind: ComplaintKind, finding: Mapping[str, Any], board: str | None) -> str:
    """One line that says what is wrong.

    :param finding: see :mod:`overlaytool.verify.inside.findings`.
    :param board: where the package would be merged; None for the build host.
    """
    template = MESSAGES_WITHOUT.get(kind) or (MESSAGES.get(kind) if finding["cpvs"] else None) or NO_PARTY
    return template.format(**_words(finding, board))


def hint(kind: ComplaintKind, finding: Mapping[str, Any], view: ViewKind) -> str:
    """What to do about it."""
    template = PRODUCTION_HINT if view is ViewKind.PRODUCTION else HINTS[kind]
    return template.format(**_words(finding, None))


def _words(finding: Mapping[str, Any], board: str | None) -> dict[str, str]:
    cpvs, chain, atom = finding["cpvs"], finding["chain"], finding["atom"] or ""
    first = cpvs[0] if cpvs else finding["candidates"][0]["cpv"] if finding["candidates"] else atom
    return {
        "atom": atom,
        "first": first,
        "name": package_name(first),
        "others": ", ".join(cpvs[1:]) or atom,
        "parties": ", ".join(cpvs),
        "cycle": " -> ".join([*cpvs, first]),
        "needs": " ".join(finding["needs"]) or "what is said above",
        "text": finding["text"] or "the profile",
        "asks": chain[0] if chain else "what asks for it",
        "where": f"for {board}" if board else "for the build host",
    }
