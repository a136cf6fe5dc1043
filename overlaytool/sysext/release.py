"""Whether systemd-sysext takes an extension at all: what `extension_release_validate` of systemd looks at."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.model.sysext import Extension, Host, Problem, Severity

REBUILD = "build it again for this image: overlaytool sysext build"


def check(extension: Extension, host: Host) -> Iterator[Problem]:
    """Name, ID, architecture, level or version, in systemd's order; the first that fails is enough for it."""
    yield from name(extension)
    if not extension.release:
        return
    yield from _scope(extension)
    yield from _architecture(extension, host)
    yield from _system(extension, host)


def name(extension: Extension) -> Iterator[Problem]:
    """The file's name and that of its extension-release are the same (systemd-sysext(8))."""
    wanted = f"usr/lib/extension-release.d/extension-release.{extension.file_name}"
    if not extension.release:
        yield Problem(
            reference="no-release",
            severity=Severity.ERROR,
            subject=wanted,
            message="it has no extension-release, so it is no system extension",
        )
    elif extension.name != extension.file_name:
        yield Problem(
            reference="name",
            severity=Severity.WARNING,
            subject=extension.file_name,
            message=f"its extension-release is that of {extension.name}: under another name it is not merged",
            hint=f"install it as /etc/extensions/{extension.name}.raw",
        )


def _scope(extension: Extension) -> Iterator[Problem]:
    scope = extension.value("SYSEXT_SCOPE")
    if scope and "system" not in scope.split():
        yield Problem(
            reference="scope",
            severity=Severity.ERROR,
            subject="SYSEXT_SCOPE",
            message=f"it is for {scope} alone, not for a running system",
        )


def _architecture(extension: Extension, host: Host) -> Iterator[Problem]:
    wanted = extension.value("ARCHITECTURE")
    if wanted and wanted != "_any" and host.architecture and wanted != host.architecture:
        yield Problem(
            reference="architecture",
            severity=Severity.ERROR,
            subject="ARCHITECTURE",
            message=f"it is for {wanted}, the image is {host.architecture}",
        )


def _system(extension: Extension, host: Host) -> Iterator[Problem]:
    ours, theirs = extension.value("ID"), host.value("ID")
    if ours == "_any":
        return
    if ours != theirs:
        yield Problem(
            reference="id",
            severity=Severity.ERROR,
            subject="ID",
            message=f"it is for {ours or 'no system'}, the image is {theirs}",
            hint=f"ID={theirs}, or ID=_any where it needs nothing of the system",
        )
        return
    level, host_level = extension.value("SYSEXT_LEVEL"), host.value("SYSEXT_LEVEL")
    version, host_version = extension.value("VERSION_ID"), host.value("VERSION_ID")
    if level and host_level:
        if level != host_level:
            yield Problem(
                reference="level",
                severity=Severity.ERROR,
                subject="SYSEXT_LEVEL",
                message=f"its level is {level}, the image's {host_level}",
                hint=REBUILD,
            )
    elif host_version and version != host_version:
        said = f"it is for version {version}" if version else "it names neither VERSION_ID nor a level"
        yield Problem(
            reference="version",
            severity=Severity.ERROR,
            subject="VERSION_ID",
            message=f"{said}, the image is {host_version}",
            hint=REBUILD,
        )
    elif version:
        yield Problem(
            reference="bound-to-version",
            severity=Severity.NOTE,
            subject="VERSION_ID",
            message=f"it fits {version} alone: after the next update it is not merged any more",
            hint="SYSEXT_LEVEL=1.0 stays, where it needs no library of the image but glibc",
        )
