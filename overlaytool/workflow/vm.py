"""The workflow of ``vm``: an image, a machine, what is done in it, its end. See also `workflow`.

directory --find--> script --boot--> running machine, health --ssh--> output, status --end--> nothing left
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from overlaytool import config as configuration
from overlaytool.errors import BootError, VmError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.checkout import IMAGES
from overlaytool.model.vm import CommandResult, Health, Machine, VmOptions, VmRun
from overlaytool.support import process
from overlaytool.sysext import read
from overlaytool.vm import boot, directory, extensions, script, ssh
from overlaytool.vm.end import end, stop
from overlaytool.vm.script import StartScript
from overlaytool.vm.start import Running

Tell = Callable[[str], None]


class Task(Struct, frozen=True, kw_only=True):
    """What is to be done in a machine that is ready."""

    words: tuple[str, ...] = ()
    """A command; nothing: a shell, or no more than the boot."""
    sysexts: tuple[Path, ...] = ()
    """Extension images to merge first."""
    files: tuple[tuple[Path, str], ...] = ()
    """Files to copy, with their places in the machine."""
    shell: bool = False
    """Whether somebody sits at a terminal who wants a shell."""
    terminal: bool = False
    """Whether the command gets a terminal."""
    capture: bool = False
    """Keep the command's output instead of passing it through."""


def state(checkout: Path | None, config: Path | None) -> Path:
    """The user's state directory, where machines are known."""
    return configuration.load(config, checkout=checkout).state


def start_script(place: Path | None, checkout: Path | None, board: str | None) -> StartScript:
    """The script that is meant: the one named, or the one of a checkout's last image.

    :raises VmError: when there is none, or its disk cannot be used.
    :raises CheckoutError: when no checkout is found, and no script or directory is named.
    """
    if place is None:
        found = checkouts.find(checkout)
        name = found.board(board or checkouts.host_board()).name
        place = found.path / IMAGES / "images" / name / "latest"
        if not place.is_dir():
            raise VmError(
                f"no image of {name} in {found.path}",
                details=(f"there is no {place}",),
                hint="overlaytool sdk image builds one; --from names another directory",
            )
    chosen = script.find(place.resolve() if place.is_dir() else place)
    script.check_image(chosen)
    return chosen


def run(chosen: StartScript, options: VmOptions, task: Task, state: Path, tell: Tell) -> VmRun:
    """Boot, do what is to be done, end; also when something goes wrong or somebody presses Ctrl-C.

    :raises VmError: when the machine cannot be started, or a file or extension does not get in.
    :raises BootError: when it never gets ready, or ends under the command.
    """
    with process.termination_as_interrupt():
        running, health = boot.boot(chosen, options, state, tell)
        kept = False
        try:
            merged, result = _work(running, health, task, tell)
            done = VmRun(
                machine=running.machine,
                health=boot.health_now(running, health),
                merged=merged,
                result=result,
            )
            kept = options.keep
            return done
        finally:
            if kept:
                running.let_go()
            else:
                end(running)


def _work(
    running: Running, health: Health, task: Task, tell: Tell
) -> tuple[tuple[str, ...], CommandResult | None]:
    machine = running.machine
    tell(f"{machine.name}: {health.os_id} {health.version} is {health.state} after {health.seconds:.0f} s")
    for file, target in task.files:
        ssh.send(machine, file, target)
    merged = extensions.merge(machine, _named(task.sysexts)) if task.sysexts else ()
    if task.words or task.shell:
        return merged, _command(running, task)
    return merged, None


def _named(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Extensions by their own names: the sysext-bakery's files have a version and an architecture in theirs.

    :raises ImageError: for a file that is no extension.
    """
    return [(file, read.extension(file).name) for file in files]


def _command(running: Running, task: Task) -> CommandResult:
    machine = running.machine
    text = " ".join(task.words)
    if task.capture:
        done = ssh.run(machine, task.words, watch=lambda: boot.check(running))
        status, output = done.status, done.text
    else:
        words = ssh.command(machine, task.words, terminal=task.terminal or task.shell)
        status, output = process.attached(words, watch=lambda: boot.check(running)), ""
    if status == ssh.BROKEN and running.ended():
        boot.check(running)
        raise BootError(f"{machine.name} ended while the command ran")
    return CommandResult(command=text, status=status, output=output)


def machines(state: Path) -> tuple[Machine, ...]:
    """Those that are running; what dead ones left is removed."""
    directory.clean(state)
    return directory.running(state)


def enter(state: Path, name: str | None, words: Sequence[str], *, terminal: bool) -> int:
    """Run a command, or a shell, in a machine that is running; its exit status.

    :raises VmError: when there is no such machine.
    """
    machine = directory.named(state, name)
    return process.attached(ssh.command(machine, words, terminal=terminal))


def end_machines(state: Path, names: Sequence[str], *, every: bool) -> tuple[Machine, ...]:
    """End machines by name; without a name the only one that runs.

    :raises VmError: when there is none of that name, or it does not end.
    """
    directory.clean(state)
    chosen = (
        directory.running(state) if every else [directory.named(state, name) for name in names or (None,)]
    )
    for machine in chosen:
        stop(machine)
    return tuple(chosen)
