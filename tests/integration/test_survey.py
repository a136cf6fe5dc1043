"""A survey on this machine, on workers over TCP, with one of them killed, and without what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dask_processes import scheduler, worker
from msgspec.structs import replace
from support import ROOT, RunCli

from overlaytool.errors import SurveyError
from overlaytool.survey.line import Line, Outcome, decode
from overlaytool.survey.order import Order, code
from overlaytool.workflow.surveying import check, content

pytest.importorskip("distributed", reason="needs Dask: pip install 'overlaytool[survey]'")

type Survey = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def survey(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> Survey:
    """Runs ``overlaytool survey`` on the small trees."""

    def run(*args: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run_cli(
            "-C", checkout_tree, "survey", "--gentoo", gentoo_tree, *args, check=check, timeout=300
        )

    return run


def _lines(file: Path) -> dict[str, Line]:
    return {line.package: line for line in map(decode, file.read_bytes().splitlines())}


def test_the_same_bytes_come_from_this_machine_and_from_workers_one_of_which_is_killed(
    survey: Survey, tmp_path: Path
) -> None:
    local, remote = tmp_path / "local.ndjson", tmp_path / "remote.ndjson"
    survey("--fresh", "--workers", "2", "-o", local)
    with scheduler() as (_, address), worker(address) as (first, _), worker(address):
        command: list[str | Path]
        command = [
            sys.executable,
            "-m",
            "overlaytool",
            "-C",
            tmp_path / "scripts",
            "survey",
        ]
        command += ["--gentoo", tmp_path / "gentoo", "--fresh", "--scheduler", address, "-o", remote]
        running = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        )
        for _ in range(3000):
            if remote.exists() and remote.stat().st_size:
                break
            time.sleep(0.02)
        first.kill()
        assert running.wait(timeout=300) == 0
    assert remote.read_bytes() == local.read_bytes()
    outcomes = {line.outcome for line in _lines(local).values()}
    assert outcomes >= {Outcome.FREE, Outcome.POSSIBLE, Outcome.PARTLY, Outcome.MANUAL, Outcome.REFUSED}
    assert Outcome.FAILED not in outcomes


def test_a_worker_of_another_overlaytool_is_left_out_and_it_is_said_why(
    survey: Survey, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(ROOT / "overlaytool", other / "overlaytool")
    with (other / "overlaytool/errors.py").open("a") as file:
        file.write("# edited\n")
    with scheduler() as (_, address), worker(address, other):
        alone = survey("--scheduler", address, "sys-process/", check=False)
        with worker(address):
            together = survey("--scheduler", address, "sys-process/")
    assert alone.returncode == 41
    reason = "it has another version of overlaytool, or of a library that reads ebuilds"
    assert reason in alone.stderr
    assert f"is left out: {reason}" in together.stderr
    assert "packages" in together.stdout


def test_a_worker_without_the_trees_or_with_others_does_not_fit(
    checkout_tree: Path, gentoo_tree: Path
) -> None:
    order = Order(
        checkout=str(checkout_tree),
        sources=(("gentoo", str(gentoo_tree)),),
        boards=("amd64-usr",),
        into="image",
        accept_keywords=True,
        trust=False,
        trees="",
        code=code(),
    )
    order = replace(order, trees=content(order).total)
    check(order)
    ebuild = next(gentoo_tree.glob("app-misc/*/*.ebuild"))
    ebuild.write_text(ebuild.read_text() + "# edited\n")
    with pytest.raises(SurveyError, match="its trees are not those of this survey"):
        check(order)
    gentoo_tree.rename(gentoo_tree.with_name("away"))
    with pytest.raises(SurveyError, match=f"it has no {gentoo_tree}"):
        check(order)


def test_no_scheduler_there_is_an_error_that_says_how_to_start_one(survey: Survey) -> None:
    result = survey("--scheduler", "tcp://127.0.0.1:9", check=False)
    assert result.returncode == 20
    assert "no Dask scheduler at tcp://127.0.0.1:9" in result.stderr
    assert "dask scheduler" in result.stderr


def test_a_scheduler_without_workers_is_given_up(survey: Survey) -> None:
    with scheduler() as (_, address):
        result = survey("--scheduler", address, check=False)
    assert result.returncode == 41
    assert "the scheduler has no workers" in result.stderr


def test_only_what_a_change_reaches_is_worked_out_again(survey: Survey, gentoo_tree: Path) -> None:
    packages = ("sys-process/htop", "app-misc/screen", "app-misc/any-first", "app-misc/any-fewest")
    survey(*packages)
    assert "4 of them known from before" in survey(*packages).stdout
    manifest = gentoo_tree / "sys-process/htop/Manifest"
    manifest.write_text(manifest.read_text() + "DIST other 1 BLAKE2B 00 SHA512 00\n")
    assert "3 of them known from before" in survey(*packages).stdout


def test_what_changed_since_an_earlier_survey_is_said_and_ends_with_status_1(
    survey: Survey, gentoo_tree: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.ndjson"
    survey("sys-process/", "-o", old)
    assert survey("sys-process/", "--compare", old).returncode == 0
    for ebuild in gentoo_tree.glob("sys-process/htop/*.ebuild"):
        ebuild.write_text(ebuild.read_text().replace("EAPI=8", "EAPI=99"))
    result = survey("sys-process/", "--compare", old, check=False)
    assert result.returncode == 1
    assert "1 could be had and is refused now" in result.stdout
    assert "sys-process/htop: " in result.stdout


def test_a_page_is_written(survey: Survey, tmp_path: Path) -> None:
    page = tmp_path / "survey.html"
    survey("sys-process/", "--report", page)
    assert "sys-process/htop" in page.read_text()


def test_an_ebuild_that_breaks_everything_is_a_line_of_its_own(survey: Survey, gentoo_tree: Path) -> None:
    place = gentoo_tree / "app-misc/hostile-survey"
    place.mkdir()
    (place / "hostile-survey-1.ebuild").write_text('EAPI=8\nKEYWORDS="amd64 arm64"\nSLOT=0\ndie\n')
    result = survey("app-misc/hostile-survey", "app-misc/any-first", "--format", "json")
    first, second = (decode(line) for line in result.stdout.encode().splitlines())
    assert first.outcome is Outcome.POSSIBLE
    assert second.outcome is Outcome.REFUSED and second.refusal is not None
    assert second.refusal.about == "app-misc/hostile-survey"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_and_what_was_worked_out_is_kept(survey: Survey) -> None:
    result = survey("sys-process/", "-o", "/dev/full", check=False)
    assert result.returncode == 16
    assert "/dev/full cannot be written" in result.stderr
