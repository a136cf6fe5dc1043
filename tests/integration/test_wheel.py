"""What is installed from a wheel works without the clone that it was made from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support import FIXTURES, ROOT

from overlaytool.cli.app import COMMANDS

LIMIT = 120
"""Seconds for one step."""


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a command says on standard output."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel and the sdist: the wheel is made from the sdist, without git."""
    place = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", place, ROOT, cwd=place)
    return place


@pytest.fixture(scope="module")
def prefix(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment into which the wheel was installed, and what it declares that it depends on.

    The dependencies are linked in from the tests' own environment instead of fetched: a module that the
    wheel needs and does not declare is not there.
    """
    place = tmp_path_factory.mktemp("installed") / "env"
    venv.create(place, with_pip=True, symlinks=True)
    [wheel] = dist.glob("*.whl")
    run(place / "bin/pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=place)
    packages = next(place.glob("lib/python3.*/site-packages"))
    [metadata] = packages.glob("overlaytool-*.dist-info")
    for name in declared(Distribution.at(metadata)):
        for file in distribution(name).files or ():
            _link(packages, file, Path(str(distribution(name).locate_file(""))))
    return place


def _link(packages: Path, file: PackagePath, own: Path) -> None:
    """Make a dependency's file appear beside the wheel: modules by their topmost directory, data singly."""
    entry = Path(file) if file.parts[0] == ".." else Path(file.parts[0])
    place = Path(os.path.normpath(packages / entry))
    if not os.path.lexists(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.normpath(own / entry))


def declared(installed: Distribution) -> set[str]:
    """The names of all that a distribution needs, without extras, and of what these need in turn."""
    found: set[str] = set()
    waiting = [installed]
    while waiting:
        for line in waiting.pop().requires or ():
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name not in found:
                found.add(requirement.name)
                waiting.append(distribution(requirement.name))
    return found


@pytest.fixture
def shown(prefix: Path, tmp_path: Path) -> str:
    """What the demonstration says."""
    return run(prefix / "bin/overlaytool", "demo", cwd=tmp_path, TMPDIR=str(tmp_path), PYTHONPATH="")


def test_the_wheel_alone_demonstrates_plans_and_draws(prefix: Path, shown: str, tmp_path: Path) -> None:
    assert "+\tsys-process/htop" in shown
    [checkout] = tmp_path.glob("overlaytool-demo-*/scripts")
    program = prefix / "bin/overlaytool"
    plan = json.loads(run(program, "plan", "--format", "json", "app-misc/keyword-one", cwd=checkout))
    assert [step["package"] for step in plan["imports"]] == ["app-misc/keyword-one"]
    run(program, "graph", "app-misc/keyword-one", "-o", tmp_path / "graph.html", cwd=checkout)
    assert "app-misc/keyword-one" in (tmp_path / "graph.html").read_text()


def test_the_trees_in_the_wheel_are_those_of_the_clone(prefix: Path, shown: str, tmp_path: Path) -> None:
    [copy] = tmp_path.glob("overlaytool-demo-*/gentoo")
    for path in sorted((FIXTURES / "gentoo-mini").rglob("*")):
        unpacked = copy / path.relative_to(FIXTURES / "gentoo-mini")
        assert unpacked.is_symlink() == path.is_symlink(), path
        if path.is_symlink():
            assert unpacked.readlink() == path.readlink()
        elif path.is_file():
            assert unpacked.read_bytes() == path.read_bytes()
            assert os.access(unpacked, os.X_OK) == os.access(path, os.X_OK), path
        else:
            assert unpacked.is_dir()


def test_the_versions_agree(dist: Path, prefix: Path) -> None:
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    version = wheel.name.split("-")[1]
    assert sdist.name == f"overlaytool-{version}.tar.gz"
    assert run(prefix / "bin/overlaytool", "--version", cwd=prefix) == f"overlaytool {version}\n"


def test_the_wheel_brings_the_manual_page_and_completions(prefix: Path) -> None:
    page = prefix / "share/man/man1/overlaytool.1"
    text = page.read_text()
    for name in COMMANDS:
        assert f".SS overlaytool {name}" in text
    for file in ("bash-completion/completions/overlaytool", "zsh/site-functions/_overlaytool"):
        assert "_OVERLAYTOOL_COMPLETE" in (prefix / "share" / file).read_text()


@pytest.mark.skipif(not shutil.which("groff"), reason="groff reads manual pages")
def test_groff_finds_no_fault_in_the_manual_page(prefix: Path) -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", prefix / "share/man/man1/overlaytool.1"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
