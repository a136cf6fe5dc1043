"""Machines that really boot: one for each release."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import RunCli
from vm_support import listeners, machines, make_ddi, make_sysext

BOOT = 300
"""Seconds that a boot may take under emulation, with other tests beside it."""


@pytest.fixture
def read_only(image_of_main: Path, tmp_path: Path) -> Iterator[Path]:
    """The image on a file system that nobody can write to."""
    place = tmp_path / "read-only"
    place.mkdir()
    subprocess.run(["mount", "--bind", image_of_main, place], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_machine_that_is_kept_is_listed_entered_and_stopped(
    read_only: Path, kept: None, run_cli: RunCli, tmp_path: Path, home: Path
) -> None:
    sysext = make_sysext(tmp_path, "hello", "ID=flatcar\nVERSION_ID=9001.0.0\n", "echo hello from $0")
    sysext = sysext.rename(tmp_path / "hello-1.0-x86-64.raw")
    signed = make_ddi(tmp_path, "signed", "ID=flatcar\nVERSION_ID=9001.0.0\n", "echo signed too")
    certificate = f"{signed}.crt:/etc/verity.d/signed.crt"
    note = tmp_path / "note.txt"
    note.write_text("from the host\n")
    done = run_cli(
        *("vm", "run", "--from", read_only, "--keep", "--copy", note, "--copy", certificate),
        *("--sysext", sysext, "--sysext", signed, "--", "hello; signed"),
        timeout=BOOT,
    )
    assert done.stdout == "hello from /usr/bin/hello\nsigned too\n"
    assert "is running after" in done.stderr
    assert "merged: hello, signed" in done.stderr

    (machine,) = json.loads(run_cli("vm", "list", "--format", "json").stdout)["machines"]
    assert machine["name"] == "vm1"
    assert listeners(machine["port"]) == ["127.0.0.1"]

    inside = run_cli(
        "vm", "ssh", "--", "cat note.txt; findmnt -no FSTYPE /usr | tail -1; exit 3", check=False
    )
    assert inside.returncode == 3
    assert inside.stdout.splitlines()[0] == "from the host"
    words = run_cli("vm", "ssh", "vm1", "--", "printf", "%s|", "two words", "$HOME")
    assert words.stdout == "two words|$HOME|"

    taken = run_cli("vm", "run", "--from", read_only, "--name", "vm1", "--", "true", check=False)
    assert taken.returncode == 17
    port = run_cli("vm", "run", "--from", read_only, "--port", machine["port"], "--", "true", check=False)
    assert f"port {machine['port']} on 127.0.0.1 cannot be used: Address already in use" in port.stderr

    assert run_cli("vm", "stop").stdout == "vm1 has ended\n"
    assert listeners(machine["port"]) == []
    assert [path.name for path in (home / ".local/state/overlaytool/vm").iterdir()] == ["logs"]


def test_older_release_boots_and_says_how_it_is(
    image_of_3665: Path, run_cli: RunCli, tmp_path: Path, home: Path
) -> None:
    before = shutil.disk_usage(image_of_3665).used
    done = run_cli(
        *("vm", "run", "--from", image_of_3665, "--format", "json", "--", "echo out; exit 7"),
        check=False,
        timeout=BOOT,
    )
    assert done.returncode == 7
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert document["result"] == {"command": "echo out; exit 7", "status": 7, "output": "out"}
    health = document["health"]
    assert (health["state"], health["os_id"], health["version"]) == ("running", "flatcar", "9001.0.0")
    assert health["findings"] == []
    console = Path(document["machine"]["console"]).read_text(errors="replace")
    assert "Linux version" in console
    assert machines(home) == []
    assert shutil.disk_usage(image_of_3665).used < before + (64 << 20)


def test_extension_of_another_version_is_refused_by_the_machine(
    image_of_3665: Path, run_cli: RunCli, tmp_path: Path, home: Path
) -> None:
    sysext = make_sysext(tmp_path, "stranger", "ID=flatcar\nVERSION_ID=1.2.3\n", "true")
    done = run_cli(
        "vm", "run", "--from", image_of_3665, "--sysext", sysext, "--", "stranger", check=False, timeout=BOOT
    )
    assert done.returncode == 32
    assert "does not merge stranger" in done.stderr
    assert machines(home) == []
