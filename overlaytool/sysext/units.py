"""Units in an extension, and who starts them: nothing presets or enables units that arrive with a merge."""

from __future__ import annotations

import re
from collections.abc import Iterator

from overlaytool.model.image import FileKind
from overlaytool.model.sysext import Extension, Problem, Severity

DIRECTORY = "usr/lib/systemd/system/"
STARTED = (".service", ".socket", ".timer", ".path")
PULLS = re.compile(r"^\s*(?:Upholds|Wants|Requires|BindsTo|Unit|Sockets)\s*=\s*(.*)$", re.MULTILINE)
LINK = re.compile(r"\.(?:wants|requires|upholds)/(?P<unit>[^/]+)$")
ACTIVATED = ("usr/share/dbus-1/system-services/", "usr/lib/udev/rules.d/")


def check(extension: Extension) -> Iterator[Problem]:
    """Units that nothing starts, and systemd not reloaded for them."""
    units = {
        entry.path.removeprefix(DIRECTORY)
        for entry in extension.files
        if entry.path.startswith(DIRECTORY)
        and "/" not in entry.path.removeprefix(DIRECTORY)
        and entry.kind in (FileKind.FILE, FileKind.SYMLINK)
        and entry.path.endswith(STARTED)
    }
    if not units:
        return
    if extension.value("EXTENSION_RELOAD_MANAGER") != "1":
        yield Problem(
            reference="no-reload",
            severity=Severity.WARNING,
            subject="EXTENSION_RELOAD_MANAGER",
            message="it has units, and systemd is not told to read them when it is merged",
            hint="EXTENSION_RELOAD_MANAGER=1 in its extension-release",
        )
    pulled, linked = _pulled(extension), _linked(extension)
    activated = any(entry.path.startswith(ACTIVATED) for entry in extension.files)
    for unit in sorted(units - pulled):
        stem = unit.rpartition(".")[0]
        if "@" in unit or activated or _started_by_namesake(stem, unit, units, pulled | linked):
            continue
        if unit in linked:
            yield Problem(
                reference="wants-link",
                severity=Severity.WARNING,
                subject=unit,
                message="a link starts it: its target has been reached when the extension is merged at boot",
                hint=f"Upholds={unit} in /{DIRECTORY}multi-user.target.d/10-{stem}.conf",
            )
        else:
            yield Problem(
                reference="unit-not-started",
                severity=Severity.WARNING,
                subject=unit,
                message="nothing starts it",
                hint=f"Upholds={unit} in /{DIRECTORY}multi-user.target.d/10-{stem}.conf",
            )


def _pulled(extension: Extension) -> set[str]:
    """Units that another unit or a drop-in asks for."""
    return {unit for _, text in extension.texts for words in PULLS.findall(text) for unit in words.split()}


def _linked(extension: Extension) -> set[str]:
    return {found["unit"] for entry in extension.files if (found := LINK.search(entry.path))}


def _started_by_namesake(stem: str, unit: str, units: set[str], started: set[str]) -> bool:
    """A service whose socket, timer or path unit is started."""
    if not unit.endswith(".service"):
        return False
    return any(f"{stem}{kind}" in units for kind in (".socket", ".timer", ".path"))
