"""The stand-in for Flatcar's SDK image, and checkouts to build in it. Needs root and podman."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures"
IMAGE = HERE / "image"
STABLE = Path("sdk_container/src/third_party/portage-stable")
PACKAGE = """\
EAPI=8

DESCRIPTION="A package for one test"
HOMEPAGE="https://example.org/"
S="${WORKDIR}"

LICENSE="BSD"
SLOT="0"
KEYWORDS="amd64 arm64"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory needs a container engine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.container)


def podman(*arguments: str | Path, check: bool = True) -> str:
    """Run podman and give what it says."""
    done = subprocess.run(
        ["podman", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode:
        pytest.fail(f"podman {arguments}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def engine() -> None:
    """podman is ready. Elsewhere than in CI the tests are left out where it cannot be."""
    if not shutil.which("podman") or not shutil.which("mmdebstrap") or os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("CI needs root, podman and mmdebstrap")
        pytest.skip("needs root, podman and mmdebstrap")
    subprocess.run([HERE / "engine"], check=True)


@pytest.fixture(scope="session")
def sdk_image(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of the SDK image. It is built once on a machine, and again when what is in it changes."""
    reference = f"localhost/overlaytool-sdk:{_digest()}"
    with Path("/var/tmp/overlaytool-sdk-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _exists(reference):
            return reference
        checkout = tmp_path_factory.mktemp("image") / "scripts"
        shutil.copytree(FIXTURES / "flatcar-mini", checkout, symlinks=True)
        done = subprocess.run(
            [IMAGE / "build", reference, sys.executable, checkout],
            capture_output=True,
            text=True,
            timeout=900,
        )
        if done.returncode:
            pytest.fail(f"the SDK image cannot be built:\n{done.stdout}\n{done.stderr}")
    return reference


def _exists(reference: str) -> bool:
    return subprocess.run(["podman", "image", "exists", reference]).returncode == 0


def _digest() -> str:
    digest = hashlib.sha256(version("portage").encode())
    for top in (IMAGE, FIXTURES / "flatcar-mini"):
        for path in sorted(top.rglob("*")):
            content = str(path.readlink()).encode() if path.is_symlink() else b""
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
            digest.update(f"{path.relative_to(top)}\0{path.lstat().st_mode}\0".encode() + content)
    return digest.hexdigest()[:16]


@pytest.fixture
def container_name() -> Iterator[str]:
    """A name for a container of the test's own; the container is removed afterwards."""
    name = f"overlaytool-test-{uuid.uuid4().hex[:8]}"
    yield name
    podman("rm", "--force", "--time", "0", name, check=False)


@pytest.fixture
def scripts(checkout_tree: Path) -> Path:
    """A checkout with a tag, as run_sdk_container wants one, and the distfiles that its packages need."""
    prepare(checkout_tree)
    return checkout_tree


def prepare(checkout: Path) -> None:
    """Give a checkout a tag and distfiles."""
    git(checkout, "tag", "main-9001.0.0-nightly-20260821-2100")
    shutil.copytree(FIXTURES / "distfiles", checkout / "sdk_container/.cache/distfiles")


def git(checkout: Path, *arguments: str) -> str:
    """Run git in a checkout."""
    done = subprocess.run(
        ["git", "-C", checkout, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def add_package(checkout: Path, cpv: str, text: str = "") -> None:
    """Write a package into portage-stable: ``category/name-1`` with what it does."""
    name = cpv.rpartition("-")[0]
    directory = checkout / STABLE / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{cpv.partition('/')[2]}.ebuild").write_text(f"{PACKAGE}{text}\n")
