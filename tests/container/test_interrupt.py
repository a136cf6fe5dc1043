"""Builds that are broken off: nothing of ours stays, nobody else's is touched."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from container_support import add_package, podman
from support import ROOT, RunCli

SLEEPS = f"sleep {random.randrange(100_000, 999_999)}"
"""What the package compiles: a command that no other test runs at the same time."""
PATIENCE = 180
"""Seconds after which something is wrong, on a machine ten times slower than ours, too."""

Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(scripts: Path, sdk_image: str, container_name: str, tmp_path: Path) -> Iterator[Begin]:
    """Starts a build of a package that compiles for ever, and waits until it does."""
    add_package(scripts, "sys-apps/sleeps-1", f"src_compile() {{ {SLEEPS}; }}")
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> subprocess.Popen[str]:
        words = ("-C", scripts, "sdk", "emerge", "sys-apps/sleeps", "--image", sdk_image)
        process = subprocess.Popen(
            [sys.executable, "-m", "overlaytool", *map(str, words), "--container", container_name],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        wait(lambda: sleeping(container_name), f"the build never began to compile: {process.poll()}")
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(PATIENCE)


def sleeping(container: str) -> bool:
    """Whether the package is being compiled in the container."""
    return SLEEPS in podman("top", container, "args", check=False)


def wait(condition: Callable[[], bool], message: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.2)


def test_ctrl_c_ends_the_command_in_a_container_that_others_use(
    begin: Begin, container_name: str, scripts: Path, sdk_image: str, run_cli: RunCli
) -> None:
    run_cli(
        "-C", scripts, "sdk", "emerge", "--only", "start", "--image", sdk_image, "--container", container_name
    )
    podman("start", container_name)
    podman("exec", "--detach", container_name, "sleep", "815")
    process = begin()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, output
    go_on = "overlaytool sdk emerge sys-apps/sleeps --board amd64-usr --from emerge goes on from there"
    assert go_on in output
    left = podman("top", container_name, "args")
    assert SLEEPS not in left
    assert "emerge" not in left
    assert "sleep 815" in left


def test_termination_stops_a_container_that_the_build_had_started(begin: Begin, container_name: str) -> None:
    process = begin()
    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143, output
    assert podman("inspect", "--format", "{{.State.Running}}", container_name) == "false"
    assert SLEEPS not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_second_build_in_one_container_is_refused(
    begin: Begin, container_name: str, scripts: Path, sdk_image: str, run_cli: RunCli
) -> None:
    process = begin()
    done = run_cli(
        *("-C", scripts, "sdk", "image", "--image", sdk_image, "--container", container_name), check=False
    )
    assert done.returncode == 17
    assert f"process {process.pid}" in done.stderr
    assert sleeping(container_name)


def test_leftovers_of_a_killed_overlaytool_end_with_the_next_build(
    begin: Begin, container_name: str, scripts: Path, sdk_image: str, run_cli: RunCli
) -> None:
    process = begin()
    process.kill()
    process.wait()
    assert sleeping(container_name)
    options = ("--image", sdk_image, "--container", container_name)
    run_cli("-C", scripts, "sdk", "emerge", *options, "--only", "start")
    assert podman("inspect", "--format", "{{.State.Running}}", container_name) == "false"


def test_container_that_is_killed_is_noticed(begin: Begin, container_name: str) -> None:
    process = begin()
    podman("kill", container_name)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 22
    assert f"the container {container_name} has ended" in output
    assert "--from emerge" in output


def test_engine_that_goes_away_is_noticed_and_its_leftovers_end_with_the_next_build(
    begin: Begin, container_name: str, tmp_path: Path, scripts: Path, sdk_image: str, run_cli: RunCli
) -> None:
    socket = f"unix://{tmp_path}/podman.sock"
    service = subprocess.Popen(
        ["podman", "system", "service", "--time", "0", socket], stderr=subprocess.DEVNULL
    )
    try:
        wait(Path(f"{tmp_path}/podman.sock").exists, "podman's service did not come up")
        process = begin(CONTAINER_HOST=socket, PATH=_without_docker(tmp_path))
    finally:
        service.kill()
        service.wait(PATIENCE)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 22, output
    assert "podman does not answer any more" in output
    assert sleeping(container_name)
    options = ("--image", sdk_image, "--container", container_name)
    run_cli("-C", scripts, "sdk", "emerge", *options, "--only", "start")
    assert not sleeping(container_name)


def _without_docker(tmp_path: Path) -> str:
    """A PATH on which podman is the only engine."""
    place = tmp_path / "bin"
    place.mkdir()
    for directory in reversed(os.environ["PATH"].split(":")):
        for program in Path(directory).glob("*"):
            if program.name != "docker":
                link = place / program.name
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return str(place)
