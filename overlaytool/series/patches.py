"""A series as files: patches that ``git am`` applies to the identical tree, and one diff of it all."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from overlaytool.errors import OutputError
from overlaytool.git.repository import Repository
from overlaytool.model.series import Series

DIFF = "series.diff"
LIST = "series"
"""The patches' names in order, as quilt has them; it also says which files an earlier run wrote."""

_PATCH = re.compile(r"\d{4}-.*\.patch")
_CARRIAGE_RETURN = b"\r"

PLAIN_DIFF = (
    *("--binary", "--full-index", "--find-renames", "--unified=3", "--inter-hunk-context=0"),
    *("--diff-algorithm=default", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "-O/dev/null"),
    *("--no-color", "--no-ext-diff", "--no-textconv"),
)
FORMAT_PATCH = (
    *("-c", "format.pretty=email"),
    *("-c", "format.useAutoBase=false"),
    *("-c", "format.mboxrd=false"),
    *("-c", "format.from=false"),
    *("-c", "diff.suppressBlankEmpty=false"),
    *("-c", "core.quotePath=true"),
    *("-c", "log.showSignature=false"),
    "format-patch",
    *(
        "--quiet",
        "--numbered",
        "--suffix=.patch",
        "--subject-prefix=PATCH",
        "--no-thread",
        "--no-cover-letter",
    ),
    *("--no-signature", "--no-notes", "--no-to", "--no-cc", "--no-stat", "--no-signoff", "--no-attach"),
    *PLAIN_DIFF,
)
"""Whatever the user has set for mail of their own."""


def write(repository: Repository, series: Series, directory: Path) -> tuple[Path, ...]:
    """Write ``0001-….patch`` and so on, `LIST` and `DIFF`; return the patches in order.

    Patches that an earlier run wrote there are removed. The directory is made where there is none.

    :raises OutputError: when it cannot be written, or has patches that overlaytool did not write.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _refuse_others(directory)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=directory) as place:
            new = Path(place)
            attributes = _attributes(repository, series, new)
            repository.run(
                *("-c", f"core.attributesFile={attributes}", *FORMAT_PATCH),
                *(f"--output-directory={new}", f"{series.base}..{series.tip}"),
            )
            (new / DIFF).write_bytes(_diff(repository, series))
            names = sorted(path.name for path in new.glob("*.patch"))
            (new / LIST).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
            for name in _written_before(directory):
                (directory / name).unlink(missing_ok=True)
            for name in (*names, DIFF, LIST):
                (new / name).replace(directory / name)
    except OSError as error:
        raise OutputError(
            f"{directory} cannot be written: {error.strerror}", hint="name another directory with -o"
        ) from error
    return tuple(directory / name for name in names)


def _diff(repository: Repository, series: Series) -> bytes:
    return repository.run("diff-tree", "-p", *PLAIN_DIFF, series.base, series.tip)


def _attributes(repository: Repository, series: Series, place: Path) -> Path:
    """Attributes by which files with carriage returns are sent as binary patches.

    ``git am`` removes a carriage return at a line's end, since mail programs add some.
    """
    file = place / "attributes"
    lines = []
    before = series.base
    for commit in series.commits:
        for path in _touched(repository, before, commit.commit):
            states = (repository.tree(revision).read(path) for revision in (before, commit.commit))
            if any(state and _CARRIAGE_RETURN in state.content for state in states):
                lines.append(f"{_pattern(path)} -diff\n")
        before = commit.commit
    file.write_text("".join(dict.fromkeys(lines)), encoding="utf-8", errors="surrogateescape")
    return file


def _touched(repository: Repository, before: str, after: str) -> tuple[str, ...]:
    output = repository.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)
    return tuple(path.decode("utf-8", "surrogateescape") for path in output.split(b"\0") if path)


def _pattern(path: str) -> str:
    """A path as a quoted pattern of gitattributes(5) that matches it alone."""
    globbed = re.sub(r"([\\*?\[])", r"\\\1", f"/{path}")
    quoted = globbed.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _written_before(directory: Path) -> tuple[str, ...]:
    """The patches that an earlier run left, by its own list."""
    try:
        names = (directory / LIST).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return ()
    return tuple(name for name in names if _PATCH.fullmatch(name))


def _refuse_others(directory: Path) -> None:
    """``git am DIRECTORY/*.patch`` would apply them too."""
    ours = set(_written_before(directory))
    others = sorted(
        path.name for path in directory.iterdir() if _PATCH.fullmatch(path.name) and path.name not in ours
    )
    if others:
        raise OutputError(
            f"{directory} holds patches that are not of this series",
            details=tuple(others),
            hint="move them away, or name another directory with -o",
        )
