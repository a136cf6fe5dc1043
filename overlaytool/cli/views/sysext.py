"""How an extension looks, and what speaks against merging it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.views.sdk import amount
from overlaytool.model.image import FileKind, bytes_in
from overlaytool.model.sysext import Extension, Severity, SysextCheck

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
LARGEST = 10
"""Files that are shown."""


def show(extension: Extension) -> None:
    """Name, form, extension-release, programs and the largest files."""
    files = [entry for entry in extension.files if entry.kind is not FileKind.DIRECTORY]
    console.show(
        (extension.name, "bold"),
        f"  {extension.form}  {amount(extension.size)}, {len(files)} files of {amount(bytes_in(files))}",
    )
    for name, value in extension.release:
        console.show(f"  {name}={value}")
    if not extension.release:
        console.show(("  it has no extension-release, so it is no system extension", "red"))
    machines = Counter(program.machine for program in extension.programs)
    for machine, count in sorted(machines.items()):
        console.show(f"  {count} programs and libraries for {machine}")
    for text in extension.damage:
        console.show(("  damaged: ", "red"), text)
    units = [path.rpartition("/")[2] for path, _ in extension.texts if not path.endswith(".conf")]
    if units:
        console.show(f"  units: {', '.join(sorted(units))}")
    for entry in sorted(files, key=lambda entry: (-entry.size, entry.path))[:LARGEST]:
        console.show(f"  {amount(entry.size):>12}  /{entry.path}")
    if len(files) > LARGEST:
        console.show(f"  {len(files) - LARGEST} more files")


def show_checks(checked: Sequence[SysextCheck]) -> None:
    """Each extension with its problems, the worst first."""
    for each in checked:
        verdict = ("will be merged", "green") if each.merges else ("will not do", "bold red")
        console.show((each.extension, "bold"), " in ", each.host, ": ", verdict)
        for problem in each.problems:
            console.show(
                "  ",
                (f"{problem.severity}: ", STYLES[problem.severity]),
                f"{problem.subject}: {problem.message}  [{problem.reference}]",
            )
            if problem.hint:
                console.show(f"    {problem.hint}")


def extension_json(extension: Extension) -> str:
    """An extension as a document."""
    data = to_builtins(extension)
    data["release"] = dict(extension.release)
    data["texts"] = dict(extension.texts)
    return json.dumps({"schema": 1, **data}, indent=2) + "\n"


def check_json(checked: Sequence[SysextCheck]) -> str:
    """The checks as a document."""
    checks = [{**to_builtins(each), "merges": each.merges} for each in checked]
    return json.dumps({"schema": 1, "checks": checks}, indent=2) + "\n"
