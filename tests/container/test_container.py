"""The container itself: how it is made, what it sees, what gets through to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from container_support import git, podman
from support import RunCli

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import find
from overlaytool.sdk import engine as engines
from overlaytool.sdk import wrapper
from overlaytool.sdk.container import Container
from overlaytool.sdk.engine import EngineKind

NASTY = (
    "plain",
    "two words",
    "it's",
    '"quoted"',
    "$HOME and $(id) and `id`",
    "back\\slash \\n",
    "!history",
    "*",
    "",
    "--option=a b",
    "line\nbreak",
    "~",
    "#comment; echo & |",
)


def opened(scripts: Path, image: str, name: str, state: Path) -> Container:
    """The container, not made yet."""
    checkout = find(scripts)
    client = engines.find(EngineKind.PODMAN)
    return Container(
        engine=client,
        checkout=checkout,
        wrapper=wrapper.look(checkout, client),
        name=name,
        image=image,
        chosen=True,
        build_id="test-1",
        state=state,
    )


@pytest.mark.parametrize("direct", [False, True])
def test_arguments_arrive_as_they_were_given(
    direct: bool, scripts: Path, sdk_image: str, container_name: str, tmp_path: Path
) -> None:
    if direct:
        git(scripts, "tag", "--delete", "main-9001.0.0-nightly-20260821-2100")
    container = opened(scripts, sdk_image, container_name, tmp_path)
    assert bool(container.wrapper.obstacle) is direct
    container.create()
    with container.up():
        done = container.execute(("python3", "-c", "import sys; print(sys.argv[1:], end='#')", *NASTY))
        build_id = container.execute(("sh", "-c", 'echo "id=$FLATCAR_BUILD_ID"'))
    assert f"{list(NASTY)}#" in done.text
    assert "id=test-1" in build_id.text


def test_wrapper_makes_the_container_for_an_ordinary_user(
    scripts: Path, sdk_image: str, container_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = opened(scripts, sdk_image, container_name, tmp_path)
    assert "root" in str(container.reason_for_direct_creation())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert container.reason_for_direct_creation() is None
    before = (scripts / "sdk_container/.repo/manifests/version.txt").read_bytes()
    container.create()
    assert container.running() is False
    with container.up():
        container.check_mounts()
        assert container.running()
    assert (scripts / "sdk_container/.repo/manifests/version.txt").read_bytes() == before
    assert git(scripts, "status", "--porcelain") == ""


def test_exit_status_comes_through(
    scripts: Path, sdk_image: str, container_name: str, tmp_path: Path
) -> None:
    container = opened(scripts, sdk_image, container_name, tmp_path)
    container.create()
    with container.up():
        assert container.execute(("sh", "-c", "exit 7")).status == 7


def test_container_of_another_checkout_is_refused(
    scripts: Path, checkout_3665: Path, sdk_image: str, container_name: str, tmp_path: Path
) -> None:
    opened(scripts, sdk_image, container_name, tmp_path).create()
    other = opened(checkout_3665, sdk_image, container_name, tmp_path)
    with other.up(), pytest.raises(SdkError, match="does not see the checkout"):
        other.check_mounts()


@pytest.mark.parametrize("program", ["gzip", "cat"])
def test_image_is_loaded_from_a_tarball(program: str, engine: None, tmp_path: Path) -> None:
    reference = f"localhost/overlaytool-tiny:{program}"
    (tmp_path / "file").write_text("content")
    subprocess.run(["tar", "-cf", tmp_path / "root.tar", "-C", tmp_path, "file"], check=True)
    podman("import", "--quiet", tmp_path / "root.tar", reference)
    podman("save", "--quiet", "--output", tmp_path / "image.tar", reference)
    podman("rmi", reference)
    with (tmp_path / "image.tar").open("rb") as source, (tmp_path / "image").open("wb") as packed:
        subprocess.run([program], stdin=source, stdout=packed, check=True)
    client = engines.find(EngineKind.PODMAN)
    assert client.image(reference) is None
    try:
        assert client.load(tmp_path / "image") == reference
        assert client.image(reference)
    finally:
        podman("rmi", reference, check=False)


def test_file_that_is_no_image_is_refused(engine: None, tmp_path: Path) -> None:
    (tmp_path / "image.tar.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(SdkError, match="could not be loaded"):
        engines.find(EngineKind.PODMAN).load(tmp_path / "image.tar.gz")


def test_doctor_tries_the_image(scripts: Path, sdk_image: str, run_cli: RunCli) -> None:
    done = run_cli("-C", scripts, "doctor", "--engine", "podman", "--image", sdk_image, check=False)
    line = next(text for text in done.stdout.splitlines() if "SDK image" in text)
    assert line.startswith("ok")
    assert "a container of it starts" in line


@pytest.mark.skipif(not shutil.which("docker"), reason="needs docker's client")
def test_dockers_client_and_docker_host_are_used_as_they_are_set(
    scripts: Path,
    sdk_image: str,
    container_name: str,
    run_cli: RunCli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    socket = tmp_path / "podman.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    options = ("--engine", "docker", "--image", sdk_image, "--container", container_name)
    refused = run_cli("-C", scripts, "sdk", "emerge", *options, check=False)
    assert refused.returncode == 21
    assert str(socket) in refused.stderr
    service = subprocess.Popen(
        ["podman", "system", "service", "--time", "0", f"unix://{socket}"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert service.poll() is None
            assert time.monotonic() < deadline, "podman's service did not come up"
            time.sleep(0.1)
        done = run_cli("-C", scripts, "sdk", "emerge", *options, "--only", "metapackage")
    finally:
        service.kill()
        service.wait()
    assert "metapackage: done" in done.stderr
