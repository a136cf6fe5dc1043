"""Try programs in a machine: each is there, starts, and says its version."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from overlaytool.errors import BootError
from overlaytool.model.vm import Machine, ProgramCheck, ProgramState
from overlaytool.vm import ssh

PLACES = ("/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/")
OPTIONS = ("--version", "-V", "--help")
"""Tried in this order until one makes the program end well."""
SECONDS = 10
"""For one call; a program that reads a terminal for ever has started, too."""
TIMED_OUT, NOT_EXECUTABLE, SIGNALLED = 124, 126, 128
MARK = "program-check"
TRY = f"""
first() {{
  while IFS= read -r line; do
    [ -z "$line" ] || {{ printf %s "$line"; return; }}
  done
}}
try() {{
  [ -x "$1" ] || {{ printf '{MARK}\\tabsent\\t%s\\t\\t\\n' "$1"; return; }}
  for option in {" ".join(OPTIONS)}; do
    said=$(timeout {SECONDS} "$1" $option </dev/null 2>&1); status=$?
    case $status in 0|{TIMED_OUT}) break ;; esac
    [ $status -lt {NOT_EXECUTABLE} ] || break
  done
  printf '{MARK}\\t%s\\t%s\\t%s\\t%s\\n' $status "$1" "$option" "$(printf '%s\\n' "$said" | first)"
}}
"""


def programs(files: Sequence[str]) -> tuple[str, ...]:
    """Those of a package's files that a user runs by name, without what lies deeper."""
    found = {
        file for file in files for place in PLACES if file.startswith(place) and "/" not in file[len(place) :]
    }
    return tuple(sorted(found))


def check(machine: Machine, wanted: Mapping[str, Sequence[str]]) -> tuple[ProgramCheck, ...]:
    """Try every program.

    :param wanted: packages, with the paths of their programs.
    :raises BootError: when the machine does not run the commands.
    """
    packages = {path: package for package, paths in wanted.items() for path in paths}
    if not packages:
        return ()
    script = TRY + "\n".join(f"try {shlex.quote(path)}" for path in packages)
    done = ssh.run(machine, (script,), timeout=ssh.ANSWER + len(packages) * SECONDS * len(OPTIONS))
    found = tuple(_read(line, packages) for line in done.output if line.startswith(f"{MARK}\t"))
    if len(found) != len(packages):
        raise BootError(
            f"{machine.name} did not try all programs: {len(found)} of {len(packages)}",
            details=done.output[-5:],
            hint=f"the console: {machine.console}",
        )
    return found


def _read(line: str, packages: Mapping[str, str]) -> ProgramCheck:
    _, status, path, option, said = (*line.split("\t", 4), "", "", "")[:5]
    return ProgramCheck(
        package=packages.get(path, ""),
        path=path,
        state=_state(status),
        command=f"{path.rpartition('/')[2]} {option}".strip(),
        output=said.strip(),
    )


def _state(status: str) -> ProgramState:
    if status == "absent":
        return ProgramState.ABSENT
    number = int(status)
    if number == 0:
        return ProgramState.SPEAKS
    return ProgramState.STARTS if number == TIMED_OUT or number < NOT_EXECUTABLE else ProgramState.BROKEN
