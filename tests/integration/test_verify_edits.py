"""Edits of copies in portage-stable, as `verify` finds them, in small repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from overlaytool.flatcar.checkout import PORTAGE_STABLE
from overlaytool.git.repository import Repository
from overlaytool.verify import edits

EBUILD = PORTAGE_STABLE / "net-dns/bind/bind-1.ebuild"


class Checkout:
    """A repository with one copy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q")
        self.commit("Start", {"README": "text\n"})
        self.commit("net-dns/bind: Add from Gentoo", {str(EBUILD): "EAPI=8\n"})

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)

    def commit(self, subject: str, files: dict[str, str]) -> str:
        """Commit files; the commit's id."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def found(self, base: str, gentoo: Path | None = None) -> list[tuple[str, str]]:
        """What is said of the work tree, compared with a commit."""
        repository = Repository.open(self.path)
        paths = (*repository.changed(base, str(PORTAGE_STABLE)), *self.git("diff", "--name-only").split())
        tip = None if self.git("status", "--porcelain") else "HEAD"
        after = repository.tree("HEAD")
        notices = edits.find(repository, base, tip, paths, after, gentoo)
        return [(notice.reference, notice.message) for notice in notices]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "scripts")


def test_an_edit_that_a_commit_made_in_a_copy_is_said(checkout: Checkout) -> None:
    base = checkout.git("rev-parse", "HEAD")
    checkout.commit("net-dns/bind: Install the tools only", {str(EBUILD): "EAPI=8\nPATCHES=x\n"})
    [(reference, message)] = checkout.found(base)
    assert reference == "edited-in-place"
    assert "net-dns/bind in portage-stable was edited: net-dns/bind: Install the tools only" in message


def test_a_copy_from_gentoo_is_no_edit(checkout: Checkout) -> None:
    base = checkout.git("rev-parse", "HEAD")
    checkout.commit("net-dns/bind: Sync with Gentoo", {str(EBUILD): "EAPI=8\nKEYWORDS=amd64\n"})
    assert checkout.found(base) == []


def test_a_sync_that_takes_an_edit_away_is_said_until_the_edit_is_there_again(checkout: Checkout) -> None:
    base = checkout.commit("net-dns/bind: Install the tools only", {str(EBUILD): "EAPI=8\nPATCHES=x\n"})
    checkout.commit("net-dns/bind: Sync with Gentoo", {str(EBUILD): "EAPI=9\n"})
    [(reference, message)] = checkout.found(base)
    assert reference == "edit-lost"
    assert "Install the tools only" in message
    checkout.commit("net-dns/bind: Apply Flatcar's edit", {str(EBUILD): "EAPI=9\nPATCHES=x\n"})
    assert checkout.found(base) == []


def test_an_uncommitted_edit_is_said_where_gentoo_has_it_otherwise(
    checkout: Checkout, tmp_path: Path
) -> None:
    base = checkout.git("rev-parse", "HEAD")
    checkout.write({str(EBUILD): "EAPI=8\nPATCHES=x\n"})
    gentoo = tmp_path / "gentoo"
    (gentoo / "net-dns/bind").mkdir(parents=True)
    theirs = gentoo / "net-dns/bind/bind-1.ebuild"
    theirs.write_text("EAPI=8\n")
    said = [("edited-in-place", "net-dns/bind in portage-stable was edited: bind-1.ebuild (not committed)")]
    assert checkout.found(base, gentoo) == checkout.found(base) == said
    theirs.write_text("EAPI=8\nPATCHES=x\n")
    assert checkout.found(base, gentoo) == []


def test_an_update_that_brings_other_files_is_no_edit(checkout: Checkout) -> None:
    base = checkout.git("rev-parse", "HEAD")
    checkout.write({str(EBUILD): "EAPI=8\nKEYWORDS=x\n", str(EBUILD.with_name("bind-2.ebuild")): "EAPI=8\n"})
    assert checkout.found(base) == []
