"""What systemd-sysupdate needs to keep an extension up to date: a transfer file, and SHA256SUMS beside it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from overlaytool.errors import WriteError
from overlaytool.model.sysext import Extension

TRANSFER = """\
[Transfer]
Verify=false

[Source]
Type=url-file
Path={url}
MatchPattern={name}-@v-%a.raw

[Target]
InstancesMax=3
Type=regular-file
Path=/opt/extensions/{name}
MatchPattern={name}-@v-%a.raw
CurrentSymlink=/etc/extensions/{name}.raw
"""
"""In the form of the sysext-bakery. On the machine: /etc/sysupdate.NAME.d/NAME.conf."""


def write(extension: Extension, url: str) -> tuple[Path, ...]:
    """Write them beside the extension's file, with a copy of it under the name that the server shows.

    :param url: the directory on a server.
    :raises WriteError: when they cannot be written.
    """
    source = Path(extension.source)
    name = extension.name
    version = extension.value("SYSEXT_VERSION_ID") or extension.value("VERSION_ID") or "1"
    served = source.with_name(f"{name}-{version}-{extension.value('ARCHITECTURE') or 'x86-64'}.raw")
    sums, transfer = source.with_name("SHA256SUMS"), source.with_name(f"{name}.conf")
    try:
        shutil.copyfile(source, served)
        digest = hashlib.sha256(served.read_bytes()).hexdigest()
        known = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []
        others = [line for line in known if not line.endswith(f"  {served.name}")]
        sums.write_text("\n".join([*others, f"{digest}  {served.name}"]) + "\n", encoding="utf-8")
        transfer.write_text(TRANSFER.format(url=url, name=name), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{error.filename} cannot be written: {error.strerror}") from error
    return served, sums, transfer
