"""Which files of a package directory are ebuilds, and in which order emerge takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.repository import Eclasses, Repository
from overlaytool.model.dependency import Origin


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty one."""
    for name in ("profiles", "metadata", "eclass"):
        (tmp_path / name).mkdir()
    (tmp_path / "profiles/repo_name").write_text("mine\n")
    (tmp_path / "metadata/layout.conf").write_text("masters =\n")
    return Repository(
        tmp_path,
        name="mine",
        origin=Origin.STABLE,
        eclasses=Eclasses((tmp_path / "eclass",)),
        cache=MetadataCache(tmp_path / "cache"),
    )


def fill(repository: Repository, package: str, *files: str) -> None:
    directory = repository.path / package
    directory.mkdir(parents=True)
    for file in files:
        (directory / file).write_text("EAPI=8\n")


def test_versions_go_by_pms_and_highest_first(repository: Repository) -> None:
    versions = ["9999", "5", "1.10", "1.2b", "1.2_p1", "1.2-r2", "1.2-r01", "1.2", "1.2_rc3", "1.02", "0"]
    fill(repository, "dev-libs/a", *sorted(f"a-{version}.ebuild" for version in versions))
    listed = repository.ebuilds("dev-libs/a")
    assert [ebuild.written for ebuild in listed] == versions
    assert [ebuild.cpv for ebuild in listed][5:8] == [
        "dev-libs/a-1.2-r2",
        "dev-libs/a-1.2-r1",
        "dev-libs/a-1.2",
    ]
    assert all(Path(repository.ebuild(ebuild).path).exists() for ebuild in listed)
    assert [repository.ebuild(ebuild).cpvstr for ebuild in listed] == [ebuild.cpv for ebuild in listed]


def test_other_files_are_none(repository: Repository) -> None:
    others = [
        "a-r1.ebuild",
        "a-1-2.ebuild",
        "b-1.ebuild",
        "a-1.ebuild~",
        "a-x.ebuild",
        "a.ebuild",
        "Manifest",
    ]
    fill(repository, "dev-libs/a", *others, "a-1.ebuild")
    (repository.path / "dev-libs/a/a-7.ebuild").mkdir()
    assert [ebuild.cpv for ebuild in repository.ebuilds("dev-libs/a")] == ["dev-libs/a-1"]


@pytest.mark.parametrize("package", ["dev-libs/a-1", "dev-libs/+a", "-x/a", "dev-libs/none"])
def test_a_directory_whose_name_no_atom_can_have_holds_nothing(repository: Repository, package: str) -> None:
    if not package.endswith("none"):
        fill(repository, package, f"{package.partition('/')[2]}-1.ebuild")
    assert repository.ebuilds(package) == ()
    assert not repository.has(package)
