"""The fixture trees hold together: Portage reads them, and the distfiles are as the Manifests say."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from pkgcore.ebuild import repo_objs
from pkgcore.ebuild.processor import shutdown_all_processors
from pkgcore.ebuild.repository import UnconfiguredTree
from pkgcore.restrictions.packages import AlwaysTrue
from portage_root import emerge_pretend

from overlaytool.flatcar import checkout

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
GENTOO_EBUILDS = tuple((FIXTURES / "gentoo-mini").glob("*/*/*.ebuild"))


@pytest.mark.portage
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_portage_resolves_the_boards_metapackages(checkout_tree: Path, arch: str, tmp_path: Path) -> None:
    result = emerge_pretend(
        checkout_tree, arch, tmp_path / "root", "coreos-base/coreos", "coreos-devel/board-packages"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "coreos-base/coreos-0.0.1-r320::coreos-overlay" in result.stdout
    assert ("app-emulation/xenstore" in result.stdout) == (arch == "amd64")
    assert "!!!" not in result.stdout + result.stderr


@pytest.mark.portage
def test_nothing_is_written_into_the_checkout_by_asking_portage(checkout_tree: Path, tmp_path: Path) -> None:
    emerge_pretend(checkout_tree, "amd64", tmp_path / "root", "sys-libs/ncurses")
    assert _git(checkout_tree, "status", "--porcelain", "--ignored") == ""


def test_a_checkout_of_the_fixture_has_both_boards_and_a_version(checkout_tree: Path) -> None:
    found = checkout.find(checkout_tree)
    assert [board.name for board in found.boards] == ["amd64-usr", "arm64-usr"]
    assert found.version.startswith("9001.0.0")


def test_the_variant_of_3665_has_the_names_of_that_time(checkout_3665: Path) -> None:
    found = checkout.find(checkout_3665)
    assert [checkout.repository_name(tree) for tree in found.repositories] == ["gentoo", "coreos"]
    assert found.version == "3665.0.0"
    assert (found.overlay / "coreos-base/coreos/coreos-0.0.1-r307.ebuild").is_symlink()


def test_the_distfiles_are_what_their_sources_and_the_manifests_say() -> None:
    spec = importlib.util.spec_from_file_location("regenerate", FIXTURES / "regenerate.py")
    assert spec and spec.loader
    regenerate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(regenerate)
    for name, (package, version) in regenerate.ARCHIVES.items():
        assert regenerate.unpacked(FIXTURES / "distfiles" / name) == regenerate.tarball(package, version), (
            name
        )
    for manifest in FIXTURES.glob("*-mini/**/Manifest"):
        for line in manifest.read_text().splitlines(keepends=True):
            distfile = FIXTURES / "distfiles" / line.split()[1]
            assert not distfile.exists() or line == regenerate.manifest_line(distfile)


def test_every_ebuild_but_those_that_are_meant_to_fail_can_be_sourced(
    gentoo_tree: Path, checkout_tree: Path
) -> None:
    """EAPI 9 needs bash 5.3, which not every machine has."""
    found = checkout.find(checkout_tree)
    for tree, failing in (
        (gentoo_tree, {"app-misc/dies-1.0", "app-misc/eapi9-1.0", "app-misc/eapi-unknown-2.0"}),
        (found.portage_stable, set()),
    ):
        config = repo_objs.RepoConfig(location=str(tree))
        repository = UnconfiguredTree(str(tree), repo_config=config, cache=())
        sourced = {package.cpvstr for package in repository.itermatch(AlwaysTrue)}
        shutdown_all_processors()
        present = {f"{path.parent.parent.name}/{path.stem}" for path in tree.glob("*/*/*.ebuild")}
        assert present - sourced <= failing
        assert "app-misc/dies-1.0" not in sourced


def test_every_package_that_only_gentoo_mini_has_is_listed_in_its_readme() -> None:
    readme = (FIXTURES / "gentoo-mini/README.md").read_text()
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| ")]
    listed = {name for row in rows for name in row.replace(",", " ").split()}
    stable = FIXTURES / "flatcar-mini" / checkout.PORTAGE_STABLE
    packages = {path.parent.relative_to(FIXTURES / "gentoo-mini").as_posix() for path in GENTOO_EBUILDS}
    assert {name for name in packages if not (stable / name).is_dir()} <= listed


def test_the_automation_list_names_every_directory_of_portage_stable(
    checkout_tree: Path,
) -> None:
    stable = checkout.find(checkout_tree).portage_stable
    text = (checkout_tree / ".github/workflows/portage-stable-packages-list").read_text()
    listed = [line for line in text.splitlines() if line and not line.startswith("#")]
    packages = {f"{path.parent.parent.name}/{path.parent.name}" for path in stable.glob("*/*/*.ebuild")}
    eclasses = {f"eclass/{path.name}" for path in stable.glob("eclass/*.eclass")}
    assert set(listed) == packages | eclasses | {"licenses", "profiles", "scripts"}
    assert listed == sorted(listed)


def _git(path: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=path, check=True, capture_output=True, text=True).stdout
