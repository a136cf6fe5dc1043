"""A checkout and a Gentoo tree for tests of updates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from series_steps import git
from support import THIRD_PARTY

if TYPE_CHECKING:
    from support import RunCli

STABLE = THIRD_PARTY / "portage-stable"
OVERLAY = THIRD_PARTY / "coreos-overlay"
PROFILES = OVERLAY / "profiles/coreos"
KEYWORDS = PROFILES / "base/package.accept_keywords"
LIST = Path(".github/workflows/portage-stable-packages-list")


class Trees:
    """A checkout whose list has only what a test says, and a Gentoo that has the same copies."""

    def __init__(self, checkout: Path, gentoo: Path, run_cli: RunCli) -> None:
        self.checkout, self.gentoo, self._run = checkout, gentoo, run_cli

    def listed(self, *names: str) -> None:
        """Put these on the list, and their copies into Gentoo as they are."""
        for name in names:
            source, target = self.checkout / STABLE / name, self.gentoo / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(source, target)
        categories: dict[str, list[str]] = {}
        for name in sorted(names):
            categories.setdefault(name.partition("/")[0], []).append(name)
        groups = ["\n".join(group) for group in categories.values()]
        (self.checkout / LIST).write_text("# Please keep the list sorted!\n\n" + "\n\n".join(groups) + "\n")
        self.commit()

    def bump(self, package: str, old: str, new: str, *edits: tuple[str, str]) -> Path:
        """Give Gentoo another version of a package instead of one."""
        name = package.rpartition("/")[2]
        before = self.gentoo / package / f"{name}-{old}.ebuild"
        text = before.read_text()
        for was, becomes in edits:
            assert was in text
            text = text.replace(was, becomes)
        before.unlink()
        after = before.with_name(f"{name}-{new}.ebuild")
        after.write_text(text)
        return after

    def commit(self) -> None:
        for tree in (self.checkout, self.gentoo):
            git(tree, "add", "-A")
            if git(tree, "status", "--porcelain"):
                git(tree, "commit", "-q", "-m", "app-misc/jq: Sync with Gentoo")

    def update(self, *options: str, status: int = 0) -> dict[str, Any]:
        """The document of a dry run, or of what the options say."""
        self.commit()
        words = ("--dry-run",) if "--yes" not in options else ()
        result = self._run(
            *("-C", self.checkout, "update", "--all", "--gentoo", self.gentoo, "--format", "json"),
            *(*words, *options),
            check=False,
        )
        assert result.returncode == status, result.stdout + result.stderr
        document: dict[str, Any] = json.loads(result.stdout)
        return document
