"""What the tests of this directory share: podman, git, packages, a checkout that can be built."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support import FIXTURES

STABLE = Path("sdk_container/src/third_party/portage-stable")
PACKAGE = """\
EAPI=8

DESCRIPTION="A package for one test"
HOMEPAGE="https://example.org/"
S="${WORKDIR}"

LICENSE="BSD"
SLOT="0"
KEYWORDS="amd64 arm64"
"""


def podman(*arguments: str | Path, check: bool = True) -> str:
    """Run podman and give what it says."""
    done = subprocess.run(
        ["podman", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode:
        pytest.fail(f"podman {arguments}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def prepare(checkout: Path) -> None:
    """Give a checkout a tag and distfiles."""
    git(checkout, "tag", "main-9001.0.0-nightly-20260821-2100")
    shutil.copytree(FIXTURES / "distfiles", checkout / "sdk_container/.cache/distfiles")


def git(checkout: Path, *arguments: str) -> str:
    """Run git in a checkout."""
    done = subprocess.run(
        ["git", "-C", checkout, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def add_package(checkout: Path, cpv: str, text: str = "") -> None:
    """Write a package into portage-stable: ``category/name-1`` with what it does."""
    name = cpv.rpartition("-")[0]
    directory = checkout / STABLE / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{cpv.partition('/')[2]}.ebuild").write_text(f"{PACKAGE}{text}\n")
