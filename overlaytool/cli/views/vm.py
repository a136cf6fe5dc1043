"""How a machine looks: what the boot came to, and which machines are running."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.model.vm import BootCheck, Machine, VmRun

MARKS = {True: "✓", False: "✗"}
SHOWN = 8
"""Findings that are shown; the console has them all."""


def show(done: VmRun) -> None:
    """What there is to say beside the command's own output: on standard error, where one ran."""
    say = console.say if done.result else console.show
    health = done.health
    if not done.result:
        mark = ("ok", "green") if health.well and not health.failed_units else ("not well", "red")
        say(mark, f": {health.os_id} {health.version} is {health.state} after {health.seconds:.0f} s")
    for unit in health.failed_units:
        say(("failed unit: ", "yellow"), unit)
    for finding in health.findings[:SHOWN]:
        say((f"{finding.kind}: ", "yellow"), f"{finding.text} (line {finding.line} of the console)")
    if len(health.findings) > SHOWN:
        say(f"{len(health.findings) - SHOWN} more in {done.machine.console}")
    if done.merged:
        say(f"merged: {', '.join(done.merged)}")
    if done.machine.keep:
        name = done.machine.name
        say(f"{name} goes on: overlaytool vm ssh {name}; overlaytool vm stop {name}")


def show_machines(machines: Sequence[Machine]) -> None:
    """A line each."""
    if not machines:
        console.show("No machine is running.")
    for machine in machines:
        how = "" if machine.keep else "  (ends with its overlaytool)"
        place = f"127.0.0.1:{machine.port}"
        console.show(
            (machine.name, "bold"),
            f"  {machine.board}  {machine.acceleration}  {place}  since {machine.started}{how}",
        )
        console.show(f"  {machine.script}")


def as_json(done: VmRun) -> str:
    """One run as a document."""
    return json.dumps({"schema": 1, **to_builtins(done)}, indent=2) + "\n"


def list_json(machines: Sequence[Machine]) -> str:
    """The running machines as a document."""
    return json.dumps({"schema": 1, "machines": to_builtins(machines)}, indent=2) + "\n"


def check_text(checked: BootCheck) -> str:
    """What the boot of a new image came to, for standard output."""
    health = checked.run.health
    lines = [f"booted: {health.os_id} {health.version} is {health.state} after {health.seconds:.0f} s"]
    lines += [f"  failed unit: {unit}" for unit in health.failed_units]
    lines += [f"  {finding.kind}: {finding.text}" for finding in health.findings[:SHOWN]]
    for program in checked.programs:
        said = f": {program.output}" if program.output else ""
        lines.append(f"  {MARKS[program.works]} {program.path} {program.state} ({program.package}){said}")
    if not checked.programs:
        lines.append("  no program to try: the new packages install none")
    if checked.session:
        seen = checked.session
        end = "" if seen.works else f", which ended with {seen.status}"
        lines.append(f"  {MARKS[seen.works]} the terminal after `{seen.command}`{end}:")
        lines += [f"    │ {line}" for line in seen.text.splitlines()]
    return "\n".join(lines) + "\n"
