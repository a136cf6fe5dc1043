"""All the way: import, emerge, build the image, boot it, see the programs that were emerged run in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support import RunCli
from vm_support import machines


@pytest.mark.vm
def test_added_programs_run_in_the_image_that_boots(
    scripts: Path,
    stand_in_root: Path,
    gentoo_tree: Path,
    sdk_image: str,
    container_name: str,
    run_cli: RunCli,
    home: Path,
) -> None:
    os.link(stand_in_root, scripts / "sdk_container/.cache/boot-root.tar")
    options = ("--image", sdk_image, "--container", container_name)
    add = ("add", "sys-process/htop", "app-misc/screen", "--gentoo", gentoo_tree, "--board", "amd64-usr")
    done = run_cli("-C", scripts, *add, "--yes", "--build", "--boot", *options, timeout=600)

    assert "building sys-process/htop-3.4.1-r2" in done.stderr
    booted = done.stdout[done.stdout.index("booted: flatcar 9001.0.0 is running") :]
    assert "✓ /usr/bin/htop speaks (sys-process/htop-3.4.1-r2): htop 3.4.1" in booted
    assert "✓ /usr/bin/screen speaks (app-misc/screen-" in booted
    assert machines(home) == []

    kept = (home / ".local/state/overlaytool/evidence").glob("*.jsonl")
    (boot,) = [
        entry
        for file in kept
        for line in file.read_text().splitlines()
        if (entry := json.loads(line))["stage"] == "boot"
    ]
    assert boot["outcome"] == "passed"
    assert "$ htop --version\nhtop 3.4.1" in boot["output"]
