"""What others run: workflows, the action, the container's recipe, the ebuild. Nothing asks the network."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import ROOT, THIRD_PARTY, RunCli
from test_documents import missing_options

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
OURS = ROOT / "packaging/gentoo/app-portage/overlaytool"


def loaded(file: Path) -> dict[Any, Any]:
    """A YAML file; keys that occur twice are refused, as GitHub does."""

    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), f"{file.name}: {keys}"
            return super().construct_mapping(node, deep)

    document: dict[Any, Any] = yaml.load(file.read_text(encoding="utf-8"), Strict)
    return document


def steps(file: Path) -> list[dict[str, Any]]:
    """All steps of a workflow, or of an action."""
    document = loaded(file)
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a shell script, roughly: a line each, split at && and pipes."""
    for line in script.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|\||[|;]", line):
            words = shlex.split(part, comments=True)
            if words:
                yield words


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_each_step_does_one_thing_and_what_it_calls_exists(file: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for step in steps(file):
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
            continue
        assert subprocess.run(["bash", "-n"], input=step["run"], text=True).returncode == 0
        for words in commands(step["run"]):
            if words[0] == "make":
                assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), words
            if Path(words[0]).name == "overlaytool":
                assert not missing_options(words[1:]), words
            for word in words:
                if word.startswith(("packaging/", ".ci/", "$ACTION/packaging/")):
                    assert (ROOT / word.removeprefix("$ACTION/")).is_file(), word


def test_the_release_uploads_what_make_dist_makes() -> None:
    texts = [step.get("run", "") for step in steps(ROOT / ".github/workflows/release.yml")]
    assert any("make dist" in text for text in texts)
    assert any("gh release create" in text and "dist/*" in text and "notes.md" in text for text in texts)
    assert loaded(ROOT / ".github/workflows/release.yml")[True]["push"]["tags"] == ["v*"]  # `on` is a boolean


def test_the_action_passes_every_input_on() -> None:
    document = loaded(ACTION)
    text = ACTION.read_text(encoding="utf-8")
    for name in document["inputs"]:
        assert f"inputs.{name} " in text
    assert document["outputs"]["report"]["value"] == "${{ steps.run.outputs.report }}"


@pytest.mark.parametrize(
    ("variables", "status", "says"),
    [
        (
            {"COMMAND": "plan", "ATOMS": "sys-process/htop app-misc/screen"},
            0,
            "app-misc/screen into the image",
        ),
        ({"COMMAND": "plan", "ATOMS": "no-such/package"}, 6, "no package no-such/package"),
        ({"COMMAND": "plan", "ATOMS": ""}, 2, "plan needs atoms"),
        ({"COMMAND": "rm"}, 2, "plan or verify"),
    ],
)
def test_the_action_shows_the_result_and_ends_with_its_status(
    checkout_tree: Path,
    gentoo_tree: Path,
    tmp_path: Path,
    variables: dict[str, str],
    status: int,
    says: str,
) -> None:
    tool = tmp_path / "bin/overlaytool"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m overlaytool "$@"\n')
    tool.chmod(0o755)
    files = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    own = {
        "PATH": f"{tool.parent}:{os.environ['PATH']}",
        "CHECKOUT": str(checkout_tree),
        "OVERLAYTOOL_GENTOO": str(gentoo_tree),
        "RUNNER_TEMP": str(tmp_path),
    }
    script = ROOT / "packaging/action.sh"
    done = subprocess.run(
        ["bash", script], env={**os.environ, **own, **files, **variables}, capture_output=True, text=True
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    if status != 2:
        assert says in (tmp_path / "summary").read_text()
        assert f"report={tmp_path}/overlaytool-plan.json" in (tmp_path / "output").read_text()
    if status == 0:
        assert json.loads((tmp_path / "overlaytool-plan.json").read_text())["request"]


def test_the_container_installs_this_tree_and_runs_its_command() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    assert {name for name, _ in lines} <= {"FROM", "RUN", "COPY", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert ["ENTRYPOINT", '["overlaytool"]'] in lines
    assert any("'/src[verify]'" in rest for _, rest in lines)
    last = text.rpartition("FROM")[2]
    assert all(f" {package} " in last for package in ("bash", "git", "graphviz"))
    for _, rest in (line for line in lines if line[0] == "RUN"):
        assert subprocess.run(["bash", "-n"], input=rest, text=True).returncode == 0


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    script = ROOT / "packaging/notes.py"
    shown = subprocess.run(
        [sys.executable, script, "v99.0"], capture_output=True, text=True, check=True
    ).stdout
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert shown.strip() == changelog.partition("## Unreleased")[2].partition("\n## ")[0].strip()


# --- the ebuild --------------------------------------------------------------------------------------

STUB = (
    'EAPI=8\nDESCRIPTION="d"\nHOMEPAGE="https://example.org"\n'
    'LICENSE="BSD"\nSLOT="0"\nKEYWORDS="amd64 arm64"\n'
)
TARGET = "python_targets_python3_12"
ATOM = re.compile(r"^\t(?:\w+\? \( )?[<>=]*([a-z-]+/[a-z-]+?)(?:-[\d.]+)?(?=\[|\s)", re.MULTILINE)
"""A dependency of our ebuild, and its name: one in a line."""
ECLASS = f'IUSE="{TARGET}"\nPYTHON_USEDEP="{TARGET}(-)?"\n'


@pytest.fixture
def with_python(gentoo_tree: Path) -> Path:
    """gentoo-mini with overlaytool's ebuild, and with stand-ins for what it depends on."""
    text = next(OURS.glob("*.ebuild")).read_text(encoding="utf-8")
    (gentoo_tree / "eclass/distutils-r1.eclass").write_text(ECLASS)
    for name in set(ATOM.findall(text)):
        directory = gentoo_tree / name
        if not directory.exists():
            directory.mkdir(parents=True)
            ebuild = directory / f"{directory.name}-0.12.48.ebuild"
            ebuild.write_text(f'{STUB}IUSE="+{TARGET}"\nS="${{WORKDIR}}"\n')
    target = gentoo_tree / "app-portage/overlaytool"
    target.mkdir(parents=True)
    for file in OURS.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    for words in (("add", "-A"), ("commit", "-qm", "Add overlaytool")):
        subprocess.run(["git", *words], cwd=gentoo_tree, check=True)
    return gentoo_tree


def test_overlaytool_adds_its_own_ebuild(run_cli: RunCli, checkout_tree: Path, with_python: Path) -> None:
    request = ("=app-portage/overlaytool-9999", "--into", "sdk", "--yes", "--format", "json")
    plan = json.loads(run_cli("-C", checkout_tree, "add", "--gentoo", with_python, *request).stdout)
    imported = {step["package"] for step in plan["imports"]}
    assert {"app-portage/overlaytool", "sys-apps/pkgcore", "dev-python/typer"} <= imported
    assert {eclass["name"] for eclass in plan["eclasses"]} >= {"distutils-r1"}
    copy = checkout_tree / THIRD_PARTY / "portage-stable/app-portage/overlaytool"
    assert {file.name for file in copy.iterdir()} == {file.name for file in OURS.iterdir()}


def test_the_ebuild_depends_on_what_the_wheel_does() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]}
    text = next(OURS.glob("*.ebuild")).read_text(encoding="utf-8")
    assert names <= {name.partition("/")[2] for name in ATOM.findall(text)}
