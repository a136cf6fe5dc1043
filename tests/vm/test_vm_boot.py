"""A machine that really boots, of the older release; the newer one's is in tests/container/test_build.py."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import RunCli
from vm_support import listeners, machines, make_ddi, make_sysext

BOOT = 400
"""Seconds that a boot may take under emulation, on a machine ten times slower than ours, too."""
OURS = "ID=flatcar\nVERSION_ID=9001.0.0\n"


@pytest.fixture
def read_only(image_of_3665: Path, tmp_path: Path) -> Iterator[Path]:
    """The image on a file system that nobody can write to."""
    place = tmp_path / "read-only"
    place.mkdir()
    subprocess.run(["mount", "--bind", image_of_3665, place], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_machine_that_is_kept_is_listed_entered_and_stopped(
    read_only: Path, kept: None, run_cli: RunCli, tmp_path: Path, home: Path
) -> None:
    sysext = make_sysext(tmp_path, "hello", OURS, "echo hello from $0")
    sysext = sysext.rename(tmp_path / "hello-1.0-x86-64.raw")
    signed = make_ddi(tmp_path, "signed", OURS, "echo signed too")
    stranger = make_sysext(tmp_path, "stranger", "ID=flatcar\nVERSION_ID=1.2.3\n", "true")
    note = tmp_path / "note.txt"
    note.write_text("from the host\n")
    done = run_cli(
        *(
            "vm",
            "run",
            "--from",
            read_only,
            "--keep",
            "--format",
            "json",
            "--timeout",
            str(BOOT),
            "--copy",
            note,
            "--copy",
            stranger,
        ),
        *("--copy", f"{signed}.crt:/etc/verity.d/signed.crt", "--sysext", sysext, "--sysext", signed),
        *("--", "hello; signed; exit 7"),
        check=False,
        timeout=BOOT + 120,
    )
    assert done.returncode == 7, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    said = {
        "command": "hello; signed; exit 7",
        "status": 7,
        "output": "hello from /usr/bin/hello\nsigned too",
    }
    assert document["result"] == said
    assert document["merged"] == ["hello", "signed"]
    health = document["health"]
    assert (health["state"], health["os_id"], health["version"]) == ("running", "flatcar", "9001.0.0")
    assert health["findings"] == []
    assert "Linux version" in Path(document["machine"]["console"]).read_text(errors="replace")

    (machine,) = json.loads(run_cli("vm", "list", "--format", "json").stdout)["machines"]
    assert machine == document["machine"]
    assert listeners(machine["port"]) == ["127.0.0.1"]
    _commands_get_in(run_cli)
    _another_machine_does_not_take_its_place(run_cli, read_only, machine["port"])
    _extension_of_another_version_is_refused(run_cli, read_only, stranger)

    assert run_cli("vm", "stop").stdout == "vm1 has ended\n"
    assert listeners(machine["port"]) == []
    assert machines(home) == []
    assert [path.name for path in (home / ".local/state/overlaytool/vm").iterdir()] == ["logs"]


def _commands_get_in(run_cli: RunCli) -> None:
    inside = run_cli(
        "vm", "ssh", "--", "cat note.txt; findmnt -no FSTYPE /usr | tail -1; exit 3", check=False
    )
    assert inside.returncode == 3
    assert inside.stdout.splitlines()[0] == "from the host"
    words = run_cli("vm", "ssh", "vm1", "--", "printf", "%s|", "two words", "$HOME")
    assert words.stdout == "two words|$HOME|"


def _another_machine_does_not_take_its_place(run_cli: RunCli, image: Path, port: int) -> None:
    taken = run_cli("vm", "run", "--from", image, "--name", "vm1", "--", "true", check=False)
    assert taken.returncode == 17
    wanted = run_cli("vm", "run", "--from", image, "--port", str(port), "--", "true", check=False)
    assert wanted.returncode == 34
    assert f"port {port} on 127.0.0.1 cannot be used: Address already in use" in wanted.stderr


def _extension_of_another_version_is_refused(run_cli: RunCli, image: Path, stranger: Path) -> None:
    """By ``sysext check`` and by systemd-sysext alike, the very same file."""
    disk = image / "flatcar_production_qemu_image.img"
    checked = run_cli("sysext", "check", stranger, "--image", disk, "--format", "json", check=False)
    assert checked.returncode == 1, checked.stderr
    (found,) = json.loads(checked.stdout)["checks"]
    assert [each["reference"] for each in found["problems"] if each["severity"] == "error"] == ["version"]

    put_in = "sudo cp stranger.raw /etc/extensions/ && sudo systemd-sysext refresh 2>&1"
    refused = run_cli("vm", "ssh", "--", put_in, check=False)
    merged = run_cli("vm", "ssh", "--", "systemd-sysext status --no-legend; stranger", check=False)
    assert "hello" in merged.stdout
    assert "stranger" not in merged.stdout
    assert merged.returncode == 127
    assert "Using extensions 'hello', 'signed'.\n" in refused.stdout
