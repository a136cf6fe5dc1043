"""The table of a pull request: a row for each package that is copied, and why it is copied."""

from __future__ import annotations

from collections.abc import Iterable

from overlaytool.model.plan import Import
from overlaytool.model.resolution import Board, Description, package_name
from overlaytool.model.series import SeriesRecord
from overlaytool.series.message import source_name
from overlaytool.support.markdown import code, escaped, size

HEAD = ("Package", "Version", "From", "Licence", "Keywords", "USE", "Size", "Asked for by")
USE_SHOWN = 12
REASONS_SHOWN = 3


def table(record: SeriesRecord) -> str:
    """The rows in the order of the plan, dependencies first; empty where nothing is copied."""
    plan = record.plan
    if not plan.imports:
        return ""
    commits = {source.name: source.commit for source in plan.sources}
    rows = [_row(entry, commits.get(entry.source), record) for entry in plan.imports]
    lines = ["| " + " | ".join(cells) + " |" for cells in (HEAD, ("---",) * len(HEAD), *rows)]
    return "\n".join(lines) + "\n\nSize: what has to be downloaded. USE: the flags that are on.\n"


def _row(entry: Import, commit: str | None, record: SeriesRecord) -> tuple[str, ...]:
    chosen = {selected.cpv for selected in entry.selected}
    described = [
        package.about for package in record.resolution.packages if package.cpv in chosen and package.about
    ]
    return (
        code(entry.package),
        _versions(entry, len(record.plan.boards)),
        escaped(source_name(entry.source)) + (f" {commit[:10]}" if commit else ""),
        escaped(", ".join(_distinct(about.license for about in described))) or "–",
        _keywords(described, record.resolution.boards),
        _use(described),
        _download(described),
        _reasons(entry),
    )


def _versions(entry: Import, boards: int) -> str:
    """The version that emerge takes, with the boards where they differ."""
    by_version: dict[str, list[str]] = {}
    for selected in entry.selected:
        version = selected.cpv.removeprefix(package_name(selected.cpv) + "-")
        by_version.setdefault(version, []).append(selected.board)
    if len(by_version) == 1 and len(set(next(iter(by_version.values())))) == boards:
        return escaped(next(iter(by_version)))
    return ", ".join(
        f"{escaped(version)} ({', '.join(dict.fromkeys(where))})" for version, where in by_version.items()
    )


def _keywords(described: Iterable[Description], boards: Iterable[Board]) -> str:
    """What the ebuild says for the boards' arches."""
    told = []
    for about in described:
        own = {keyword.lstrip("~-"): keyword for keyword in about.keywords}
        said = [own[board.arch] for board in boards if board.arch in own]
        silent = [f"none for {board.arch}" for board in boards if board.arch not in own]
        told.append(", ".join(([code(" ".join(said))] if said else []) + silent))
    return "; ".join(_distinct(told))


def _use(described: Iterable[Description]) -> str:
    flags = sorted({flag for about in described for flag in about.use})
    if not flags:
        return "–"
    more = f" and {len(flags) - USE_SHOWN} more" if len(flags) > USE_SHOWN else ""
    return code(" ".join(flags[:USE_SHOWN])) + more


def _download(described: Iterable[Description]) -> str:
    files = {file.name: file.size for about in described for file in about.distfiles}
    return size(sum(files.values())) if files else "–"


def _reasons(entry: Import) -> str:
    """The packages that depend on it, with the dependency classes; the request first."""
    classes: dict[str | None, list[str]] = {}
    for because in sorted(entry.because, key=lambda because: because.parent is not None):
        classes.setdefault(because.parent, []).append(because.dep_class)
    reasons = [
        f"{code(parent)} ({', '.join(dict.fromkeys(asked))})" if parent else "**the request**"
        for parent, asked in classes.items()
    ]
    more = len(reasons) - REASONS_SHOWN
    return ", ".join(reasons[:REASONS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
