"""``overlaytool vm``: boot an image in QEMU, run something in it, end it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import console
from overlaytool.cli.options import Format, FormatOption, Globals
from overlaytool.model.vm import Acceleration, VmOptions

if TYPE_CHECKING:
    from overlaytool.model.vm import VmRun

app = typer.Typer(name="vm", no_args_is_help=True, add_completion=False, help="Boot images in QEMU.")

CommandWords = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- COMMAND...]", help="One word is a line for the shell; default: a shell."),
]
PlaceOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR|SCRIPT",
        help="What image_to_vm.sh wrote; default: the last image.",
    ),
]
BoardOption = Annotated[
    str | None, typer.Option("--board", metavar="NAME", help="Default: of this machine's architecture.")
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Default: vm1, vm2, ...")]
PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="For ssh on 127.0.0.1; default: a free one.")
]
AccelOption = Annotated[Acceleration, typer.Option("--accel", help="auto: KVM where it works.")]
MemoryOption = Annotated[int | None, typer.Option("--memory", metavar="MIB", min=128)]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", min=1, help="Until the system is ready.")
]
SysextOption = Annotated[
    list[Path] | None,
    typer.Option("--sysext", metavar="FILE", help="Merge this system extension first; repeatable."),
]
CopyOption = Annotated[
    list[str] | None,
    typer.Option("--copy", metavar="FILE[:PATH]", help="Copy a file in, to /home/core or PATH; repeatable."),
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Leave it running; see vm list, ssh, stop.")]
QemuOption = Annotated[
    list[str] | None, typer.Option("--qemu", metavar="OPTION", help="One more word for QEMU; repeatable.")
]


@app.command()
def run(
    context: typer.Context,
    command: CommandWords = None,
    image: PlaceOption = None,
    board: BoardOption = None,
    sysext: SysextOption = None,
    copy: CopyOption = None,
    keep: KeepOption = False,
    name: NameOption = None,
    port: PortOption = None,
    accel: AccelOption = Acceleration.AUTO,
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
    qemu: QemuOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Boot an image, wait until it is ready, run a command in it, shut it down.

    The exit status is the command's; without a command 1 tells of failed units or of a kernel in trouble.
    """
    from overlaytool.cli.views import vm as view
    from overlaytool.workflow import vm as workflow

    options: Globals = context.obj
    alone = format is Format.TEXT and sys.stdin.isatty() and sys.stdout.isatty()
    task = workflow.Task(
        words=tuple(command or ()),
        sysexts=tuple(sysext or ()),
        files=tuple(map(_copy, copy or ())),
        shell=alone and not command and not keep,
        terminal=alone,
        capture=format is Format.JSON,
    )
    wanted = VmOptions(
        name=name,
        port=port,
        acceleration=accel,
        memory=memory,
        timeout=timeout,
        keep=keep,
        qemu=tuple(qemu or ()),
    )
    script = workflow.start_script(image, options.checkout, board)
    done = workflow.run(script, wanted, task, _state(options), console.say)
    if format is Format.JSON:
        console.write(view.as_json(done))
    else:
        view.show(done)
    raise typer.Exit(_status(done))


@app.command("list")
def list_machines(context: typer.Context, format: FormatOption = Format.TEXT) -> None:
    """The machines that are running."""
    from overlaytool.cli.views import vm as view
    from overlaytool.workflow import vm as workflow

    machines = workflow.machines(_state(context.obj))
    if format is Format.JSON:
        console.write(view.list_json(machines))
    else:
        view.show_machines(machines)


class Dashed(typer.core.TyperCommand):
    """A command whose words after ``--`` are no name, even where no name stands before it."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Remember how many words stand before ``--``."""
        ctx.meta["names"] = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, args)


@app.command(cls=Dashed)
def ssh(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME] [-- COMMAND...]", help="Default: a shell in the only one."),
    ] = None,
) -> None:
    """Run a command in a machine that is running, or give a shell in it."""
    from overlaytool.workflow import vm as workflow

    given = tuple(words or ())
    count = 1 if given and context.meta["names"] else 0
    name = given[0] if count else None
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    raise typer.Exit(workflow.enter(_state(context.obj), name, given[count:], terminal=terminal))


@app.command()
def stop(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: the only one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are running.")] = False,
) -> None:
    """End machines."""
    from overlaytool.workflow import vm as workflow

    if names and every:
        raise typer.BadParameter("--all and names exclude each other")
    for machine in workflow.end_machines(_state(context.obj), tuple(names or ()), every=every):
        console.show(f"{machine.name} has ended")


def _state(options: Globals) -> Path:
    from overlaytool.workflow import vm as workflow

    return workflow.state(options.checkout, options.config)


def _copy(text: str) -> tuple[Path, str]:
    """``FILE`` or ``FILE:PATH``."""
    file, colon, target = text.rpartition(":")
    if not colon or not target.startswith("/"):
        file, target = text, f"/home/core/{Path(text).name}"
    if not Path(file).is_file():
        raise typer.BadParameter(f"no file {file}", param_hint="--copy")
    return Path(file), target


def _status(done: VmRun) -> int:
    if done.result:
        return done.result.status
    return 0 if done.health.well and not done.health.failed_units else 1
