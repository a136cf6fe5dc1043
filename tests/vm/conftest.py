"""Images that boot, of Debian's packages: the stand-in for Flatcar. Needs root, QEMU and mmdebstrap."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import FIXTURES, RunCli
from vm_support import STAND_IN, call, stand_in_root

HERE = Path(__file__).parent
__all__ = ("stand_in_root",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory starts virtual machines."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vm)


@pytest.fixture(scope="session")
def image_of_3665(stand_in_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What image_to_vm.sh of alpha-3665.0.0 leaves: a disk with ext2 in USR-A, and its script."""
    place = tmp_path_factory.mktemp("image-of-3665")
    name = "flatcar_production_qemu"
    call(STAND_IN / "disk", stand_in_root, FIXTURES / "flatcar-mini", "ext2", place / f"{name}_image.img")
    shutil.copy2(STAND_IN / "qemu_3665.sh", place / f"{name}.sh")
    return place


@pytest.fixture(scope="session")
def kernel(stand_in_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the stand-in's ``vmlinuz`` and ``initrd``."""
    place = tmp_path_factory.mktemp("kernel")
    call("tar", "--extract", "--file", stand_in_root, "--directory", place, "./boot")
    return place / "boot"


@pytest.fixture
def kept(run_cli: RunCli) -> Iterator[None]:
    """Whatever a test keeps running ends with it."""
    yield
    run_cli("vm", "stop", "--all")


@pytest.fixture
def empty_image(tmp_path: Path) -> Path:
    """A directory with a start script and a disk that has nothing on it."""
    place = tmp_path / "empty-image"
    place.mkdir()
    with (place / "flatcar_production_qemu_uefi_image.img").open("wb") as disk:
        disk.truncate(1 << 20)
    write_script(place, "flatcar_production_qemu_uefi")
    return place


def write_script(place: Path, name: str) -> None:
    """flatcar-mini's start script, filled in as image_to_vm.sh does it."""
    text = (FIXTURES / "flatcar-mini/build_library/qemu_template.sh").read_text()
    values = {
        "VM_BOARD": "'amd64-usr'",
        "VM_NAME": f"'{name}-9001'",
        "VM_MEMORY": "'1024'",
        "VM_IMAGE": f'"${{SCRIPT_DIR}}/{name}_image.img"',
    }
    for variable, value in values.items():
        text = re.sub(rf"^{variable}=$", lambda _, line=f"{variable}={value}": line, text, flags=re.MULTILINE)
    (place / f"{name}.sh").write_text(text)
    (place / f"{name}.sh").chmod(0o755)
