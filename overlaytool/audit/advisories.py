"""Security advisories that apply to what is built, and exceptions that nothing needs any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from overlaytool.audit.state import State
from overlaytool.model.advisory import Hit
from overlaytool.model.finding import CutLine, Edit, Finding, Severity


class AdvisoryApplies(Finding, frozen=True, kw_only=True):
    """A GLSA that applies to the image or the board root, and that GLSA_ALLOWLIST does not name."""

    reference = "advisory-applies"
    severity = Severity.ERROR
    about = "security"
    why = "build_packages and build_image run glsa-check and fail on it: no image comes out."
    hint = "update the package; where it is no danger here, add the id to GLSA_ALLOWLIST with the reason"

    cpv: str
    title: str
    where: str
    references: tuple[str, ...]

    @property
    def message(self) -> str:
        return _message(self.subject, self.title, self.cpv, self.where, self.references)


class AdvisoryOutsideImage(Finding, frozen=True, kw_only=True):
    """A GLSA that applies to the SDK, a system extension or an OEM, which the build does not check."""

    reference = "advisory-outside-image"
    severity = Severity.WARNING
    about = "security"
    why = "The build's own check looks at the board root only. Users install system extensions all the same."
    hint = "update the package"

    cpv: str
    title: str
    where: str
    references: tuple[str, ...]

    @property
    def message(self) -> str:
        return _message(self.subject, self.title, self.cpv, self.where, self.references)


class StaleException(Finding, frozen=True, kw_only=True):
    """An id in GLSA_ALLOWLIST whose advisory applies to nothing that the build checks."""

    reference = "stale-advisory-exception"
    severity = Severity.WARNING
    about = "security"
    why = (
        "The build would stay silent if the advisory came to apply again, by a downgrade or another package."
    )
    hint = "take the line out of GLSA_ALLOWLIST"

    text: str
    alone: bool
    """Whether nothing else stands on its line."""

    @property
    def message(self) -> str:
        return f"GLSA_ALLOWLIST lets {self.subject} pass, which applies to nothing any more"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (CutLine(self.file or "", self.line or 0, self.text),) if self.alone else ()

    @property
    def commit_subject(self) -> str:
        return f"build_library: Drop GLSA {self.subject} from the exceptions"


class UnreadableAdvisory(Finding, frozen=True, kw_only=True):
    """A GLSA that is no such document."""

    reference = "unreadable-advisory"
    severity = Severity.ERROR
    about = "security"
    why = "Nobody is told what it says: glsa-check passes over it as well."
    hint = "sync metadata/glsa again"

    reason: str

    @property
    def message(self) -> str:
        return f"{self.subject} cannot be read: {self.reason}"


def check(state: State) -> Iterator[Finding]:
    """Every advisory of the tree."""
    advised = state.advised
    for hit in advised.hits:
        common = _common(hit)
        if not hit.gate:
            yield AdvisoryOutsideImage(**common)
        elif not hit.allowed:
            yield AdvisoryApplies(**common)
    for name, line, text in advised.lines:
        if name in advised.stale:
            words = text.partition("#")[0].split()
            yield StaleException(
                subject=name, file=advised.allowlist_file, line=line, text=text, alone=words == [name]
            )
    for file, reason in advised.unreadable:
        yield UnreadableAdvisory(subject=file.rpartition("/")[2], file=file, reason=reason)


def _common(hit: Hit) -> dict[str, Any]:
    targets = ", ".join(hit.targets[:4]) + (
        f" and {len(hit.targets) - 4} more" if len(hit.targets) > 4 else ""
    )
    return {
        "subject": f"GLSA {hit.advisory.id}",
        "file": hit.advisory.file,
        "cpv": hit.cpv,
        "title": hit.advisory.title,
        "where": f"{targets} on {', '.join(hit.views)}",
        "references": hit.advisory.references,
    }


def _message(subject: str, title: str, cpv: str, where: str, references: tuple[str, ...]) -> str:
    cited = f" ({', '.join(references[:4])}{', …' if len(references) > 4 else ''})" if references else ""
    return f"{subject}, {title}{cited}, applies to {cpv} for {where}"
