"""The whole way: import, emerge from source, rebuild the image, find the files in it."""

from __future__ import annotations

import json
from pathlib import Path

import disk_image as disk
from container_support import git, podman
from support import RunCli


def test_arm64_has_a_board_root_of_its_own(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    options = ("--board", "arm64-usr", "--image", sdk_image, "--container", container_name)
    done = run_cli("-C", scripts, "sdk", "emerge", "acct-group/utmp", *options, "--only", "emerge")
    assert "building acct-group/utmp-0-r3" in done.stderr
    podman("start", container_name)
    contents = podman("exec", container_name, "cat", "/build/arm64-usr/var/db/pkg/acct-group/utmp-0-r3/CHOST")
    assert contents == "aarch64-cros-linux-gnu"


def test_added_packages_are_emerged_from_source_and_end_up_in_the_image(
    scripts: Path,
    gentoo_tree: Path,
    sdk_image: str,
    container_name: str,
    run_cli: RunCli,
    tmp_path: Path,
    home: Path,
) -> None:
    options = ("--image", sdk_image, "--container", container_name)
    first = run_cli("-C", scripts, "sdk", "image", *options, timeout=300)
    assert "no image before it to compare with" in first.stdout
    assert first.stdout.splitlines()[-1] == "boot it: overlaytool vm run --board amd64-usr"

    add = ("add", "sys-process/htop", "app-misc/screen", "--gentoo", gentoo_tree, "--board", "amd64-usr")
    done = run_cli("-C", scripts, *add, "--yes", "--build", *options, timeout=300)

    for words in ("building sys-process/htop-3.4.1-r2", "building app-misc/screen-", "vm-image: done"):
        assert words in done.stderr
    assert "+ sys-process/htop-3.4.1-r2::portage-stable" in done.stdout
    assert "+ app-misc/screen-" in done.stdout
    assert "+ /usr/bin/htop" in done.stdout

    images = scripts / "__build__/images/images/amd64-usr/latest"
    for image in ("flatcar_production_image.bin", "flatcar_production_qemu_uefi_image.img"):
        disk.extract(images / image, "USR-A", tmp_path / "usr.ext4")
        for program in ("bin/htop", "bin/screen"):
            assert disk.read_file(tmp_path / "usr.ext4", program).startswith(b"\x7fELF")
    assert (images / "flatcar_production_qemu_uefi.sh").stat().st_mode & 0o100
    assert podman("inspect", "--format", "{{.State.Running}}", container_name) == "false"

    kept = (home / ".local/state/overlaytool/evidence").glob("*.jsonl")
    tried = [json.loads(line) for file in kept for line in file.read_text().splitlines()]
    assert {entry["stage"] for entry in tried if entry["outcome"] == "passed"} == {"emerge", "image", "vm"}

    changed = git(scripts, "status", "--porcelain").splitlines()
    assert not [line for line in changed if "version.txt" in line or ".sdkenv" in line]

    again = run_cli("-C", scripts, "sdk", "image", *options, "--format", "json", timeout=300)
    (result,) = json.loads(again.stdout)["builds"]
    assert result["gain"]["packages_removed"] == ["coreos-base/coreos-0.0.1-r320::coreos-overlay"]
    assert "not done again" in again.stderr
