"""Compares copies with the commit that a series cites, by object id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from overlaytool.apply.render import GENTOO, REPOSITORIES
from overlaytool.errors import StaleError
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.git.repository import Repository
from overlaytool.model.plan import Plan


def check(repository: Repository, tree: str, plan: Plan, sources: Mapping[str, Path]) -> None:
    """Compare everything that was copied with the cited commits, byte for byte, names and modes included.

    :param tree: the last tree of the series, in hex.
    :raises StaleError: for a source whose files are not those of its commit: edited, ignored, converted.
    """
    for source in plan.sources:
        copies = tuple(_copies(plan, source.name))
        if source.commit is None or not copies:
            continue
        origin = Repository.open(sources[source.name])
        inside = sources[source.name].resolve().relative_to(origin.top.resolve()).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        differing = [
            name
            for path, copy in copies
            for name in _differing(
                origin, f"{source.commit}:{prefix}{path}", repository, f"{tree}:{copy}", path
            )
        ]
        if differing:
            raise StaleError(
                f"{source.name} has files that are not those of its commit {source.commit[:12]}",
                details=tuple(differing),
                hint=f"the series cites that commit; look with git -C {origin.top} status --ignored",
            )


def _copies(plan: Plan, source: str) -> Iterator[tuple[str, str]]:
    """Path in the source and path in the checkout of everything that is copied from it."""
    for package in plan.imports:
        if package.source == source:
            yield package.package, f"{REPOSITORIES[package.repository]}/{package.package}"
    where = PORTAGE_STABLE if source == GENTOO else OVERLAY
    for eclass in plan.eclasses:
        if eclass.source == source:
            yield f"eclass/{eclass.name}.eclass", f"{where}/eclass/{eclass.name}.eclass"
    for entry in plan.licenses:
        if entry.source == source:
            yield f"licenses/{entry.name}", f"{where}/licenses/{entry.name}"


def _differing(
    origin: Repository, cited: str, repository: Repository, copied: str, path: str
) -> tuple[str, ...]:
    """Paths in the source that the commit and the copy do not have in common."""
    names = tuple(
        one.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", revision)[1].strip()
        for one, revision in ((origin, cited), (repository, copied))
    )
    if names[0] == names[1]:
        return ()
    ours, theirs = _files(origin, names[0]), _files(repository, names[1])
    below = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    return tuple(f"{path}/{name}" for name in below) or (path,)


def _files(repository: Repository, name: str) -> dict[str, str]:
    """Path to mode and name of every file below a tree; empty for a file, or nothing."""
    status, listed, _ = repository.attempt("ls-tree", "-r", "-z", name) if name else (1, "", "")
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {} if status else {path: state for state, _, path in entries}
