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
from container_support import podman, prepare
from support import FIXTURES
from vm_support import call, stand_in_root

HERE = Path(__file__).parent
IMAGE = HERE / "image"

__all__ = ("stand_in_root",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory needs a container engine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.container)


@pytest.fixture(scope="session")
def engine() -> None:
    """podman is ready. Elsewhere than in CI the tests are left out where it cannot be."""
    reason = "needs root, podman and mmdebstrap"
    if shutil.which("podman") and shutil.which("mmdebstrap") and os.geteuid() == 0:
        done = subprocess.run([HERE / "engine"], capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            return
        reason = f"podman does not work here: {done.stderr.strip()[-200:] or f'status {done.returncode}'}"
    if os.environ.get("CI"):
        pytest.fail(f"CI: {reason}")
    pytest.skip(reason)


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
        call(IMAGE / "build", reference, sys.executable, checkout)
    return reference


def _exists(reference: str) -> bool:
    return subprocess.run(["podman", "image", "exists", reference], timeout=60).returncode == 0


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
