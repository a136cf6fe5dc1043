"""The second line of a plan: what it does, counted."""

from __future__ import annotations

import re
from pathlib import Path

from support import RunCli


def distfiles(*manifests: Path) -> dict[str, int]:
    """Name to size of what Manifests list."""
    lines = (line.split() for path in manifests for line in path.read_text().splitlines())
    return {words[1]: int(words[2]) for words in lines if words[0] == "DIST"}


def second_line(run_cli: RunCli, checkout: Path, gentoo: Path, *words: str) -> str:
    done = run_cli("-C", checkout, "plan", *words, "--gentoo", gentoo, check=False)
    return done.stdout.splitlines()[1]


def test_copies_keywords_download_and_gain_are_counted(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    place = gentoo_tree / "app-misc/keyword-one"
    found = distfiles(place / "Manifest") if (place / "Manifest").exists() else {}
    line = second_line(run_cli, checkout_tree, gentoo_tree, "app-misc/keyword-one")
    assert re.match(r"1 copy, 1 keyword entry, ", line), line
    assert line.endswith("the image gains 1 package")
    assert ("to download" in line) == bool(found)


def test_the_download_is_what_the_manifest_says_of_the_version_taken(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    sizes = distfiles(gentoo_tree / "sys-process/htop/Manifest")
    size = next(size for name, size in sizes.items() if name.startswith("htop-3.5.3"))
    line = second_line(run_cli, checkout_tree, gentoo_tree, "sys-process/htop")
    shown = f"{size / 1024:.1f} KiB" if size >= 1024 else f"{size} bytes"
    assert f"{shown} to download" in line


def test_licences_have_their_count(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> None:
    assert "1 licence, " in second_line(run_cli, checkout_tree, gentoo_tree, "app-misc/license-missing")


def test_a_plan_that_does_nothing_has_no_such_line(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    assert second_line(run_cli, checkout_tree, gentoo_tree, "sys-libs/ncurses") == ""
