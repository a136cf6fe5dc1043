"""The clones of the trees to import from: made whole or not at all, refreshed, never the user's."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_steps import git

from overlaytool.config import SourceConfig
from overlaytool.errors import LockedError, NetworkError, RepositoryError, WriteError
from overlaytool.git.head import head_commit
from overlaytool.git.sync import sync
from overlaytool.git.tree_lock import alone, reading
from overlaytool.model.series import Synced, SyncState
from overlaytool.progress import SilentProgress

if TYPE_CHECKING:
    from support import RunCli

NOWHERE = "http://127.0.0.1:9/gentoo"


@pytest.fixture
def upstream(gentoo_tree: Path) -> Path:
    """A Gentoo with two commits, that serves blobs on demand."""
    (gentoo_tree / "metadata/second").write_text("second\n")
    git(gentoo_tree, "add", "-A")
    git(gentoo_tree, "commit", "-q", "-m", "second")
    git(gentoo_tree, "config", "uploadpack.allowFilter", "true")
    git(gentoo_tree, "config", "uploadpack.allowAnySHA1InWant", "true")
    return gentoo_tree


@pytest.fixture
def source(upstream: Path, tmp_path: Path) -> SourceConfig:
    return SourceConfig(name="gentoo", path=tmp_path / "cache/trees/gentoo", url=f"file://{upstream}")


def synced(source: SourceConfig) -> Synced:
    (one,) = sync((source,), SilentProgress())
    return one


def change(upstream: Path, name: str, text: str) -> str:
    (upstream / name).write_text(text)
    git(upstream, "add", "-A")
    git(upstream, "commit", "-q", "-m", name)
    return git(upstream, "rev-parse", "HEAD")


def test_the_first_sync_clones_one_commit_and_the_next_ones_follow(
    source: SourceConfig, upstream: Path
) -> None:
    assert synced(source).state is SyncState.CLONED
    assert head_commit(source.path) == git(upstream, "rev-parse", "HEAD")
    assert git(source.path, "rev-list", "--count", "HEAD") == "1"
    assert git(source.path, "status", "--porcelain") == ""
    assert synced(source).state is SyncState.CURRENT
    newer = change(upstream, "metadata/third", "third\n")
    git(upstream, "rm", "-rq", "app-misc/screen")
    git(upstream, "commit", "-q", "-m", "drop screen")
    after = synced(source)
    assert (after.state, after.commit) == (SyncState.REFRESHED, git(upstream, "rev-parse", "HEAD"))
    assert newer != after.commit
    assert not (source.path / "app-misc/screen").exists()
    assert (source.path / "metadata/third").read_text() == "third\n"


def test_a_server_without_blobs_on_demand_and_a_rewritten_history_do_as_well(
    source: SourceConfig, upstream: Path
) -> None:
    git(upstream, "config", "uploadpack.allowFilter", "false")
    git(upstream, "config", "uploadpack.allowAnySHA1InWant", "false")
    assert synced(source).state is SyncState.CLONED
    git(upstream, "commit", "-q", "--amend", "-m", "rewritten")
    assert synced(source).state is SyncState.REFRESHED
    assert head_commit(source.path) == git(upstream, "rev-parse", "HEAD")


def test_what_was_damaged_in_the_clone_is_put_right(source: SourceConfig) -> None:
    synced(source)
    (source.path / "sys-process/htop/metadata.xml").write_text("half")
    (source.path / "sys-process/htop/htop-3.5.3.ebuild").unlink()
    (source.path / "sys-process/stray").write_text("left over")
    (source.path / ".git/index.lock").write_text("")
    assert synced(source).state is SyncState.CURRENT
    assert git(source.path, "status", "--porcelain") == ""


def test_offline_the_clone_that_is_there_is_used(source: SourceConfig, upstream: Path) -> None:
    before = synced(source).commit
    offline = SourceConfig(name="gentoo", path=source.path, url=NOWHERE)
    after = synced(offline)
    assert (after.state, after.commit) == (SyncState.OFFLINE, before)
    assert after.reason
    assert "unable to access" in after.reason or "Could not resolve" in after.reason
    assert not after.reason.startswith("fatal:")
    assert after.reason and "127.0.0.1" in after.reason
    assert git(source.path, "status", "--porcelain") == ""


def test_offline_without_a_clone_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    source = SourceConfig(name="gentoo", path=tmp_path / "trees/gentoo", url=NOWHERE)
    with pytest.raises(NetworkError, match="no clone yet") as caught:
        synced(source)
    assert caught.value.hint and "--gentoo" in caught.value.hint
    assert [path.name for path in source.path.parent.iterdir()] == [".gentoo.lock"]


def test_a_tree_of_the_users_own_is_never_touched(upstream: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    git(tmp_path, "clone", "-q", f"file://{upstream}", "mine")
    (mine / "work").write_text("in progress")
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in mine.rglob("*"))
    for url in (None, f"file://{upstream}"):
        assert synced(SourceConfig(name="mine", path=mine, url=url)).state is SyncState.KEPT
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in mine.rglob("*")) == before


def test_an_empty_directory_is_filled_and_a_cache_that_cannot_be_written_is_said(
    source: SourceConfig, tmp_path: Path
) -> None:
    source.path.mkdir(parents=True)
    assert synced(source).state is SyncState.CLONED
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be kept at"):
        synced(SourceConfig(name="gentoo", path=tmp_path / "file/trees/gentoo", url=source.url))


def test_a_tree_without_url_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="nothing is there"):
        synced(SourceConfig(name="mine", path=tmp_path / "mine", url=None))


def test_two_syncs_of_one_tree_exclude_each_other(source: SourceConfig) -> None:
    source.path.parent.mkdir(parents=True)
    with (source.path.parent / ".gentoo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="another overlaytool"):
            synced(source)
    assert synced(source).state is SyncState.CLONED


def test_a_clone_that_was_killed_leaves_nothing_half_made(
    source: SourceConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin/git"
    slow.parent.mkdir()
    slow.write_text(
        f'#!/bin/sh\n{shutil.which("git")} "$@"\n'
        f'case "$*" in *clone*) touch {tmp_path}/cloned; sleep 60;; esac\n'
    )
    slow.chmod(0o755)
    script = (
        "import sys; from pathlib import Path; from overlaytool.git.sync import sync;"
        "from overlaytool.config import SourceConfig; from overlaytool.progress import SilentProgress;"
        f"list(sync((SourceConfig(name='gentoo', path=Path({str(source.path)!r}), url={source.url!r}),),"
        " SilentProgress()))"
    )
    environment = {
        **os.environ,
        "PATH": f"{slow.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "cloned").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (tmp_path / "cloned").exists()
    assert not source.path.exists()
    assert synced(source).state is SyncState.CLONED
    assert not list(source.path.parent.glob(".gentoo.new-*"))


def test_the_command_syncs_all_trees_of_the_configuration(
    upstream: Path, run_cli: RunCli, home: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "overlaytool.toml"
    settings.write_text(
        f'[gentoo]\nurl = "file://{upstream}"\n[[source]]\nname = "guru"\nurl = "file://{upstream}"\n'
    )
    result = run_cli("--config", settings, "sync")
    commit = git(upstream, "rev-parse", "--short=12", "HEAD")
    assert result.stdout.splitlines() == [
        f"{name} at {commit} {home}/.cache/overlaytool/trees/{name}" for name in ("gentoo", "guru")
    ]
    assert result.stderr.count("cloned") == 2
    assert run_cli("--config", settings, "sync", "guru").stdout.split()[0] == "guru"
    unknown = run_cli("--config", settings, "sync", "other", check=False)
    assert unknown.returncode == 3
    assert "known are gentoo, guru" in unknown.stderr
    settings.write_text(f'[gentoo]\nurl = "{NOWHERE}"\n')
    result = run_cli("--config", settings, "sync")
    assert "the clone is used as it is" in result.stderr
    result = run_cli("--config", settings, "-q", "sync")
    assert result.stderr == ""


def test_a_tree_of_50_000_objects_is_refreshed(upstream: Path, source: SourceConfig) -> None:
    """git names every object of the new commit: far more than a pipe holds."""
    stream = ["commit refs/heads/large", "committer t <t@example.org> 1700000000 +0000", "data 5", "large"]
    for number in range(50_000):
        text = f"{number}\n"
        stream += [f"M 100644 inline many/{number % 250}/{number}", f"data {len(text)}", text]
    subprocess.run(
        ["git", "-C", str(upstream), "fast-import", "--quiet"],
        input="\n".join([*stream, ""]).encode(),
        check=True,
        timeout=120,
    )
    git(upstream, "checkout", "-q", "large")
    assert synced(source).state is SyncState.CLONED
    assert synced(source).state is SyncState.CURRENT
    newest = change(upstream, "many/0/0", "changed\n")
    assert synced(source).state is SyncState.REFRESHED
    assert head_commit(source.path) == newest
    assert (source.path / "many/0/0").read_text() == "changed\n"


KILLED_REFRESH = """
import os, signal, sys
from pathlib import Path
from overlaytool.config import SourceConfig
from overlaytool.git import sync
from overlaytool.progress import SilentProgress
transfer = sync.transfer
def cut_short(command, **rest):
    if command[0] == "reset":
        (Path(rest["directory"]) / "metadata/second").write_text("of the next commit\\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return transfer(command, **rest)
sync.transfer = cut_short
source = SourceConfig(name="gentoo", path=Path(sys.argv[1]), url=sys.argv[2])
list(sync.sync((source,), SilentProgress()))
"""


@pytest.fixture
def half(source: SourceConfig, upstream: Path) -> str:
    """A clone whose refresh was killed amid the files; the commit that was to come."""
    synced(source)
    newer = change(upstream, "metadata/third", "third\n")
    killed = subprocess.run([sys.executable, "-c", KILLED_REFRESH, source.path, str(source.url)], check=False)
    assert killed.returncode == -signal.SIGKILL
    return newer


def test_a_half_refresh_is_refused_by_readers(
    half: str, source: SourceConfig, checkout_tree: Path, run_cli: RunCli
) -> None:
    words = ("-C", checkout_tree, "plan", "sys-process/htop", "--gentoo", source.path)
    done = run_cli(*words, check=False)
    assert done.returncode == 18
    assert "cut short" in done.stderr and "overlaytool sync completes it" in done.stderr
    synced(source)
    run_cli(*words)


def test_a_half_refresh_is_completed_even_offline(half: str, source: SourceConfig, upstream: Path) -> None:
    upstream.rename(upstream.with_name("gone"))
    offline = SourceConfig(name="gentoo", path=source.path, url=NOWHERE)
    assert synced(offline).state is SyncState.OFFLINE
    assert head_commit(source.path) == half
    assert (source.path / "metadata/third").read_text() == "third\n"
    assert git(source.path, "status", "--porcelain") == ""
    with reading({"gentoo": source.path}):
        pass


def test_sync_and_readers_exclude_each_other_and_readers_share(source: SourceConfig) -> None:
    synced(source)
    trees = {"gentoo": source.path}
    with reading(trees), reading(trees), pytest.raises(LockedError):
        synced(source)
    with alone("gentoo", source.path), pytest.raises(LockedError), reading(trees):
        pass
    assert synced(source).state is SyncState.CURRENT
