"""The checkout's own run_sdk_container: what it can do, and how to get words through it unharmed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import CheckoutError
from overlaytool.flatcar.checkout import VERSION_FILE, Checkout
from overlaytool.sdk import faults
from overlaytool.sdk.engine import Engine, EngineKind, is_podman_in_disguise
from overlaytool.support import process
from overlaytool.support.assignments import assignments

SCRIPT = "run_sdk_container"
AUTOMATION = "ci_automation_common.sh"
"""Where run_sdk_container has its way to get an image from."""
ENVIRONMENT_FILE = Path("sdk_container/.sdkenv")


class Wrapper(Struct, frozen=True, kw_only=True):
    """What this checkout's run_sdk_container knows and needs."""

    path: Path
    keeps_version: bool
    """It has ``-U``: it can leave version.txt alone."""
    ends_options: bool
    """It has ``--``."""
    temporary_directory: bool
    """It gives the container a /tmp of its own."""
    pulls: bool
    """It pulls Flatcar's image when it makes a container, even where the image is here already."""
    obstacle: str | None
    """Why it cannot be used here at all; None where it can."""

    def command(self, name: str, words: Sequence[str], *, image: str | None = None) -> tuple[str, ...]:
        """The command that runs ``words`` in the container, without changing version.txt where possible."""
        version = version_values(self.path.parent)
        options = ["-n", name]
        if self.keeps_version:
            options.append("-U")
        else:
            options += ["-v", version["FLATCAR_VERSION"], "-V", version["FLATCAR_SDK_VERSION"]]
        if image:
            options += ["-C", image]
        if self.ends_options:
            options.append("--")
        return (str(self.path), *options, *map(quote, words))


def quote(word: str) -> str:
    """A word as it survives sdk_entry.sh, which puts it between double quotes within single quotes.

    The double quotes are read by the inner bash: there ``\\``, ``"``, ``$`` and `````` mean something. The
    single quotes are read by the outer shell, and a single quote has to leave them for a moment.
    """
    return re.sub(r'([\\"$`])', r"\\\1", word).replace("'", "'\\''")


def look(checkout: Checkout, engine: Engine) -> Wrapper:
    """Read the wrapper.

    :raises CheckoutError: when the checkout has none.
    """
    path = checkout.path / SCRIPT
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CheckoutError(
            f"{path} cannot be read: {error.strerror}",
            hint="building needs a whole checkout of flatcar/scripts, from alpha-3665.0.0 on",
        ) from error
    return Wrapper(
        path=path,
        keeps_version=bool(re.search(r"^\s*-U\)", text, re.MULTILINE)),
        ends_options=bool(re.search(r"^\s*--\)", text, re.MULTILINE)),
        temporary_directory="--tmpfs" in text,
        pulls=AUTOMATION not in text or faults.pulls_loaded_image(checkout),
        obstacle=_obstacle(checkout, engine),
    )


def version_values(checkout: Path) -> Mapping[str, str]:
    """version.txt: FLATCAR_VERSION, FLATCAR_VERSION_ID, FLATCAR_BUILD_ID, FLATCAR_SDK_VERSION.

    :raises CheckoutError: when it cannot be read, or lacks a version.
    """
    path = checkout / VERSION_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckoutError(f"{path} cannot be read: {error}") from error
    values = assignments(text)
    for name in ("FLATCAR_VERSION", "FLATCAR_SDK_VERSION"):
        if not values.get(name):
            raise CheckoutError(f"{path} names no {name}", hint=f"git checkout -- {VERSION_FILE}")
    return values


@contextmanager
def version_kept(checkout: Path) -> Iterator[None]:
    """Put version.txt back: it is tracked, and run_sdk_container without ``-U`` writes it."""
    path = checkout / VERSION_FILE
    before = path.read_bytes()
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_bytes() != before:
                path.write_bytes(before)


def environment(engine: Engine, build_id: str, state: Path) -> dict[str, str]:
    """What the wrapper runs with: the build's id, and a PATH on which it finds the engine that we use.

    It takes docker where there is one. Where that is not our engine, a ``docker`` that is podman stands
    first on PATH, like the one of the package podman-docker.
    """
    values = {**os.environ, "FLATCAR_BUILD_ID": build_id}
    docker = shutil.which("docker")
    if engine.kind is EngineKind.PODMAN and docker and not is_podman_in_disguise(docker):
        shim = state / "podman-docker"
        shim.mkdir(parents=True, exist_ok=True)
        link = shim / "docker"
        podman = shutil.which("podman")
        if podman and not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(podman)
        values["PATH"] = f"{shim}:{values['PATH']}"
    return values


def write_environment_file(checkout: Path, build_id: str) -> None:
    """What the wrapper does before it runs a command, for when the command is run without it."""
    (checkout / ENVIRONMENT_FILE).write_text(
        f'FLATCAR_BUILD_ID="{build_id}"\nexport FLATCAR_BUILD_ID\n', encoding="utf-8"
    )


def _obstacle(checkout: Checkout, engine: Engine) -> str | None:
    if engine.kind is EngineKind.PODMAN and engine.remote:
        return f"{SCRIPT} calls `sudo podman`, which knows nothing of CONTAINER_HOST"
    if engine.kind is EngineKind.PODMAN and not shutil.which("sudo"):
        return f"{SCRIPT} calls `sudo podman`, and there is no sudo"
    if engine.kind is EngineKind.DOCKER and engine.serves_podman():
        return f"{SCRIPT} does not find its container by name when docker's client talks to podman"
    tagged = process.run(("git", "-C", checkout.path, "describe", "--tags"), timeout=60)
    if not tagged.ok:
        return f"{SCRIPT} asks `git describe --tags`, and no tag can be reached from HEAD"
    return None
