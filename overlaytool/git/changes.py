"""What differs between two commits: paths, diffs, subjects; and a search in a commit's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from overlaytool.errors import GitError
from overlaytool.git.repository import LOG, Repository


class Range(Struct, frozen=True, kw_only=True):
    """Two commits, in hex."""

    base: str
    tip: str


class Match(Struct, frozen=True, kw_only=True):
    """A line of a file of a commit."""

    file: str
    line: int
    text: str


def parse_range(repository: Repository, text: str) -> Range:
    """``BASE..TIP``; ``BASE...TIP`` and ``TIP`` alone start where the branch left BASE (HEAD).

    :raises GitError: where a commit is not there, or the two have no common history.
    """
    for separator in ("...", ".."):
        base, found, tip = text.partition(separator)
        if found:
            break
    if not found:
        base, separator, tip = "HEAD", "...", text
    ends = Range(base=_commit(repository, base or "HEAD"), tip=_commit(repository, tip or "HEAD"))
    if separator == "..":
        return ends
    status, common, _ = repository.attempt("merge-base", ends.base, ends.tip)
    if status:
        raise GitError(
            f"{base or 'HEAD'} and {tip} have no common commit",
            hint="a shallow clone may lack it: git fetch --unshallow, or name two commits with ..",
        )
    return Range(base=common.strip(), tip=ends.tip)


def _commit(repository: Repository, name: str) -> str:
    commit = repository.commit_of(name)
    if commit is None:
        raise GitError(
            f"{repository.top} has no commit {name}",
            hint="git fetch origin pull/NUMBER/head fetches a pull request; FETCH_HEAD names it then",
        )
    return commit


def changed_paths(repository: Repository, ends: Range) -> tuple[tuple[str, str], ...]:
    """Status (``A``, ``D``, ``M``, ``T``) and path of everything that differs, sorted by path."""
    output = repository.run("diff-tree", "-r", "-z", "--name-status", "--no-renames", ends.base, ends.tip)
    words = output.decode("utf-8", "surrogateescape").split("\0")
    return tuple(zip(words[::2], words[1::2], strict=False))


def subjects(repository: Repository, ends: Range) -> tuple[str, ...]:
    """The subjects of the commits that only the tip has, oldest first, without merges."""
    output = repository.run(*LOG, "--no-merges", "--reverse", "--format=%s", f"{ends.base}..{ends.tip}")
    return tuple(output.decode("utf-8", "replace").splitlines())


def diff(repository: Repository, ends: Range, paths: Sequence[str]) -> str:
    """The unified diff of some paths."""
    output = repository.run(
        *("diff", "--no-ext-diff", "--no-textconv", "--no-color", ends.base, ends.tip, "--"),
        *(f":(literal){path}" for path in paths),
    )
    return output.decode("utf-8", "replace")


def search(
    repository: Repository, commit: str, texts: Sequence[str], *, without: Sequence[str]
) -> Iterator[Match]:
    """The lines of a commit that hold one of some texts.

    :param without: directories and files that are not looked into.
    """
    if not texts:
        return
    status, output, _ = repository.attempt(
        *("grep", "-I", "-n", "-z", "--full-name", "--no-color", "-F"),
        *(word for text in texts for word in ("-e", text)),
        *(commit, "--", ":/", *(f":(exclude,top,literal){path}" for path in without)),
    )
    if status:
        return
    for entry in output.split("\n"):
        file, _, rest = entry.partition("\0")
        number, _, text = rest.partition("\0")
        if number.isdigit():
            yield Match(file=file.removeprefix(f"{commit}:"), line=int(number), text=text.strip())


def files(repository: Repository, commit: str, directory: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file directly in a directory of a commit, by name."""
    status, listed, _ = repository.attempt("ls-tree", "-z", f"{commit}:{directory}")
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry] if not status else []
    blobs = [(name, words[2]) for head, _, name in entries if (words := head.split())[1] == "blob"]
    if not blobs:
        return
    wanted = "".join(f"{blob}\n" for _name, blob in blobs).encode()
    output = memoryview(repository.run("cat-file", "--batch", "--buffer", stdin=wanted))
    place = 0
    for name, _blob in blobs:
        end = place + bytes(output[place : place + 200]).index(b"\n")
        size = int(bytes(output[place:end]).split()[2])
        yield name, bytes(output[end + 1 : end + 1 + size])
        place = end + 1 + size + 1
