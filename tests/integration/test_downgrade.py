"""No version and no eclass becomes older without being asked for."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ebuilds import write_ebuild
from support import THIRD_PARTY, RunCli

STABLE = THIRD_PARTY / "portage-stable"
PACKAGE = "dev-libs/too-old"


def rename(tree: Path, version: str) -> None:
    """Give the package's ebuilds of a tree one version."""
    ebuilds = sorted((tree / PACKAGE).glob("*.ebuild"))
    for more in ebuilds[1:]:
        more.unlink()
    ebuilds[0].rename(tree / PACKAGE / f"too-old-{version}.ebuild")
    subprocess.run(["git", "commit", "--quiet", "--all", "--allow-empty", "-m", "x"], cwd=tree, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=tree, check=True)


@pytest.mark.parametrize(
    ("command", "here", "there"),
    [("plan", "2", "1.5"), ("add", "1.10", "1.9"), ("update", "2-r1", "2"), ("update", "1", "1_rc3")],
)
def test_an_older_version_is_refused_and_nothing_is_written(
    command: str, here: str, there: str, checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    rename(checkout_tree / STABLE, here)
    rename(gentoo_tree, there)
    if command != "update":  # something that only the older one has
        ebuild = gentoo_tree / PACKAGE / f"too-old-{there}.ebuild"
        ebuild.write_text(ebuild.read_text() + 'IUSE="${IUSE} only-here"\n')
    atom = PACKAGE if command == "update" else f"{PACKAGE}[only-here]"
    words = ("-C", checkout_tree, command, atom, "--gentoo", gentoo_tree)
    done = run_cli(*words, *(("--yes",) if command != "plan" else ()), check=False)
    assert done.returncode == 29, done.stdout + done.stderr
    assert f"{PACKAGE}-{here} → {PACKAGE}-{there}" in done.stderr
    assert "--allow-downgrade" in done.stderr
    assert (checkout_tree / STABLE / PACKAGE / f"too-old-{here}.ebuild").exists()


def test_an_older_version_comes_when_it_is_asked_for(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    rename(checkout_tree / STABLE, "2")
    rename(gentoo_tree, "1.5")
    words = ("-C", checkout_tree, "update", PACKAGE, "--gentoo", gentoo_tree, "--yes", "--allow-downgrade")
    assert "2 → 1.5" in run_cli(*words).stdout
    assert [path.name for path in (checkout_tree / STABLE / PACKAGE).glob("*.ebuild")] == [
        "too-old-1.5.ebuild"
    ]


def test_a_newer_version_is_shown_beside_what_it_replaces(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    rename(checkout_tree / STABLE, "8.13.0-r1")
    rename(gentoo_tree, "8.21.0-r1")
    words = ("-C", checkout_tree, "update", PACKAGE, "--gentoo", gentoo_tree, "--dry-run")
    assert "8.13.0-r1 → 8.21.0-r1 for amd64-usr" in run_cli(*words).stdout
    document = json.loads(run_cli(*words, "--format", "json").stdout)
    (imported,) = document["imports"]
    assert {selected["replaces"] for selected in imported["selected"]} == {f"{PACKAGE}-8.13.0-r1"}


def update_with_eclass(checkout: Path, gentoo: Path, run_cli: RunCli) -> subprocess.CompletedProcess[str]:
    """A plan that needs the eclass stale of Gentoo's."""
    return run_cli("-C", checkout, "plan", "app-misc/eclass-stale", "--gentoo", gentoo, check=False)


@pytest.mark.parametrize(("ours", "theirs", "status"), [(2026, 2014, 29), (2014, 2026, 0)])
def test_an_eclass_of_an_earlier_year_is_refused(
    ours: int, theirs: int, status: int, checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    for tree, year in ((checkout_tree / STABLE, ours), (gentoo_tree, theirs)):
        file = tree / "eclass/mini-stale.eclass"
        file.write_text(f"# Copyright 1999-{year} Gentoo Authors\n" + file.read_text())
    done = update_with_eclass(checkout_tree, gentoo_tree, run_cli)
    assert done.returncode == status, done.stderr
    assert ("eclass/mini-stale.eclass" in done.stderr) == bool(status)


def test_an_eclass_that_the_checkout_changed_later_is_refused(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    assert update_with_eclass(checkout_tree, gentoo_tree, run_cli).returncode == 0
    file = checkout_tree / STABLE / "eclass/mini-stale.eclass"
    file.write_text(file.read_text() + "# later\n")
    later = {"GIT_COMMITTER_DATE": "2026-09-01T00:00:00+00:00"}
    subprocess.run(
        ["git", "commit", "--quiet", "--all", "-m", "Sync mini-stale.eclass"],
        cwd=checkout_tree,
        check=True,
        env={**os.environ, **later},
    )
    done = update_with_eclass(checkout_tree, gentoo_tree, run_cli)
    assert done.returncode == 29
    assert "the checkout changed it after the source was made" in done.stderr


def test_an_older_eclass_is_no_way_out_unless_it_is_asked_for(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    for place, year, code in (
        (checkout_tree / STABLE, 2026, "die 'mended since'"),
        (gentoo_tree, 2016, "OLD=1"),
    ):
        (place / "eclass/dated.eclass").write_text(f"# Copyright 1999-{year} Gentoo Authors\n{code}\n")
    write_ebuild(gentoo_tree, "app-misc/dated-2", "inherit dated")
    write_ebuild(gentoo_tree, "app-misc/dated-1", "")
    words = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "--format", "json")

    def planned(*more: str) -> tuple[list[str], list[str]]:
        plan = json.loads(run_cli(*words, *more).stdout)
        return (
            sorted({one["cpv"] for entry in plan["imports"] for one in entry["selected"]}),
            [entry["name"] for entry in plan["eclasses"]],
        )

    assert planned("app-misc/dated") == (["app-misc/dated-1"], [])
    refused = run_cli(*words[:-2], "=app-misc/dated-2", check=False)
    assert refused.returncode == 29
    assert "mended since" in refused.stderr
    assert "eclass/dated.eclass: of 2026, the source's is of 2016" in refused.stderr
    assert planned("=app-misc/dated-2", "--allow-downgrade") == (["app-misc/dated-2"], ["dated"])
