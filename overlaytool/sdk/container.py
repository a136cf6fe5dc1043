"""One SDK container, made and entered through the checkout's own run_sdk_container, or just as that does."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import IMAGES, Checkout
from overlaytool.sdk import wrapper
from overlaytool.sdk.engine import Engine
from overlaytool.sdk.wrapper import Wrapper
from overlaytool.support import process
from overlaytool.support.process import Completed, Line

SOURCE = "/mnt/host/source"
SCRIPTS = f"{SOURCE}/src/scripts"
BUILD = f"{SOURCE}/src/build"
ENTRY = f"{SCRIPTS}/sdk_lib/sdk_entry.sh"
CACHE = Path("sdk_container/.cache")
RECORD = "/tmp/overlaytool.stat"
"""Where a command leaves its own line of /proc/PID/stat, for the one who has to end it."""
REMEMBER = f'read -r stat </proc/$$/stat && echo "$stat" >{RECORD}; exec "$@"'
NOBODY_IN_PARTICULAR = 1000
"""The user's id in the container when root builds a checkout of root's: Flatcar's scripts refuse root."""


class Container(Struct, frozen=True, kw_only=True):
    """A container by its name, whether it exists or not."""

    engine: Engine
    checkout: Checkout
    wrapper: Wrapper
    name: str
    image: str
    """The image's reference."""
    chosen: bool
    """The user named the image, so the wrapper takes it with ``-C``; else it is Flatcar's for version.txt."""
    build_id: str
    state: Path
    """Our own directory for what has to outlive a run."""

    def running(self) -> bool | None:
        """Whether it runs; None where there is no such container."""
        answer = self.engine.answer("container", "inspect", "--format", "{{.State.Running}}", self.name)
        return None if answer is None else answer == "true"

    def identity(self) -> str:
        """The engine's id of it; empty where there is no such container."""
        return self.engine.answer("container", "inspect", "--format", "{{.Id}}", self.name) or ""

    def reason_for_direct_creation(self) -> str | None:
        """Why the wrapper cannot make this container; None where it can."""
        if self.wrapper.obstacle:
            return self.wrapper.obstacle
        if os.geteuid() == 0:
            return "root is at work, and Flatcar's scripts refuse root in the container"
        if not self.chosen and self.wrapper.pulls and self.engine.image(self.image):
            return f"{wrapper.SCRIPT} would pull {self.image}, which is here already"
        return None

    def create(self, *, line: Line | None = None, log: Path | None = None) -> None:
        """Make it.

        :raises SdkError: when the engine does not do it.
        """
        for directory in (IMAGES, CACHE / "sdks"):
            (self.checkout.path / directory).mkdir(parents=True, exist_ok=True)
        reason = self.reason_for_direct_creation()
        if reason is None:
            done = self._through_wrapper(
                ("true",), image=self.image if self.chosen else None, line=line, log=log
            )
        else:
            if line:
                line(f"creating the container directly: {reason}")
            done = self.engine.call(*self._creation(), timeout=None, line=line, log=log)
        if not done.ok or self.running() is None:
            raise SdkError(
                f"the container {self.name} could not be created from {self.image}",
                details=done.output[-5:],
                hint="overlaytool doctor says what is missing; --image-file loads an image from a tarball",
            )

    def start(self) -> None:
        """Start it, so that the wrapper finds it running and leaves it so.

        :raises SdkError: when it does not start.
        """
        done = self.engine.call("start", self.name)
        if not done.ok:
            raise SdkError(f"the container {self.name} does not start", details=done.output[-5:])
        self.engine.call("exec", self.name, "rm", "-f", RECORD)

    def stop(self) -> None:
        """Stop it at once; that it has ended already is no error."""
        self.engine.call("stop", "-t", "0", self.name)

    def check_mounts(self) -> None:
        """Prove that the engine mounts this very checkout, and not a directory of that name somewhere else.

        :raises SdkError: when it does not.
        """
        token = secrets.token_hex(16)
        probes = [
            (self.checkout.path / IMAGES, (BUILD, f"{SCRIPTS}/{IMAGES}")),
            (self.checkout.path / CACHE, (f"{SOURCE}/.cache",)),
        ]
        name = f".overlaytool-{token}"
        places = [f"{place}/{name}" for _, inside in probes for place in inside]
        try:
            for outside, _ in probes:
                outside.mkdir(parents=True, exist_ok=True)
                (outside / name).write_text(f"{token}\n", encoding="utf-8")
            seen = self.engine.call("exec", self.name, "cat", *places)
        finally:
            for outside, _ in probes:
                (outside / name).unlink(missing_ok=True)
        if seen.output != (token,) * len(places):
            raise SdkError(
                f"the container {self.name} does not see the checkout at {self.checkout.path}",
                details=("a file written here cannot be read there", *seen.output[-3:]),
                hint="an engine on another machine needs the checkout there, at the same path; "
                f"`{' '.join(self.engine.command)} rm {self.name}` removes a container of another checkout",
            )

    def execute(
        self, words: Sequence[str], *, line: Line | None = None, log: Path | None = None
    ) -> Completed:
        """Run a command as the user ``sdk``; when we are interrupted, it ends too."""
        recorded = ("/bin/sh", "-c", REMEMBER, "overlaytool", *words)
        try:
            if self.wrapper.obstacle is None:
                return self._through_wrapper(recorded, line=line, log=log)
            wrapper.write_environment_file(self.checkout.path, self.build_id)
            quoted = map(wrapper.quote, recorded)
            return self.engine.call("exec", "-i", self.name, ENTRY, *quoted, timeout=None, line=line, log=log)
        except BaseException:
            with process.uninterrupted():
                self.end_commands()
            raise

    def end_commands(self) -> bool:
        """End what a command of ours has left running in the container. False where something stayed."""
        source = (files("overlaytool.sdk") / "in_container.py").read_text(encoding="utf-8")
        return self.engine.call("exec", self.name, "python3", "-c", source, RECORD, timeout=30).ok

    def read(self, path: str, *, last: int | None = None) -> tuple[str, ...]:
        """A text file's last lines (all of them without ``last``); nothing where it cannot be read."""
        words = ("cat", path) if last is None else ("tail", "-n", str(last), path)
        done = self.engine.call("exec", self.name, *words)
        return done.output if done.ok else ()

    @contextmanager
    def up(self) -> Iterator[None]:
        """Keep it running within the block; afterwards it is as it was before."""
        mark = self.state / f"{self.name}.started"
        if not self.running():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()  # outlives a run that is killed, so that the next one stops what that one started
            self.start()
        try:
            yield
        finally:
            with process.uninterrupted():
                if mark.exists():
                    self.stop()
                    mark.unlink(missing_ok=True)

    def _through_wrapper(
        self, words: Sequence[str], *, image: str | None = None, line: Line | None, log: Path | None
    ) -> Completed:
        with wrapper.version_kept(self.checkout.path):
            return process.run(
                self.wrapper.command(self.name, words, image=image),
                cwd=self.checkout.path,
                environment=wrapper.environment(self.engine, self.build_id, self.state),
                line=line,
                log=log,
            )

    def _creation(self) -> tuple[str, ...]:
        """What run_sdk_container does, less the user's keys and cloud credentials, which no build needs."""
        root = self.checkout.path
        user, group = self._owner()
        mounts = {
            "/dev": "/dev",
            str(root / "sdk_container"): f"{SOURCE}/",
            str(root / IMAGES): BUILD,
            str(root): SCRIPTS,
        }
        return (
            "create",
            "-i",
            *(("--tmpfs", "/tmp:exec") if self.wrapper.temporary_directory else ()),
            *(word for outside, inside in mounts.items() for word in ("-v", f"{outside}:{inside}")),
            "--privileged",
            *("--network", "host"),
            *("-e", f"SDK_USER_ID={user}"),
            *("-e", f"SDK_GROUP_ID={group}"),
            f"--name={self.name}",
            f"--hostname={self.name[:63].replace('.', '_')}",
            *("--entrypoint", "/bin/bash"),
            self.image,
            "-l",
        )

    def _owner(self) -> tuple[int, int]:
        """Whose files the build writes. Root lends the two directories that are written to someone else."""
        if os.geteuid() != 0:
            return os.getuid(), os.getgid()
        stat = self.checkout.path.stat()
        if stat.st_uid != 0:
            return stat.st_uid, stat.st_gid
        for directory in (IMAGES, CACHE):
            shutil.chown(self.checkout.path / directory, NOBODY_IN_PARTICULAR, NOBODY_IN_PARTICULAR)
        return NOBODY_IN_PARTICULAR, NOBODY_IN_PARTICULAR


def stable_name(checkout: Checkout, image: str) -> str:
    """A name that stays the same from commit to commit, and differs between checkouts and between images."""
    tag = re.sub(r"[^a-zA-Z0-9.]+", "-", image.rpartition("/")[2]).strip("-.")[:30].strip("-.")
    digest = hashlib.sha256(f"{checkout.path}\0{image}".encode()).hexdigest()[:8]
    return f"overlaytool-{tag}-{digest}"
