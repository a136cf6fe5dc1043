"""Fixtures that every test may use: isolated surroundings, copies of the fixture trees, the command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES, ROOT, THIRD_PARTY, RunCli, surroundings

from overlaytool.ebuild import runtime

# A job in the background, or one that nohup started, has these ignored, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)

runtime.start()  # as the command line does, before a test module imports what uses pkgcore

COMMIT_DATE = "2026-08-22T02:24:13+00:00"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share a container engine or a machine go to one worker, as one group.

    Marks for groups do not reach ``--dist loadgroup`` of xdist 3.8 with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Machines(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "machines" if nodeid.startswith(("tests/container/", "tests/vm/")) else nodeid

    return Machines(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of the test's own: no configuration, cache, state or git identity from outside."""
    path = tmp_path_factory.mktemp("home")
    values = surroundings(path)
    for name in os.environ.keys() - values.keys():
        monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return path


@pytest.fixture(scope="session")
def repository_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a fixture tree as a git repository with one commit, made once in a session; copy it."""
    base = tmp_path_factory.mktemp("templates")

    def template(name: str) -> Path:
        path = base / name
        if not path.exists():
            shutil.copytree(FIXTURES / name, path, symlinks=True)
            _commit_everything(path, f"Start of {name}")
        return path

    return template


@pytest.fixture
def gentoo_tree(repository_templates: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of gentoo-mini, with one commit."""
    return Path(shutil.copytree(repository_templates("gentoo-mini"), tmp_path / "gentoo", symlinks=True))


@pytest.fixture
def guru_tree(repository_templates: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of guru-mini, a second source, with one commit."""
    return Path(shutil.copytree(repository_templates("guru-mini"), tmp_path / "guru", symlinks=True))


@pytest.fixture
def checkout_tree(repository_templates: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of flatcar-mini, with one commit."""
    return Path(shutil.copytree(repository_templates("flatcar-mini"), tmp_path / "scripts", symlinks=True))


@pytest.fixture
def checkout_3665(repository_templates: Callable[[str], Path], tmp_path: Path) -> Path:
    """flatcar-mini with the names and the revision of alpha-3665.0.0, with one commit."""
    path = tmp_path / "scripts-3665"
    shutil.copytree(
        repository_templates("flatcar-mini"), path, symlinks=True, ignore=shutil.ignore_patterns(".git")
    )
    overlay, stable = path / THIRD_PARTY / "coreos-overlay", path / THIRD_PARTY / "portage-stable"
    (overlay / "profiles/repo_name").write_text("coreos\n")
    (stable / "profiles/repo_name").write_text("gentoo\n")
    layout = stable / "metadata/layout.conf"
    layout.write_text("repo-name = portage-stable\n" + layout.read_text())
    metapackage = overlay / "coreos-base/coreos"
    (metapackage / "coreos-0.0.1-r320.ebuild").rename(metapackage / "coreos-0.0.1-r307.ebuild")
    (path / "sdk_container/.repo/manifests/version.txt").write_text(
        "FLATCAR_VERSION=3665.0.0\nFLATCAR_VERSION_ID=3665.0.0\n"
        'FLATCAR_BUILD_ID=""\nFLATCAR_SDK_VERSION=3665.0.0\n'
    )
    _commit_everything(path, "Start of flatcar-mini as of alpha-3665.0.0")
    return path


@pytest.fixture
def run_cli(home: Path, tmp_path: Path) -> RunCli:
    """Runs the command line as a user does; from ``tmp_path`` unless told otherwise."""

    def run(
        *args: str | Path, cwd: Path | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-m", "overlaytool", *map(str, args)],
            cwd=cwd or tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and result.returncode:
            pytest.fail(
                f"overlaytool {' '.join(map(str, args))}: exit status {result.returncode}\n"
                f"{result.stdout}{result.stderr}"
            )
        return result

    return run


def _commit_everything(path: Path, message: str) -> None:
    """Make a directory a repository with one commit; the same contents give the same commit."""
    identity = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_NAME": "Fixture" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "fixture@example.org" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_DATE": COMMIT_DATE for role in ("AUTHOR", "COMMITTER")},
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    commands = (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", message],
    )
    for command in commands:
        subprocess.run(["git", *command], cwd=path, check=True, env={**environment, **identity})
