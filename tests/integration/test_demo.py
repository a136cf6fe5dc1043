"""``overlaytool demo`` shows the main job on copies, and leaves them to be played with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

STABLE = "sdk_container/src/third_party/portage-stable"
OVERLAY = "sdk_container/src/third_party/coreos-overlay"


def test_the_demo_adds_both_packages_to_a_copy(run_cli: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    result = run_cli("demo")
    found = re.search(r"^\$ cd (.+)$", result.stdout, re.MULTILINE)
    assert found
    checkout = Path(found[1])
    assert checkout.is_relative_to(tmp_path)
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    changed = {line[3:] for line in status.splitlines()}
    assert f"{STABLE}/sys-process/htop/htop-3.5.3.ebuild" in changed
    assert f"{STABLE}/app-misc/screen/files/screenrc" in changed
    assert f"{OVERLAY}/coreos-base/coreos/coreos-0.0.1-r321.ebuild" in changed
    assert "overlaytool.toml" not in changed
    for path in changed:
        assert path in result.stdout
    assert result.stdout.count("into the image on amd64-usr, arm64-usr") == 1
    assert "+\tsys-process/htop" in result.stdout
    assert "+\tapp-misc/screen" in result.stdout


def test_the_next_steps_that_the_demo_names_work(run_cli: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    shown = run_cli("demo").stdout
    found = re.search(r"^\$ cd (.+)$", shown, re.MULTILINE)
    assert found
    checkout = Path(found[1])
    commands = re.findall(r"^    overlaytool (\w+) (\S+)", shown, re.MULTILINE)
    assert [command for command, _package in commands] == ["why", "plan", "add"]
    statuses = [
        run_cli(command, package, cwd=checkout, check=False).returncode for command, package in commands
    ]
    assert statuses == [0, 42, 12], "the second one shows what build_image will refuse"
