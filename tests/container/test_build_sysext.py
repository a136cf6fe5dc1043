"""A system extension of an imported package: built, checked, and merged by the image that it is for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import RunCli
from vm_support import machines


@pytest.mark.vm
def test_extension_that_was_built_is_merged_by_its_image(
    scripts: Path,
    stand_in_root: Path,
    gentoo_tree: Path,
    sdk_image: str,
    container_name: str,
    run_cli: RunCli,
    home: Path,
) -> None:
    os.link(stand_in_root, scripts / "sdk_container/.cache/boot-root.tar")
    sdk = ("--board", "amd64-usr", "--image", sdk_image, "--container", container_name)
    early = run_cli("-C", scripts, "sysext", "build", "tools", "sys-process/htop", *sdk, check=False)
    assert early.returncode == 22
    assert "there is no image of amd64-usr that a system extension could belong to" in early.stderr

    run_cli("-C", scripts, "sdk", "emerge", *sdk, timeout=600)
    run_cli("-C", scripts, "sdk", "image", *sdk, timeout=600)
    add = (
        "add",
        "sys-process/htop",
        "--into",
        "board",
        "--gentoo",
        gentoo_tree,
        "--board",
        "amd64-usr",
        "--yes",
    )
    run_cli("-C", scripts, *add)
    url = "https://example.org/sysexts"
    built = run_cli(
        *("-C", scripts, "sysext", "build", "tools", "sys-process/htop", *sdk, "--sysupdate", url),
        timeout=600,
    )
    assert "DDI: erofs, verity, signature" in built.stdout
    assert "tools.raw in " in built.stdout
    assert "will be merged" in built.stdout

    images = (scripts / "__build__/images/images/amd64-usr/latest").resolve()
    made = images / "sysext"
    assert f"Path={url}\n" in (made / "tools.conf").read_text()
    assert "  tools-9001.0.0-x86-64.raw\n" in (made / "SHA256SUMS").read_text()

    inside = run_cli(
        *("vm", "run", "--from", images, "--copy", f"{made}/tools.raw.crt:/etc/verity.d/tools.crt"),
        *("--sysext", made / "tools.raw", "--", "htop", "--version"),
        timeout=600,
    )
    assert inside.stdout == "htop 3.4.1\n"
    assert "merged: tools" in inside.stderr
    assert machines(home) == []
