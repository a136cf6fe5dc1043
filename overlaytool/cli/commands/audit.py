"""``overlaytool audit``: what is wrong with a checkout, and what can certainly be put right."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import BoardOption, GentooOption, workspace

if TYPE_CHECKING:
    from overlaytool.model.finding import Finding
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.audit import Audited

EXIT_FOUND = 1
NEVER = "never"


class AuditFormat(StrEnum):
    """``--format``."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def audit(
    context: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Make the certain corrections commits on a branch of their own.")
    ] = False,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="Of --fix: another branch.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Of --fix: only say what it would do.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only findings of this kind; repeatable.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Exit status 1 for a finding of this kind, or of this severity and above: error"
            " (the default), warning or note; or never. Repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An earlier --format json; its findings are known and fail nothing."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="The findings as a page.")] = None,
    gentoo: GentooOption = None,
    board: BoardOption = None,
    format: Annotated[
        AuditFormat, typer.Option("--format", help="json, sarif: one document on standard output.")
    ] = AuditFormat.TEXT,
) -> None:
    """Look at the state of the checkout: what is left over, missing, dead, outdated or vulnerable."""
    from overlaytool.workflow import audit as auditing

    _check_usage(fix, branch, dry_run, report)
    _check_kinds([*(only or ()), *(kind for kind in fail_on or () if kind != NEVER)], only or ())
    with workspace(context, gentoo=gentoo, boards=board, with_sources=True if gentoo else None) as space:
        audited = auditing.audit(space, baseline=baseline, only=tuple(only or ()))
        if report:
            from overlaytool.report import output

            output.write(auditing.page(audited).encode(), report)
        _show(audited, format, report)
        if fix:
            _fix(space, audited, branch or auditing.BRANCH, dry_run, format)
    if _fails(audited.findings, fail_on or ["error"]):
        raise typer.Exit(EXIT_FOUND)


def _check_usage(fix: bool, branch: str | None, dry_run: bool, report: Path | None) -> None:
    if not fix and (branch or dry_run):
        raise typer.BadParameter("--branch and --dry-run go with --fix")
    if report and report.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter("--report writes a page: name a file that ends in .html")


def _check_kinds(asked: list[str], only: list[str] | tuple[str, ...]) -> None:
    """Refuse names that no finding has."""
    from difflib import get_close_matches

    from overlaytool.audit.run import KINDS
    from overlaytool.model.finding import Severity

    kinds = [kind.reference for kind in KINDS]
    for name in asked:
        if name in kinds or (name in Severity and name not in only):
            continue
        near = get_close_matches(name, kinds, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "the kinds are in docs/audit.md"
        raise typer.BadParameter(f"there is no kind of finding {name}; {hint}")


def _show(audited: Audited, format: AuditFormat, report: Path | None) -> None:
    from overlaytool.cli.views import audit as audit_view
    from overlaytool.workflow import audit as auditing

    if format is AuditFormat.JSON:
        console.write(audit_view.to_json(audited))
    elif format is AuditFormat.SARIF:
        console.write(json.dumps(auditing.sarif(audited), indent=2, ensure_ascii=False) + "\n")
    else:
        audit_view.show(audited)
    if report:
        console.say(f"the page is {report}")


def _fix(space: Workspace, audited: Audited, branch: str, dry_run: bool, format: AuditFormat) -> None:
    from overlaytool.cli.views import audit as audit_view
    from overlaytool.workflow import audit as auditing

    changes = auditing.fixes(space, audited)
    if not changes.steps:
        console.say("\nthere is nothing that can certainly be put right")
    elif dry_run:
        audit_view.say_fixes(changes)
    else:
        audit_view.say_fixed(auditing.fix(space, changes, branch))


def _fails(findings: tuple[Finding, ...], asked: list[str]) -> bool:
    from overlaytool.model.finding import Severity

    order = list(Severity)
    return any(
        kind == finding.reference
        or (kind in Severity and order.index(finding.severity) <= order.index(Severity(kind)))
        for finding in findings
        for kind in asked
    )
