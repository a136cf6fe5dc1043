"""Portage's own resolver on a checkout: the judge that the fixture trees themselves are measured by."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from overlaytool.flatcar.checkout import repository_name

THIRD_PARTY = Path("sdk_container/src/third_party")


def emerge_pretend(checkout: Path, arch: str, place: Path, *atoms: str) -> subprocess.CompletedProcess[str]:
    """Run :func:`pretend_command`."""
    command, environment = pretend_command(checkout, arch, place, *atoms)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def pretend_command(checkout: Path, arch: str, place: Path, *atoms: str) -> tuple[list[str], dict[str, str]]:
    """``emerge --pretend`` with a board root and a build host, both empty and made below ``place``.

    The build host is the EPREFIX, so that nothing of the machine's own Portage is read or written. The
    metadata cache is beside ``place``, for the next call to find it warm.

    :return: the command and the environment to run it in.
    """
    overlay = checkout / THIRD_PARTY / "coreos-overlay"
    board = place / "board"
    _configure(place, overlay / "profiles/coreos/amd64/sdk")
    _configure(board, overlay / f"profiles/coreos/{arch}/generic")
    for name in ("usr/share", "share"):
        (place / name).mkdir(parents=True)
        (place / name / "portage").symlink_to(Path(sys.prefix) / "share/portage")
    repositories = (
        "[DEFAULT]\nmain-repo = portage-stable\n"
        f"[{repository_name(overlay)}]\nlocation = {overlay}\npriority = 1\n"
        f"[portage-stable]\nlocation = {checkout / THIRD_PARTY / 'portage-stable'}\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PORTAGE_OVERRIDE_EPREFIX": str(place),
        "PORTAGE_CONFIGROOT": str(board),
        "ROOT": str(board),
        "SYSROOT": str(board),
        "PORTAGE_REPOSITORIES": repositories,
        "PORTAGE_DEPCACHEDIR": str(place.parent / "depcache"),
        "PORTAGE_USERNAME": pwd.getpwuid(os.getuid()).pw_name,
        "PORTAGE_GRPNAME": grp.getgrgid(os.getgid()).gr_name,
    }
    emerge = Path(sys.executable).with_name("emerge")
    options = ("--pretend", "--verbose", "--color=n", "--quiet-build")
    return [sys.executable, str(emerge), *options, *atoms], environment


def _configure(root: Path, profile: Path) -> None:
    directory = root / "etc/portage"
    directory.mkdir(parents=True)
    if not profile.is_dir():
        pytest.fail(f"no profile {profile}")
    (directory / "make.profile").symlink_to(profile)
    lines = [f'{name}="{root}/{name.lower()}"' for name in ("PORTAGE_TMPDIR", "DISTDIR", "PKGDIR")]
    for line in lines:
        Path(line.split('"')[1]).mkdir()
    (directory / "make.conf").write_text(
        "\n".join([*lines, 'FEATURES="-userpriv -sandbox -usersandbox"', ""])
    )
