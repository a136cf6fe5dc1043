"""Every check, one after the other, and every kind that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from overlaytool.audit import (
    advisories,
    automation,
    behind,
    changelog,
    copies,
    dependencies,
    eclasses,
    hooks,
    keywords,
    licenses,
    masks,
    provided,
    reachable,
    repositories,
    shapes,
    use,
    versions,
)
from overlaytool.audit.state import State
from overlaytool.model.finding import Finding, Severity
from overlaytool.progress import Progress

type Check = Callable[[State], Iterator[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("directories", shapes.check),
    ("repositories", repositories.check),
    ("automation list", automation.check),
    ("keywords", keywords.check),
    ("USE flags", use.check),
    ("masks", masks.check),
    ("package.provided", provided.check),
    ("hooks and patches", hooks.check),
    ("eclasses", eclasses.check),
    ("licences", licenses.check),
    ("changelog", changelog.check),
    ("dependencies", dependencies.check),
    ("what is needed", reachable.check),
    ("versions", versions.check),
    ("advisories", advisories.check),
    ("copies", copies.check),
    ("the Gentoo tree", behind.check),
)
"""What is looked at, in the order of the report."""

KINDS: tuple[type[Finding], ...] = (
    shapes.StrayInCategory,
    shapes.NoEbuild,
    shapes.WrongEbuildName,
    shapes.UnknownCategory,
    shapes.NoManifest,
    shapes.NoMetadata,
    repositories.InTwoRepositories,
    repositories.FormerName,
    automation.ListedWithoutPackage,
    automation.PackageWithoutEntry,
    automation.ListedTwice,
    keywords.KeywordForNothing,
    keywords.KeywordNotNeeded,
    keywords.KeywordForOneArch,
    keywords.KeywordTwice,
    use.UseForNothing,
    use.FlagNotThere,
    use.FlagOfOtherVersion,
    masks.MaskForNothing,
    masks.UnmaskForNothing,
    masks.EntryNotReadable,
    provided.ProvidedBesideEbuilds,
    provided.ProvidedBesideNewer,
    provided.ProvidedUnused,
    provided.ProvidedNotReadable,
    hooks.HookForNothing,
    hooks.PatchesForNothing,
    eclasses.DeadEclass,
    licenses.DeadLicense,
    changelog.ChangelogName,
    dependencies.UnsatisfiedDependency,
    dependencies.SlotClash,
    reachable.UnreachablePackage,
    versions.VersionsOfBoards,
    versions.VersionsOfSdk,
    advisories.AdvisoryApplies,
    advisories.AdvisoryOutsideImage,
    advisories.StaleException,
    advisories.UnreadableAdvisory,
    copies.EditedCopy,
    copies.NotAsCited,
    behind.GoneFromGentoo,
    behind.BehindGentoo,
)
"""Every kind of finding, in the order of the documents."""

_GRAVITY = tuple(Severity)


def audit(state: State, progress: Progress) -> tuple[Finding, ...]:
    """All findings: the gravest first, then by kind, file and line."""
    found: list[Finding] = []
    with progress.task("resolving everything"):
        _ = state.everything  # at once, and first: what the checks source one by one takes longer
    with progress.task("auditing", total=len(CHECKS)) as task:
        for title, check in CHECKS:
            task.describe(f"auditing {title}")
            found += check(state)
            task.advance()
    order = {kind: number for number, kind in enumerate(KINDS)}
    return tuple(
        sorted(
            found,
            key=lambda finding: (
                _GRAVITY.index(finding.severity),
                order[type(finding)],
                finding.file or "",
                finding.line or 0,
                finding.subject,
            ),
        )
    )
