"""Searches a console's log for faults: the patterns of Flatcar's kola, and dm-verity's."""

from __future__ import annotations

import re
from pathlib import Path

from overlaytool.model.vm import FATAL, Finding, FindingKind

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>c]|[\x00-\x08\x0b-\x1f]")
"""Colours, cursor movements and control characters, which firmware and systemd put between the words."""
PATTERNS = (
    (FindingKind.PANIC, re.compile(r"Kernel panic - not syncing")),
    (
        FindingKind.EMERGENCY,
        re.compile(
            r"Press Enter for emergency shell|Starting Emergency Shell|You are in (emergency|rescue) mode|"
            r"Entering emergency mode|dracut: Refusing to continue|^\s*\(initramfs\)"
        ),
    ),
    (FindingKind.VERITY, re.compile(r"verity: .*(block \d+ is corrupted|device corrupted|corruption)")),
    (
        FindingKind.IGNITION,
        re.compile(r"Ignition (has )?failed|ignition\[\d+\]: (CRITICAL|failed)"),
    ),
    (
        FindingKind.NO_SYSTEM,
        re.compile(
            r"No bootable device|BdsDxe: (No bootable option|failed to load)|grub rescue>|"
            r"error: no such (device|partition)|Boot failed: not a bootable disk"
        ),
    ),
    (
        FindingKind.DISK,
        re.compile(r"rejecting I/O to offline device|I/O error, dev [sv]d|Remounting filesystem read-only"),
    ),
    (
        FindingKind.OOPS,
        re.compile(r"\bOops: |\bBUG: |general protection fault|rcu_sched self-detected stall"),
    ),
    (FindingKind.OUT_OF_MEMORY, re.compile(r"invoked oom-killer|Out of memory: Killed process")),
    (FindingKind.KERNEL_WARNING, re.compile(r"WARNING: CPU: \d+ PID: \d+ at ")),
    (FindingKind.ORDERING, re.compile(r"Ordering cycle found|found ordering cycle", re.IGNORECASE)),
    (FindingKind.UNIT, re.compile(r"(\[FAILED\]|systemd\[1\]:) Failed to start ")),
)
LAST = 8
"""Lines that show where a boot has got to."""


def lines(console: Path) -> list[str]:
    """What a console has said so far, without colours; nothing where it has said nothing."""
    try:
        text = console.read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    return [ESCAPE.sub("", line).rstrip() for line in re.split(r"\r?\n|\r", text.replace("\r\n", "\n"))]


def size(console: Path) -> int:
    """Bytes that a console has said so far."""
    try:
        return console.stat().st_size
    except OSError:
        return 0


def search(console: Path) -> tuple[Finding, ...]:
    """What is not as it should be, in the order of the console; each kind and text once."""
    seen: set[tuple[FindingKind, str]] = set()
    found = []
    for number, text in enumerate(lines(console), start=1):
        kind = next((kind for kind, pattern in PATTERNS if pattern.search(text)), None)
        words = re.sub(r"^\[\s*[\d.]+\]\s*", "", text.strip())
        if kind and (kind, words) not in seen:
            seen.add((kind, words))
            found.append(Finding(kind=kind, line=number, text=words))
    return tuple(found)


def fatal(console: Path) -> Finding | None:
    """The first thing after which no sshd is going to answer."""
    return next((finding for finding in search(console) if finding.kind in FATAL), None)


def last(console: Path, count: int = LAST) -> tuple[str, ...]:
    """The last lines that have something on them."""
    return tuple([line for line in lines(console) if line.strip()][-count:])


def around(console: Path, finding: Finding) -> tuple[str, ...]:
    """The lines that led to a finding, and the few after it."""
    every = lines(console)
    return tuple(line for line in every[max(0, finding.line - 5) : finding.line + 3] if line.strip())
