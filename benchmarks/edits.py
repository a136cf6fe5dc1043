"""Do our edits put a line where the maintainers of flatcar/scripts put it? Asked of their own history.

    python benchmarks/edits.py CLONE [--since 2021-01-01] [--verbose]

For every commit that adds atoms to a metapackage or to package.accept_keywords, each added line is taken
out of the file as the commit left it and put back by overlaytool; it counts as the same when the file
then is, to the byte, what the commit left. CLONE is any clone of flatcar/scripts with history.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from overlaytool.errors import OverlaytoolError
from overlaytool.flatcar import metapackage, profiles, targets
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.tree import REGULAR, SYMLINK
from overlaytool.model.change import FileState
from overlaytool.model.resolution import Into

KEYWORDS = f"{OVERLAY}/profiles/coreos/base/package.accept_keywords"
_ATOM_LINE = re.compile(r"\t+[<>=]*[\w-]+/[\w.+-]+(\[\S+\])?")


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after a commit."""

    commit: str
    before: str
    after: str


class History:
    """A clone's history."""

    def __init__(self, clone: Path, since: str) -> None:
        self._clone = clone
        self._since = since

    def changes(self, path: str) -> Iterator[Change]:
        """What each commit did to a file, newest first."""
        for commit in self._git(
            "log", "--no-merges", f"--since={self._since}", "--format=%H", "--", path
        ).split():
            before, after = self._git("show", f"{commit}^:{path}"), self._git("show", f"{commit}:{path}")
            if before and after:
                yield Change(commit, before, after)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self._clone, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return done.stdout


class OneEbuild:
    """A checkout that holds a metapackage and nothing else."""

    def __init__(self, file: str, text: str) -> None:
        name = file.rpartition("/")[2]
        self._files = {
            file: FileState(mode=REGULAR, content=text.encode()),
            file.replace(".ebuild", "-r1.ebuild"): FileState(mode=SYMLINK, content=name.encode()),
        }

    def read(self, path: str) -> FileState | None:
        """The file."""
        return self._files.get(path)

    def list(self, directory: str) -> tuple[str, ...]:
        """Both files."""
        return tuple(path for path in self._files if path.startswith(directory))


def metapackage_lines(history: History, into: Into) -> Iterator[tuple[str, str, str, str]]:
    """Commit, atom, the file as it was left, and as we leave it."""
    package = targets.metapackage(into)
    file = f"{OVERLAY}/{package}/{package.rpartition('/')[2]}-0.0.1.ebuild"
    for change in history.changes(file):
        lines = change.after.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if not _ATOM_LINE.fullmatch(line.rstrip("\n")) or change.after.count(line) > 1:
                continue
            if line.strip() in change.before.split():
                continue
            rest = "".join(lines[:number] + lines[number + 1 :])
            atom, arch = line.strip(), _arch(lines, number)
            try:
                ours = metapackage.read(OneEbuild(file, rest), into).with_lines([atom], arch).text
            except OverlaytoolError as error:
                ours = f"refused: {error.message}\n"
            yield change.commit, atom, change.after, ours


def _arch(lines: list[str], number: int) -> str | None:
    """The architecture of the group that a line stands in."""
    if not lines[number].startswith("\t\t"):
        return None
    while not lines[number].rstrip().endswith("("):
        number -= 1
    return lines[number].split("?")[0].strip()


def keyword_lines(history: History) -> Iterator[tuple[str, str, str, str]]:
    """As `metapackage_lines`, for entries of package.accept_keywords."""
    for change in history.changes(KEYWORDS):
        known = {entry.atom for entry in profiles.entries(change.before)}
        for entry in profiles.entries(change.after):
            if entry.atom in known:
                continue
            rest, comment = _without(change.after, entry.line)
            ours = profiles.with_keywords(rest, entry.atom, entry.values, comment)
            yield change.commit, entry.atom, change.after, ours


def _without(text: str, number: int) -> tuple[str, str]:
    """The text without an entry (and without its comment, where it is the only one below it); the comment."""
    lines = text.splitlines()
    first = number
    while first and lines[first - 1].strip():
        first -= 1
    last = number
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    block = lines[first : last + 1]
    comment = " ".join(line.lstrip("# ") for line in block if line.startswith("#"))
    if sum(not line.startswith("#") for line in block) > 1:
        del lines[number]
    else:
        del lines[first : last + 2]
        while lines and not lines[-1].strip():
            lines.pop()
    return "".join(f"{line}\n" for line in lines), comment


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clone", type=Path)
    parser.add_argument("--since", default="2021-01-01")
    parser.add_argument("--verbose", action="store_true", help="show where the two differ")
    options = parser.parse_args()
    history = History(options.clone, options.since)
    sources = {
        **{
            targets.metapackage(into): metapackage_lines(history, into)
            for into in (Into.IMAGE, Into.BOARD, Into.SDK)
        },
        "package.accept_keywords": keyword_lines(history),
    }
    for name, found in sources.items():
        count: Counter[str] = Counter()
        for commit, atom, theirs, ours in found:
            outcome = "same" if theirs == ours else "refused" if ours.startswith("refused") else "different"
            count[outcome] += 1
            if options.verbose and outcome != "same":
                print(f"{commit[:10]} {atom}")
                diff = difflib.unified_diff(
                    theirs.splitlines(), ours.splitlines(), "theirs", "ours", n=1, lineterm=""
                )
                print("\n".join(diff))
        total = sum(count.values())
        print(
            f"{name}: {count['same']} of {total} the same, "
            f"{count['different']} different, {count['refused']} refused"
        )


if __name__ == "__main__":
    main()
