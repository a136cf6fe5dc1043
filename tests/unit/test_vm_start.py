"""Which script is started, with what, and how its parts are kept together."""

from __future__ import annotations

import fcntl
import platform
import re
import socket
from pathlib import Path

import pytest
from support import FIXTURES, ROOT

from overlaytool.errors import LockedError, PortTakenError, VmError
from overlaytool.model.vm import Acceleration
from overlaytool.vm import acceleration, directory, in_front, script, start
from overlaytool.vm.acceleration import Chosen
from overlaytool.vm.script import StartScript

EMULATION = Chosen(acceleration=Acceleration.EMULATION, reason="test")
TEMPLATE = FIXTURES / "flatcar-mini/build_library/qemu_template.sh"


def write(path: Path, *, board: str = "amd64-usr", image: str = '"${SCRIPT_DIR}/disk.img"') -> Path:
    """A start script as image_to_vm.sh writes it, with its disk."""
    text = TEMPLATE.read_text()
    text = text.replace("VM_BOARD=\n", f"VM_BOARD='{board}'\n").replace("VM_IMAGE=\n", f"VM_IMAGE={image}\n")
    path.write_text(text)
    path.chmod(0o755)
    (path.parent / "disk.img").touch()
    return path


def test_uefi_script_is_preferred_and_bios_is_taken(tmp_path: Path) -> None:
    bios = write(tmp_path / "flatcar_production_qemu.sh")
    assert script.find(tmp_path).path == bios
    uefi = write(tmp_path / "flatcar_production_qemu_uefi.sh")
    assert script.find(tmp_path).path == uefi
    assert script.find(bios).path == bios


def test_directory_without_script_names_the_image_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "flatcar_production_image.bin").touch()
    with pytest.raises(VmError) as caught:
        script.find(tmp_path)
    assert caught.value.details == ("there is flatcar_production_image.bin",)


@pytest.mark.parametrize("image", ['"${SCRIPT_DIR}/disk.img"', "'disk.img'"])
def test_disk_is_found_in_both_releases_words(tmp_path: Path, image: str) -> None:
    found = script.read(write(tmp_path / "a.sh", image=image))
    assert found.image == tmp_path / "disk.img"
    script.check_image(found)


def test_other_script_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.sh"
    other.write_text("#!/bin/sh\nrm -rf /\n")
    with pytest.raises(VmError, match="no start script of image_to_vm"):
        script.read(other)


def test_kvm_is_tried_as_the_script_asks_for_it(tmp_path: Path) -> None:
    assert script.read(write(tmp_path / "a.sh")).kvm == "q35,accel=kvm,smm=on"
    older = ROOT / "tests/vm/stand_in/qemu_3665.sh"
    assert script.read(older).kvm == "accel=kvm"
    assert script.read(write(tmp_path / "b.sh", board="arm64-usr")).kvm == "virt,accel=kvm,gic-version=3"


def at(name: str, board: str = "amd64-usr") -> StartScript:
    return StartScript(path=Path(name), board=board, image=None, kvm=None)


def test_emulation_keeps_the_machine_that_s_takes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for_script, for_qemu = acceleration.options(at("flatcar_production_qemu.sh"), EMULATION)
    assert for_script == ("-s",)
    assert for_qemu[0] == "-smp"
    secure = acceleration.options(at("flatcar_production_qemu_uefi_secure.sh"), EMULATION)[1]
    assert secure[:2] == ("-machine", "q35,smm=on")
    assert acceleration.options(at("a.sh", "arm64-usr"), EMULATION) == ((), ())
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert acceleration.options(at("a.sh", "arm64-usr"), EMULATION)[1][:2] == ("-machine", "virt")


def test_foreign_board_is_emulated_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    chosen = acceleration.choose(at("a.sh", "arm64-usr"), Acceleration.AUTO)
    assert chosen.acceleration is Acceleration.EMULATION
    assert chosen.reason == "arm64-usr has to be emulated on x86_64"
    with pytest.raises(VmError, match="KVM does not work"):
        acceleration.choose(at("a.sh", "arm64-usr"), Acceleration.KVM)


@pytest.mark.parametrize(
    "given, expected",
    [
        ("user,hostfwd=tcp::2222-:22,hostname=a", "user,hostfwd=tcp:127.0.0.1:2222-:22,hostname=a"),
        ("user,hostfwd=udp::53-:53", "user,hostfwd=udp:127.0.0.1:53-:53"),
        ("user,hostfwd=tcp:10.0.0.1:80-:80", "user,hostfwd=tcp:10.0.0.1:80-:80"),
        ("hostfwd=tcp::1-:1,hostfwd=tcp::2-:2", "hostfwd=tcp:127.0.0.1:1-:1,hostfwd=tcp:127.0.0.1:2-:2"),
    ],
)
def test_port_forwards_listen_on_loopback_alone(given: str, expected: str) -> None:
    assert in_front.on_loopback(given) == expected


def test_every_forward_of_the_start_script_is_of_the_form_that_is_bound() -> None:
    text = TEMPLATE.read_text()
    forwards = re.findall(r"hostfwd=\S+", text)
    assert forwards
    assert all(forward.startswith("hostfwd=tcp::") for forward in forwards)


def test_port_that_somebody_listens_on_is_refused() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(PortTakenError, match="cannot be used"):
            start.free_port(listener.getsockname()[1])
    assert start.free_port(None) > 1023


def test_directory_lives_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    place, lock = directory.make(tmp_path, None)
    assert place == tmp_path / "vm/vm1"
    assert directory.is_alive(place)
    with pytest.raises(LockedError, match="a machine vm1 is running already"):
        directory.make(tmp_path, "vm1")
    second, other = directory.make(tmp_path, None)
    assert second.name == "vm2"
    other.close()
    directory.clean(tmp_path)
    assert place.exists()
    assert not second.exists()
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert not directory.is_alive(place)


def test_name_that_leaves_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VmError, match="no name for a machine"):
        directory.make(tmp_path, "../etc")


def test_old_consoles_go(tmp_path: Path) -> None:
    for number in range(directory.LOGS_KEPT + 5):
        directory.console_log(tmp_path, "vm1", f"{number:03}").touch()
    kept = list((tmp_path / "vm/logs").iterdir())
    assert len(kept) == directory.LOGS_KEPT
