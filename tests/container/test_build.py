"""The whole way: import, emerge from source, rebuild the image, boot it; a system extension for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from container_support import add_package, git, podman, prepare
from msgspec import Struct
from support import ROOT, RunCli, surroundings
from vm_support import machines

GREETER = r"""
src_compile() {
	printf '#include <stdio.h>\nint main(void) { return puts("greeter 1.0") < 0; }\n' > greeter.c || die
	"${CHOST}-gcc" -o greeter greeter.c || die
}
src_install() { dobin greeter; }
"""


class Workshop(Struct, frozen=True, kw_only=True):
    """A checkout to which htop and screen were added, with the images that were built and booted."""

    scripts: Path
    home: Path
    sdk: tuple[str, ...]
    """Options for the container."""
    first: str
    """What the image without them said, standard output."""
    added: subprocess.CompletedProcess[str]
    """``add … --build --boot``."""

    @property
    def images(self) -> Path:
        return (self.scripts / "__build__/images/images/amd64-usr/latest").resolve()

    def run(
        self, *words: str | Path, check: bool = True, timeout: float = 240
    ) -> subprocess.CompletedProcess[str]:
        return _run(self.home, self.scripts, words, check=check, timeout=timeout)

    def evidence(self) -> dict[str, dict[str, str]]:
        """What was tried, by stage."""
        kept = (self.home / ".local/state/overlaytool/evidence").glob("*.jsonl")
        lines = [json.loads(line) for file in kept for line in file.read_text().splitlines()]
        return {line["stage"]: line for line in lines}


def _run(
    home: Path, scripts: Path, words: tuple[str | Path, ...], *, check: bool = True, timeout: float
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "overlaytool", "-C", scripts, *map(str, words)],
        cwd=home,
        env={**surroundings(home), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        pytest.fail(f"overlaytool {words}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


@pytest.fixture(scope="module")
def workshop(
    repository_templates: Callable[[str], Path],
    stand_in_root: Path,
    sdk_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Workshop]:
    """Built and booted once for all tests of this file."""
    place, home = tmp_path_factory.mktemp("workshop"), tmp_path_factory.mktemp("home")
    trees = {
        name: shutil.copytree(repository_templates(f"{name}-mini"), place / name, symlinks=True)
        for name in ("flatcar", "gentoo")
    }
    scripts, name = trees["flatcar"], f"overlaytool-test-{uuid.uuid4().hex[:8]}"
    prepare(scripts)
    os.link(stand_in_root, scripts / "sdk_container/.cache/boot-root.tar")
    sdk = ("--board", "amd64-usr", "--image", sdk_image, "--container", name)
    add = ("add", "sys-process/htop", "app-misc/screen", "--gentoo", trees["gentoo"], "--yes")
    try:
        first = _run(home, scripts, ("sdk", "image", *sdk), timeout=240)
        added = _run(home, scripts, (*add, "--build", "--boot", *sdk), timeout=600)
        yield Workshop(scripts=scripts, home=home, sdk=sdk, first=first.stdout, added=added)
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)


def test_arm64_has_a_board_root_of_its_own(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    options = ("--board", "arm64-usr", "--image", sdk_image, "--container", container_name)
    done = run_cli("-C", scripts, "sdk", "emerge", "acct-group/utmp", *options, "--only", "emerge")
    assert "building acct-group/utmp-0-r3" in done.stderr
    podman("start", container_name)
    contents = podman("exec", container_name, "cat", "/build/arm64-usr/var/db/pkg/acct-group/utmp-0-r3/CHOST")
    assert contents == "aarch64-cros-linux-gnu"


def test_system_that_stands_in_for_flatcars_has_what_its_image_is_made_of(stand_in_root: Path) -> None:
    with tarfile.open(stand_in_root) as tar:
        names = set(tar.getnames())
    assert {"./boot/vmlinuz", "./boot/initrd", "./usr/sbin/sshd", "./usr/bin/systemd-sysext"} <= names


@pytest.mark.vm
@pytest.mark.timeout(900)  # builds two images and boots one
def test_added_packages_are_emerged_from_source_and_end_up_in_the_image(workshop: Workshop) -> None:
    assert "no image before it to compare with" in workshop.first
    assert workshop.first.splitlines()[-1] == "boot it: overlaytool vm run --board amd64-usr"
    added = workshop.added
    for words in ("building sys-process/htop-3.4.1-r2", "building app-misc/screen-", "vm-image: done"):
        assert words in added.stderr
    assert "+ sys-process/htop-3.4.1-r2::portage-stable" in added.stdout
    assert "+ app-misc/screen-" in added.stdout
    assert "+ /usr/bin/htop" in added.stdout
    assert (workshop.images / "flatcar_production_qemu_uefi.sh").stat().st_mode & 0o100
    assert podman("inspect", "--format", "{{.State.Running}}", workshop.sdk[-1]) == "false"
    changed = git(workshop.scripts, "status", "--porcelain").splitlines()
    assert not [line for line in changed if "version.txt" in line or ".sdkenv" in line]


@pytest.mark.vm
def test_added_programs_run_in_the_image_that_boots(workshop: Workshop) -> None:
    said = workshop.added.stdout
    booted = said[said.index("booted: flatcar 9001.0.0 is running") :]
    assert "✓ /usr/bin/htop speaks (sys-process/htop-3.4.1-r2): htop 3.4.1" in booted
    assert "✓ /usr/bin/screen speaks (app-misc/screen-" in booted
    assert machines(workshop.home) == []
    tried = workshop.evidence()
    assert {stage: entry["outcome"] for stage, entry in tried.items()} == dict.fromkeys(
        ("emerge", "image", "vm", "boot"), "passed"
    )
    assert "$ htop --version\nhtop 3.4.1" in tried["boot"]["output"]


@pytest.mark.vm
def test_htop_is_shown_at_work_in_screen_with_a_picture(workshop: Workshop) -> None:
    said = workshop.added.stdout
    assert "✓ the terminal after `screen htop`:" in said
    shown = said[said.index("the terminal after") :]
    processes = re.findall(r"│ +\d+ +\d+  (\S+)$", shown, re.MULTILINE)
    assert len(processes) > 15  # what fits below each other; the heading has scrolled away
    (picture,) = (workshop.home / ".local/state/overlaytool/pictures").iterdir()
    assert f"a picture of the terminal, for the pull request: {picture}" in workshop.added.stderr
    text = "".join(ElementTree.parse(picture).getroot().itertext())
    assert all(process in text for process in processes)
    assert "$ screen htop\n" in workshop.evidence()["boot"]["output"]


@pytest.mark.vm
def test_image_that_is_there_is_not_built_again(workshop: Workshop) -> None:
    again = workshop.run("sdk", "image", *workshop.sdk, "--format", "json")
    (result,) = json.loads(again.stdout)["builds"]
    assert result["gain"]["packages_removed"] == ["coreos-base/coreos-0.0.1-r320::coreos-overlay"]
    assert "not done again" in again.stderr


@pytest.mark.vm
def test_extension_that_was_built_is_merged_by_its_image(workshop: Workshop) -> None:
    add_package(workshop.scripts, "app-misc/greeter-1", GREETER)
    url = "https://example.org/sysexts"
    build = ("sysext", "build", "tools", "app-misc/greeter", *workshop.sdk, "--sysupdate", url)
    built = workshop.run(*build)
    assert "DDI: erofs, verity, signature" in built.stdout
    assert "tools.raw in " in built.stdout
    assert "will be merged" in built.stdout

    made = workshop.images / "sysext"
    assert f"Path={url}\n" in (made / "tools.conf").read_text()
    assert "  tools-9001.0.0-x86-64.raw\n" in (made / "SHA256SUMS").read_text()

    inside = workshop.run(
        *("vm", "run", "--from", workshop.images, "--copy", f"{made}/tools.raw.crt:/etc/verity.d/tools.crt"),
        *("--timeout", "300", "--sysext", made / "tools.raw", "--", "greeter"),
        timeout=420,
    )
    assert inside.stdout == "greeter 1.0\n"
    assert "merged: tools" in inside.stderr
    assert machines(workshop.home) == []


def test_extension_needs_an_image_that_it_belongs_to(
    scripts: Path, sdk_image: str, container_name: str, run_cli: RunCli
) -> None:
    sdk = ("--board", "amd64-usr", "--image", sdk_image, "--container", container_name)
    early = run_cli("-C", scripts, "sysext", "build", "tools", "sys-process/htop", *sdk, check=False)
    assert early.returncode == 22
    assert "there is no image of amd64-usr that a system extension could belong to" in early.stderr
