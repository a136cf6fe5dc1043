"""A series as files: what ``git am`` and ``git apply`` make of them is the same tree, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from series_steps import GENTOO, STABLE, Steps, git, htop

from overlaytool.errors import OutputError
from overlaytool.git.repository import Repository
from overlaytool.model.change import FileState, StepKind
from overlaytool.model.plan import Action
from overlaytool.model.series import Series
from overlaytool.progress import SilentProgress
from overlaytool.series import patches
from overlaytool.series.commit import commit

ODD_SETTINGS = {
    "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true",
    "diff.renames": "false",
    "diff.context": "0",
    "diff.external": "/bin/false",
    "diff.algorithm": "histogram",
    "diff.relative": "true",
    "color.ui": "always",
    "format.attach": "true",
    "format.signOff": "true",
    "format.coverLetter": "true",
    "format.numbered": "false",
    "format.subjectPrefix": "flatcar",
    "format.suffix": ".txt",
    "format.thread": "deep",
    "format.pretty": "oneline",
    "format.to": "list@example.org",
    "format.signature": "Ada",
    "format.useAutoBase": "true",
    "format.outputDirectory": "/nonexistent",
    "log.showSignature": "true",
    "core.quotePath": "false",
}


@pytest.fixture
def series(checkout_tree: Path) -> Series:
    return make(checkout_tree)


def make(checkout: Path, branch: str = "add-htop") -> Series:
    repository = Repository.open(checkout)
    return commit(
        repository, htop(checkout), base=repository.head(), branch=branch, progress=SilentProgress()
    )


def fresh_clone(checkout: Path, place: Path) -> Path:
    git(place.parent, "clone", "-q", f"file://{checkout}", str(place))
    return place


def applied(checkout: Path, written: tuple[Path, ...], place: Path) -> str:
    """The tree that ``git am`` makes of patches on a fresh clone."""
    clone = fresh_clone(checkout, place)
    git(clone, "am", "-q", *map(str, written))
    assert git(clone, "status", "--porcelain") == ""
    return git(clone, "rev-parse", "HEAD^{tree}")


def test_git_am_on_a_fresh_clone_gives_the_identical_tree_and_messages(
    checkout_tree: Path, series: Series, tmp_path: Path
) -> None:
    written = patches.write(Repository.open(checkout_tree), series, tmp_path / "out")
    assert applied(checkout_tree, written, tmp_path / "fresh") == git(
        checkout_tree, "rev-parse", f"{series.tip}^{{tree}}"
    )
    log = ("log", "--format=%B|%an|%ae|%ad", f"{series.base}..")
    assert git(tmp_path / "fresh", *log, "HEAD", "--") == git(checkout_tree, *log, series.branch, "--")


def test_the_users_settings_for_diffs_and_mail_change_nothing(
    checkout_tree: Path, series: Series, tmp_path: Path
) -> None:
    repository = Repository.open(checkout_tree)
    plain = patches.write(repository, series, tmp_path / "plain")
    for name, value in ODD_SETTINGS.items():
        git(checkout_tree, "config", name, value)
    odd = patches.write(repository, series, tmp_path / "odd")
    names = [path.name for path in (*plain, plain[0].parent / "series", plain[0].parent / "series.diff")]
    assert len(odd) == len(plain) == 5
    for name in names:
        assert (tmp_path / "odd" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name


def test_the_one_diff_applies_to_the_identical_tree(
    checkout_tree: Path, series: Series, tmp_path: Path
) -> None:
    patches.write(Repository.open(checkout_tree), series, tmp_path / "out")
    clone = fresh_clone(checkout_tree, tmp_path / "fresh")
    git(clone, "apply", "--index", str(tmp_path / "out/series.diff"))
    assert git(clone, "write-tree") == git(checkout_tree, "rev-parse", f"{series.tip}^{{tree}}")


def test_deletions_mode_changes_renames_and_odd_names_are_carried(
    checkout_tree: Path, tmp_path: Path
) -> None:
    repository = Repository.open(checkout_tree)
    first = Steps(checkout_tree)
    package = f"{STABLE}/dev-libs/odd"
    first.step(
        StepKind.PACKAGE,
        "dev-libs/odd",
        {
            f"{package}/files/sp ace [1] *.patch": b"a\r\nb\r\n",
            f"{package}/files/\xfcml\xe4ut": b"text",
            f"{package}/files/script": b"#!/bin/sh\n" * 30,
            f"{package}/files/goes": b"x\r\n",
            f"{package}/files/turns": FileState(mode=0o120000, content=b"script"),
        },
        source=GENTOO,
    ).step(
        StepKind.PACKAGE,
        "dev-libs/odd",
        {
            f"{package}/files/sp ace [1] *.patch": b"a\r\nc\r\n",
            f"{package}/files/script": FileState(mode=0o100755, content=b"#!/bin/sh\n" * 30),
            f"{package}/files/goes": None,
            f"{package}/files/turns": b"now a file, with no newline at its end",
        },
        source=GENTOO,
        action=Action.UPDATE,
    )
    series = commit(
        repository,
        first.change_set(),
        base=repository.head(),
        branch="odd",
        progress=SilentProgress(),
    )
    written = patches.write(repository, series, tmp_path / "out")
    assert applied(checkout_tree, written, tmp_path / "fresh") == git(
        checkout_tree, "rev-parse", "odd^{tree}"
    )


def test_a_second_run_leaves_only_its_own_patches(
    checkout_tree: Path, series: Series, tmp_path: Path
) -> None:
    repository = Repository.open(checkout_tree)
    patches.write(repository, series, tmp_path / "out")
    shorter = Series(
        branch=series.branch,
        base=series.commits[1].commit,
        base_branch="main",
        commits=series.commits[2:],
    )
    written = patches.write(repository, shorter, tmp_path / "out")
    assert sorted((tmp_path / "out").glob("*.patch")) == sorted(written)
    assert len(written) == 3


def test_patches_of_somebody_else_are_not_mixed_with_the_series(
    checkout_tree: Path, series: Series, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/0007-mine.patch").write_text("mine\n")
    with pytest.raises(OutputError, match="not of this series") as caught:
        patches.write(Repository.open(checkout_tree), series, tmp_path / "out")
    assert caught.value.details == ("0007-mine.patch",)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0007-mine.patch"]


def test_a_directory_that_cannot_be_made_is_said(checkout_tree: Path, series: Series, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        patches.write(Repository.open(checkout_tree), series, tmp_path / "file/out")
