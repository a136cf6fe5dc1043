"""How long a machine is waited for, and what is said of one that never gets ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from overlaytool.errors import BootError, HungError, VmError, WriteError
from overlaytool.model.vm import Acceleration, Health, Machine, VmOptions
from overlaytool.support import process
from overlaytool.support.process import Completed
from overlaytool.vm import acceleration, boot, directory, extensions, ssh, start
from overlaytool.vm.script import StartScript

SCRIPT = StartScript(path=Path("/a.sh"), board="amd64-usr", image=None, kvm="accel=kvm")


class _Going:
    """A machine that has said what it has said."""

    def __init__(self, place: Path, said: tuple[str, ...] = ()) -> None:
        self.directory = place
        self.console = place / "console"
        self.machine = Machine(
            name="vm1",
            board="amd64-usr",
            script="/a.sh",
            port=1,
            acceleration=Acceleration.KVM,
            reason="",
            console=str(self.console),
            started="",
            keep=False,
            directory=str(place),
        )
        self._said = said

    def ended(self) -> bool:
        return False

    def let_go(self) -> None:
        """Nothing is held."""

    def output(self) -> tuple[str, ...]:
        return self._said


def test_machine_on_a_full_disk_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot.check(_Going(tmp_path))  # type: ignore[arg-type]
    monkeypatch.setattr(directory, "free_bytes", lambda place: 4096)
    with pytest.raises(WriteError, match="the disk is full, and vm1 with it"):
        boot.check(_Going(tmp_path))  # type: ignore[arg-type]


def test_kvm_that_stops_under_the_guest_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="cannot go on with KVM"):
        boot.check(_Going(tmp_path, ("KVM internal error. Suberror: 1",)))  # type: ignore[arg-type]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers on the machine's port."""
    monkeypatch.setattr(ssh, "answers", lambda port, patience=5.0: False)
    monkeypatch.setattr(boot, "LOOK_EVERY", 0.01)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """An sshd that answers, and commands that say what a test says."""
    monkeypatch.setattr(ssh, "answers", lambda port, patience=5.0: True)
    monkeypatch.setattr(boot, "LOOK_EVERY", 0.01)

    def say(state: str) -> None:
        def run(words: tuple[str, ...], **_: object) -> Completed:
            jobs = "list-jobs" in " ".join(words)
            said = ("12 slow.service start running",) if jobs else (f"state={state}", "id=flatcar")
            return Completed(command=words, status=0, output=said, seconds=0.0)

        monkeypatch.setattr(process, "run", run)

    return say


def test_machine_that_stands_still_is_given_up_before_its_time_is_up(silent: None, tmp_path: Path) -> None:
    machine = _Going(tmp_path)
    machine.console.write_text("[    0.5] Loading the kernel\n")
    with pytest.raises(boot.StuckError, match=r"stands still: .* said nothing for 0 s") as caught:
        boot.wait(machine, 1.0)  # type: ignore[arg-type]
    assert caught.value.details == ("the console's last lines:", "[    0.5] Loading the kernel")
    assert "--timeout" in str(caught.value.hint)


def test_machine_that_goes_on_talking_gets_all_its_time(
    silent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = _Going(tmp_path)

    def talk(running: object) -> None:
        with machine.console.open("a") as file:
            file.write("another unit\n")

    monkeypatch.setattr(boot, "check", talk)
    with pytest.raises(BootError, match="has no sshd that answers after 1 s"):
        boot.wait(machine, 1.0)  # type: ignore[arg-type]


def test_system_that_is_not_done_starting_names_what_it_waits_for(
    answering: Callable[[str], None], tmp_path: Path
) -> None:
    answering("starting")
    machine = _Going(tmp_path)
    machine.console.write_text("login:\n")
    with pytest.raises(BootError, match="is not done starting after 1 s") as caught:
        boot.wait(machine, 0.6)  # type: ignore[arg-type]
    assert caught.value.details == ("systemd is waiting for:", "12 slow.service start running")
    answering("degraded")
    assert boot.wait(machine, 0.6).state == "degraded"  # type: ignore[arg-type]


def test_kvm_that_stands_still_is_left_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes: list[str] = []
    waits: list[Acceleration] = []

    def wait(running: _Going, patience: float) -> Health:
        waits.append(how[-1])
        if how[-1] is Acceleration.KVM:
            raise boot.StuckError("vm1 has said nothing in 72 s")
        return Health(state="running", os_id="flatcar", version="1", failed_units=(), findings=(), seconds=1)

    how: list[Acceleration] = []

    def begin(script: object, options: object, chosen: acceleration.Chosen, state: Path) -> _Going:
        how.append(chosen.acceleration)
        return _Going(tmp_path)

    monkeypatch.setattr(acceleration, "_obstacle", lambda script: probes.append("probe"))
    monkeypatch.setattr(start, "check_qemu", lambda script: None)
    monkeypatch.setattr(start, "start", begin)
    monkeypatch.setattr(boot, "end", lambda running: None)
    monkeypatch.setattr(boot, "wait", wait)
    told: list[str] = []
    boot.boot(SCRIPT, VmOptions(), tmp_path, told.append)
    assert waits == [Acceleration.KVM, Acceleration.EMULATION]
    assert "KVM failed while booting: vm1 has said nothing in 72 s" in told[2]
    boot.boot(SCRIPT, VmOptions(), tmp_path, told.append)
    assert waits[2:] == [Acceleration.EMULATION]
    assert len(probes) == 1
    with pytest.raises(BootError):
        boot.boot(SCRIPT, VmOptions(acceleration=Acceleration.KVM), tmp_path, told.append)


def test_file_and_extension_that_never_get_in_end_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def hang(words: object, *, timeout: float, **_: object) -> Completed:
        limits.append(timeout)
        raise HungError("ssh was ended: its time was up")

    monkeypatch.setattr(process, "run", hang)
    file = tmp_path / "file"
    file.write_bytes(bytes(ssh.SLOWEST))
    machine = _Going(tmp_path).machine
    with pytest.raises(VmError, match="did not get to /etc/file in vm1 in 61 s"):
        ssh.send(machine, file, "/etc/file")
    with pytest.raises(VmError, match="did not merge nothing in"):
        monkeypatch.setattr(ssh, "send", lambda *_: None)
        extensions.merge(machine, [(file, "nothing")])
    assert limits == [61.0, extensions.SECONDS]


@pytest.mark.parametrize(("status", "starts"), [(139, boot.TRIES), (-6, boot.TRIES), (1, 1), (137, 1)])
def test_qemu_that_crashes_is_started_again(
    status: int, starts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines: list[_Going] = []

    class Gone(_Going):
        process = SimpleNamespace(returncode=status)

        def ended(self) -> bool:
            return True

    def begin(*_: object) -> _Going:
        machines.append(Gone(tmp_path))
        return machines[-1]

    monkeypatch.setattr(start, "check_qemu", lambda script: None)
    monkeypatch.setattr(start, "start", begin)
    monkeypatch.setattr(boot, "end", lambda running: None)
    said: list[str] = []
    with pytest.raises(BootError, match="vm1 is gone"):
        boot.boot(SCRIPT, VmOptions(acceleration=Acceleration.EMULATION), tmp_path, said.append)
    assert len(machines) == starts
    assert sum("starting it again" in line for line in said) == starts - 1
