"""The main job on a checkout with the names of alpha-3665.0.0, where the trees call themselves otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from portage_root import emerge_pretend

REQUEST = ("sys-process/htop", "app-misc/screen")


def add(run_cli: Any, checkout: Path, gentoo: Path) -> dict[str, Any]:
    result = run_cli("-C", checkout, "add", "--yes", "--gentoo", gentoo, "--format", "json", *REQUEST)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_plan_is_that_of_a_checkout_of_today(
    run_cli: Any, checkout_3665: Path, checkout_tree: Path, gentoo_tree: Path
) -> None:
    old, new = (add(run_cli, checkout, gentoo_tree) for checkout in (checkout_3665, checkout_tree))
    assert old["checkout"]["version"] == "3665.0.0"
    assert old["metapackage"]["revision"] == [307, 308]
    for document in (old, new):
        del document["checkout"], document["metapackage"]["revision"]
    assert old == new


@pytest.mark.portage
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_emerge_takes_it_as_the_wrapper_of_that_time_calls_it(
    run_cli: Any, checkout_3665: Path, gentoo_tree: Path, tmp_path: Path, arch: str
) -> None:
    add(run_cli, checkout_3665, gentoo_tree)
    result = emerge_pretend(checkout_3665, arch, tmp_path / "root", "--root-deps", "coreos-base/coreos")
    assert result.returncode == 0, result.stdout + result.stderr
    for ebuild in ("coreos-base/coreos-0.0.1-r308::coreos", "sys-process/htop-3.5.3", "screen-4.9.1-r2"):
        assert ebuild in result.stdout
