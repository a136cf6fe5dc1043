"""Finds out from git's history whether something was added with a package, or was there before, unused.

A removal of a package leaves what was there before, unused: ``audit`` reports that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import TREES
from overlaytool.git.repository import LOG, Repository

SERIES = 60
"""Commits before a package's own among which its series is looked for."""


def came_before(
    repository: Repository,
    path: str,
    users: Iterable[str],
    uses: Callable[[str], bool],
    gone: Collection[str],
) -> bool:
    """Whether something was there before each of the packages that use it, and nobody used it then.

    :param path: of an eclass, a licence or a package's directory.
    :param users: directories of the packages that go and use it.
    :param uses: whether the text of an ebuild or eclass uses it.
    :param gone: directories that go.
    """
    return all(_before(repository, path, user, uses, gone) for user in users)


def _before(
    repository: Repository, path: str, user: str, uses: Callable[[str], bool], gone: Collection[str]
) -> bool:
    came = _arrival(repository, user)
    base = f"{came}^" if came else "HEAD"
    if repository.commit_of(base) is None or repository.tree_id(base, path) is None:
        return False
    if came and _in_series(repository, path, base):
        return False
    word = path.rpartition("/")[2].removesuffix(".eclass")
    # eclasses name packages for whoever inherits them, which may be nobody
    searched = (f"{TREES}/*.ebuild",) + ((f"{TREES}/*.eclass",) if _is_file(path) else ())
    _status, listed, _stderr = repository.attempt(
        *("grep", "-l", "-z", "-F", "-w", "-e", word, base, "--"), *searched
    )
    for name in filter(None, listed.split("\0")):
        file = name.partition(":")[2]
        if not f"{file}/".startswith(f"{path}/") and not any(
            file.startswith(f"{directory}/") for directory in gone
        ):
            text = repository.run("cat-file", "blob", f"{base}:{file}").decode("utf-8", "replace")
            if uses(text):
                return False
    return True


def _is_file(path: str) -> bool:
    """Whether a path is that of an eclass or a licence."""
    return path.split("/")[-2] in ("eclass", "licenses")


def _arrival(repository: Repository, directory: str) -> str | None:
    """The first-parent commit that added a directory; None where it is not committed yet."""
    if repository.tree_id("HEAD", directory) is None:
        return None
    added = repository.line(
        *(*LOG, "--first-parent", "--diff-merges=first-parent", "--diff-filter=A", "--no-renames"),
        *("--format=%H", "--", directory),
    ).split()
    for commit in added:
        if repository.tree_id(f"{commit}^", directory) is None:
            return commit
    return added[-1] if added else None


def _in_series(repository: Repository, path: str, base: str) -> bool:
    """Whether a commit of its own brought the file shortly before, as a series does it."""
    commit = repository.line(
        *(*LOG, "--first-parent", "--diff-merges=first-parent", "--diff-filter=A", "--no-renames"),
        *("-n", "1", "--format=%H", base, "--", path),
    )
    if not commit:
        return False
    status, between, _stderr = repository.attempt(
        "rev-list", "--count", "--first-parent", f"{commit}..{base}"
    )
    if status or int(between) > SERIES:
        return False
    names = repository.line("diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-m", commit)
    return all(f"{name}/".startswith(f"{path}/") or name == PACKAGES_LIST for name in names.splitlines())
