"""Ebuilds for tests, written from the few lines that a test is about."""

from __future__ import annotations

from pathlib import Path

PLAIN = {
    "EAPI": "8",
    "DESCRIPTION": '"A test"',
    "HOMEPAGE": '"https://example.org/"',
    "LICENSE": '"MIT"',
    "SLOT": '"0"',
    "KEYWORDS": '"amd64 arm64"',
}


def write_ebuild(tree: Path, cpv: str, body: str) -> None:
    """An ebuild with plain values for all that its body leaves out; EAPI goes first (PMS section 7.3.1)."""
    category, _, version = cpv.partition("/")
    package = tree / category / version.rsplit("-", 1)[0]
    package.mkdir(parents=True, exist_ok=True)
    given = body.strip().splitlines()
    names = {line.partition("=")[0] for line in given}
    lines = [f"{name}={value}" for name, value in PLAIN.items() if name not in names]
    lines = [*(line for line in given if line.startswith("EAPI=")), *lines]
    lines += [line for line in given if not line.startswith("EAPI=")]
    (package / f"{version}.ebuild").write_text("\n".join([*lines, ""]))
