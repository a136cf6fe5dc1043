"""A survey amid what goes wrong: hostile and endless ebuilds, a lost scheduler, a full disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import hostile
import pytest
from dask_processes import scheduler, worker
from ebuilds import write_ebuild
from support import ROOT

from overlaytool.ebuild import metadata, runtime
from overlaytool.survey.line import Outcome, decode
from overlaytool.survey.order import Order
from overlaytool.workflow import survey as surveying_in_batches
from overlaytool.workflow import surveying

pytest.importorskip("distributed", reason="needs Dask: pip install 'overlaytool[survey]'")

LIMIT = 120.0
"""Seconds for one command."""


def _command(checkout: Path, gentoo: Path, *args: str | Path) -> list[str]:
    program = [sys.executable, "-m", "overlaytool", "-C", checkout, "survey", "--gentoo", gentoo, *args]
    return [str(word) for word in program]


def _order(checkout: Path, gentoo: Path) -> Order:
    return Order(
        checkout=str(checkout),
        sources=(("gentoo", str(gentoo)),),
        boards=("amd64-usr",),
        into="image",
        accept_keywords=True,
        trust=False,
        trees="",
        code="",
    )


def test_hostile_ebuilds_get_at_nothing_from_dasks_workers(
    home: Path, tmp_path: Path, checkout_tree: Path, gentoo_tree: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    with hostile.traps(home, tmp_path / "temporary") as traps:
        evil = hostile.overlay(tmp_path / "evil", traps)
        lines = tmp_path / "lines.ndjson"
        result = subprocess.run(
            [
                *hostile.program(),
                *("-C", checkout_tree, "survey", "--gentoo", gentoo_tree, "--source", evil),
                *("--workers", "2", "-o", lines, "app-evil/", "app-misc/any*"),
            ],
            cwd=home,
            env=hostile.environment(home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert result.returncode == 0, result.stderr
        text = lines.read_text()
        assert traps.sprung(result.stdout + result.stderr + text, evil) == set()
    known = {line.package: line for line in map(decode, text.encode().splitlines())}
    assert known["app-evil/all"].outcome in (Outcome.POSSIBLE, Outcome.MANUAL)
    assert len(known) > 24, "so few are worked out without workers"


def test_an_ebuild_that_never_ends_is_a_refusal_and_the_others_go_on(
    home: Path, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "SOURCING_LIMIT", 1.0)
    write_ebuild(gentoo_tree, "app-misc/endless-1", "while :; do :; done")
    packages = ["app-misc/endless", "app-misc/any-first"]
    try:
        answers = surveying.work(_order(checkout_tree, gentoo_tree), packages)
    finally:
        surveying.close()
        runtime.shut_down()
    endless, other = (answer.line for answer in answers)
    assert endless.refusal is not None
    assert any("not sourced after 1 seconds" in line for line in endless.refusal.chain)
    assert other.can_be_had


def test_a_scheduler_that_goes_away_ends_the_survey_and_the_next_one_goes_on(
    home: Path, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    for number in range(surveying_in_batches.BATCH):
        write_ebuild(gentoo_tree, f"app-slow/a{number:02}-1", "")
    for number in range(surveying_in_batches.BATCH):
        write_ebuild(gentoo_tree, f"app-slow/b{number:02}-1", "read -t 5 <> <(:)")
    lines = tmp_path / "lines.ndjson"
    with scheduler() as (process, address), worker(address):
        survey = subprocess.Popen(
            _command(checkout_tree, gentoo_tree, "--scheduler", address, "-o", lines, "app-slow/"),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + LIMIT
        while not (lines.exists() and lines.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        try:
            _, said = survey.communicate(timeout=LIMIT)
        finally:
            survey.kill()
    assert survey.returncode == 41, said
    assert "the scheduler is gone" in said
    again = subprocess.run(
        _command(checkout_tree, gentoo_tree, "app-slow/a*"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert f"{surveying_in_batches.BATCH} of them known from before" in again.stdout


def test_a_full_disk_under_the_cache_is_an_error_that_names_the_file(
    home: Path, checkout_tree: Path, gentoo_tree: Path
) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    result = subprocess.run(
        _command(checkout_tree, gentoo_tree, "sys-process/"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        preexec_fn=little_room,
    )
    assert result.returncode == 16, result.stderr
    assert ".sqlite cannot be used" in result.stderr
    assert "make room" in result.stderr
