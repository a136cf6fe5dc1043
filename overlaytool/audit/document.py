"""Findings as documents: overlaytool's own JSON, and SARIF 2.1.0 for what shows findings beside code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from overlaytool.model.finding import Finding, Severity

SCHEMA = 1
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
INFORMATION = "https://github.com/flatcar/scripts"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def to_data(findings: Iterable[Finding]) -> dict[str, Any]:
    """``{"schema", "findings": [{"reference", "severity", "subject", "file", "line", "message", …}]}``."""
    return {"schema": SCHEMA, "findings": [_entry(finding) for finding in findings]}


def _entry(finding: Finding) -> dict[str, Any]:
    return {
        "reference": finding.reference,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "why": finding.why,
        "hint": finding.hint,
        "fixable": finding.fixable,
    }


def to_sarif(findings: Sequence[Finding], kinds: Iterable[type[Finding]], version: str) -> dict[str, Any]:
    """One run with a rule for each kind, whether or not anything was found of it.

    Findings that are about no file are shown at the top of the checkout, since GitHub wants a place.
    """
    rules = [_rule(kind) for kind in kinds]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "overlaytool", "version": version, "informationUri": INFORMATION, "rules": rules}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, index[finding.reference]) for finding in findings],
            }
        ],
    }


def _rule(kind: type[Finding]) -> dict[str, Any]:
    said = " ".join((kind.__doc__ or "").split())
    return {
        "id": kind.reference,
        "name": kind.__name__,
        "shortDescription": {"text": said},
        "fullDescription": {"text": kind.why},
        "help": {"text": f"What to do: {kind.hint}."},
        "defaultConfiguration": {"level": LEVELS[kind.severity]},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file or "."), "uriBaseId": "%SRCROOT%"}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.reference,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. What to do: {finding.hint}."},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"identity/v1": "|".join(finding.identity)},
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path, errors="surrogateescape")
