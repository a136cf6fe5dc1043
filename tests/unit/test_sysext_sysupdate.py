"""The files that systemd-sysupdate reads."""

from __future__ import annotations

import configparser
import hashlib
from pathlib import Path

from overlaytool.model.sysext import Extension
from overlaytool.sysext import sysupdate


def extension(file: Path) -> Extension:
    return Extension(
        name="tool",
        file_name="tool",
        source=str(file),
        form="squashfs",
        size=3,
        release=(("ID", "flatcar"), ("VERSION_ID", "9001.0.0"), ("ARCHITECTURE", "arm64")),
        files=(),
        programs=(),
    )


def test_transfer_names_server_and_places(tmp_path: Path) -> None:
    file = tmp_path / "tool.raw"
    file.write_bytes(b"raw")
    served, _, transfer = sysupdate.write(extension(file), "https://example.org/x")
    settings = configparser.ConfigParser(interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]
    settings.read(transfer)
    assert settings["Source"]["Path"] == "https://example.org/x"
    assert settings["Source"]["MatchPattern"] == "tool-@v-%a.raw"
    assert settings["Target"]["CurrentSymlink"] == "/etc/extensions/tool.raw"
    assert served.name == "tool-9001.0.0-arm64.raw"
    assert served.read_bytes() == b"raw"


def test_sums_keep_other_files_and_replace_their_own(tmp_path: Path) -> None:
    file = tmp_path / "tool.raw"
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  other.raw\n")
    for content in (b"one", b"two"):
        file.write_bytes(content)
        sysupdate.write(extension(file), "https://example.org")
    assert (tmp_path / "SHA256SUMS").read_text().splitlines() == [
        f"{'0' * 64}  other.raw",
        f"{hashlib.sha256(b'two').hexdigest()}  tool-9001.0.0-arm64.raw",
    ]
