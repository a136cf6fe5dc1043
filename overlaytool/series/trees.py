"""Writes a change set as git trees: only blobs and trees are written to the object store.

git removes objects without a reference by itself, so this may be interrupted anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from overlaytool.errors import GitError, StaleError
from overlaytool.git.repository import QUIET, Repository
from overlaytool.model.change import ChangeSet, FileState, Step
from overlaytool.support.scratch import scratch


def write_trees(repository: Repository, change_set: ChangeSet, base: str) -> tuple[str, ...]:
    """The tree after each step, in hex, on top of the files of the commit ``base``.

    :raises StaleError: when the change set was not made from that commit.
    :raises GitError: when a path lies in a submodule, or git cannot write.
    """
    _check_base(repository, change_set, base)
    with scratch() as place:
        blobs = _write_blobs(repository, change_set, Path(place))
        environment = {"GIT_INDEX_FILE": f"{place}/index"}
        repository.run(*QUIET, "read-tree", base, environment=environment)
        trees = []
        for step in change_set.steps:
            entries = b"".join(_index_entries(step, blobs, absent="0" * len(base)))
            repository.run(
                *QUIET, "update-index", "-z", "--index-info", stdin=entries, environment=environment
            )
            trees.append(repository.line(*QUIET, "write-tree", environment=environment))
    return tuple(trees)


def _check_base(repository: Repository, change_set: ChangeSet, base: str) -> None:
    tree = repository.tree(base)
    for change in change_set.net:
        submodule = tree.submodule(change.path)
        if submodule:
            raise GitError(
                f"{submodule} is a submodule at {base[:12]}: a series cannot change files in it",
                hint="start from a commit that has the files themselves (alpha-3665.0.0 or later)",
            )
        if tree.read(change.path) != change.before:
            raise StaleError(
                f"{change.path} is not the file that the plan was made from",
                details=(f"the series starts from commit {base}",),
                hint="plan again on that commit",
            )


def _write_blobs(repository: Repository, change_set: ChangeSet, place: Path) -> dict[bytes, str]:
    """Write every content that a step leaves, byte for byte, in one process; its names in hex."""
    contents = list(
        dict.fromkeys(
            change.after.content for step in change_set.steps for change in step.changes if change.after
        )
    )
    if not contents:
        return {}
    directory = place / "blobs"
    directory.mkdir()
    paths = [directory / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    names = repository.run(
        *("hash-object", "-w", "--no-filters", "--stdin-paths"),
        stdin="".join(f"{path}\n" for path in paths).encode(),
    )
    return dict(zip(contents, names.decode("ascii").split(), strict=True))


def _index_entries(step: Step, blobs: dict[bytes, str], absent: str) -> Iterator[bytes]:
    """Lines for ``update-index --index-info``; removals first, so that a file may become a directory."""
    for change in sorted(step.changes, key=lambda change: change.after is not None):
        yield _index_entry(change.path, change.after, blobs, absent)


def _index_entry(path: str, after: FileState | None, blobs: dict[bytes, str], absent: str) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    if after is None:
        return f"0 {absent}\t".encode() + name + b"\0"
    return f"{after.mode:o} {blobs[after.content]}\t".encode() + name + b"\0"
