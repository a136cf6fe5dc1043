"""Builds that fail for real, and what overlaytool says of it."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_support import STABLE, add_package, podman, prepare
from support import RunCli

COMPILE = r"""
src_compile() {
	echo 'int main(void) { return undeclared; }' > broken.c || die
	printf 'broken: broken.c\n\t%s -o broken broken.c\n' "${CHOST}-gcc" > Makefile || die
	emake broken
}
"""
CASES = {
    "a compiler error": (
        COMPILE,
        (
            "failed in its compile phase",
            "error: ‘undeclared’ undeclared",
            "build log: /build/amd64-usr/",
            "--from emerge",
        ),
    ),
    "a dependency that no tree has": (
        'RDEPEND=">=sys-libs/nowhere-2"',
        ("the checkout has no >=sys-libs/nowhere-2", "dependency required by", "overlaytool add"),
    ),
    "an eclass that is missing": ("inherit nowhere", ("nowhere.eclass is missing", "overlaytool add")),
    "a file that cannot be fetched": (
        'SRC_URI="http://127.0.0.1:9/fails-1.tar.gz"',
        ("fails-1.tar.gz could not be fetched", "Connection refused", "sdk_container/.cache/distfiles"),
    ),
    "a file that another package owns": (
        'src_install() { insinto /usr/lib/sysusers.d; newins - acct-group-root.conf <<< "x"; }',
        ("two packages install the same files", "acct-group-root.conf", "acct-group/root-0"),
    ),
    "a keyword that is not accepted": (
        'KEYWORDS="~arm64"',
        ("is masked", "--accept-keywords"),
    ),
    "a USE flag that is off": (
        'RDEPEND="sys-libs/ncurses[gpm]"',
        ("a USE flag has to change first", ">=sys-libs/ncurses", "overlaytool add"),
    ),
    "a package that excludes another": (
        'RDEPEND="!!sys-libs/ncurses"',
        ("packages exclude each other", "sys-libs/ncurses"),
    ),
}


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """One container for all of these: none of them changes the board root."""
    value = f"overlaytool-test-{uuid.uuid4().hex[:8]}"
    yield value
    podman("rm", "--force", "--time", "0", value, check=False)


@pytest.fixture(scope="module")
def shared(repository_templates: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout that the container was made for."""
    import shutil

    path = tmp_path_factory.mktemp("failures") / "scripts"
    shutil.copytree(repository_templates("flatcar-mini"), path, symlinks=True)  # type: ignore[operator]
    prepare(path)
    return path


@pytest.mark.parametrize("case", CASES)
def test_emerge_failure_is_explained(
    case: str, shared: Path, sdk_image: str, name: str, run_cli: RunCli
) -> None:
    text, expected = CASES[case]
    package = f"sys-apps/fails{list(CASES).index(case)}"
    add_package(shared, f"{package}-1", text)
    if "SRC_URI" in text:
        manifest = shared / STABLE / package / "Manifest"
        manifest.write_text("DIST fails-1.tar.gz 10 BLAKE2B 0 SHA512 0\n")
    done = run_cli(
        *("-C", shared, "sdk", "emerge", package, "--image", sdk_image, "--container", name),
        check=False,
    )
    assert done.returncode == 22, done.stderr
    error = done.stderr[done.stderr.index("error: ") :]
    assert error.startswith("error: stage emerge failed: ")
    for words in expected:
        assert words in error


def test_image_without_a_binary_package_names_the_package(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    add_package(scripts, "sys-apps/unbuilt-1")
    overlay = scripts / "sdk_container/src/third_party/coreos-overlay/coreos-base/coreos"
    ebuild = overlay / "coreos-0.0.1.ebuild"
    ebuild.write_text(
        ebuild.read_text().replace("\tapp-arch/lbzip2", "\tapp-arch/lbzip2\n\tsys-apps/unbuilt")
    )
    options = ("--image", sdk_image, "--container", container_name)
    done = run_cli("-C", scripts, "sdk", "emerge", *options, "--only", "metapackage", check=False)
    assert done.returncode == 0, done.stderr
    podman("start", container_name)
    podman(
        "exec",
        container_name,
        "find",
        "/build/amd64-usr/var/lib/portage/pkgs",
        "-name",
        "unbuilt*",
        "-delete",
    )
    done = run_cli("-C", scripts, "sdk", "image", *options, check=False)
    podman("stop", "--time", "0", container_name)
    assert done.returncode == 22
    assert "no binary package of sys-apps/unbuilt" in done.stderr
    assert "`overlaytool sdk emerge sys-apps/unbuilt`" in done.stderr


def test_paths_that_conflict_with_usr_stop_the_image(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    add_package(
        scripts,
        "sys-apps/twice-1",
        'src_install() { exeinto /bin; newexe - twice <<< "1"; exeinto /usr/bin; newexe - twice <<< "2"; }',
    )
    options = ("--image", sdk_image, "--container", container_name)
    run_cli("-C", scripts, "sdk", "emerge", "sys-apps/twice", *options, "--only", "emerge")
    done = run_cli("-C", scripts, "sdk", "image", *options, check=False)
    assert done.returncode == 22
    assert "sys-apps/twice-1 has files outside /usr that /usr has too" in done.stderr
    assert "/bin/twice" in done.stderr


def test_full_disk_is_called_by_its_name(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli, tmp_path: Path
) -> None:
    disk, place = tmp_path / "small.ext4", scripts / "__build__"
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-N", "128", disk, "2M"], check=True)
    subprocess.run(["mount", "-o", "loop", disk, place], check=True)
    try:
        options = ("--image", sdk_image, "--container", container_name)
        done = run_cli("-C", scripts, "sdk", "image", *options, check=False)
    finally:
        podman("rm", "--force", "--time", "0", container_name, check=False)
        subprocess.run(["umount", place], check=True)
    assert done.returncode == 22
    assert "error: stage image failed: the disk is full" in done.stderr
    assert "overlaytool doctor" in done.stderr


def test_repaired_package_goes_on_where_the_build_broke(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    add_package(scripts, "sys-apps/fails-1", COMPILE)
    options = ("--image", sdk_image, "--container", container_name)
    done = run_cli("-C", scripts, "sdk", "emerge", "sys-apps/fails", *options, check=False)
    assert done.returncode == 22
    add_package(scripts, "sys-apps/fails-1")
    done = run_cli("-C", scripts, "sdk", "emerge", "sys-apps/fails", *options, "--from", "emerge")
    assert "emerge: done" in done.stderr
    assert "metapackage: done" in done.stderr
    done = run_cli("-C", scripts, "sdk", "emerge", "sys-apps/fails", *options)
    assert "emerge: done 2" in done.stderr
    assert done.stderr.count("not done again") == 2
