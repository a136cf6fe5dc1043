"""From a request to a pull request on the fixture trees: commit, pr, --rebase, --push, --open."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_steps import STABLE, git

from overlaytool import workflow
from overlaytool.errors import GitError, NetworkError, StaleError
from overlaytool.git import repository as worktree
from overlaytool.model.resolution import Request
from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.support import evidence
from overlaytool.workflow import Workspace, series
from overlaytool.workflow.series import Committed

if TYPE_CHECKING:
    from support import RunCli

HTOP = Request(atoms=("sys-process/htop",))
BRANCH = "add-htop"
TODAY = date(2026, 8, 22)
THIRD_PARTY = "sdk_container/src/third_party"


@contextmanager
def opened(checkout: Path, gentoo: Path, *sources: Path) -> Iterator[Workspace]:
    with workflow.open_workspace(checkout=checkout, gentoo=gentoo, sources=sources) as space:
        yield space


def commit(checkout: Path, gentoo: Path, request: Request = HTOP, **options: object) -> Committed:
    with opened(checkout, gentoo) as space:
        return series.commit(space, request, **{"today": TODAY, **options})  # type: ignore[arg-type]


def move_main(checkout: Path, path: str, text: str) -> str:
    """One more commit on main, made by somebody else."""
    file = checkout / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", f"change {path}")
    return git(checkout, "rev-parse", "HEAD")


# --- add --commit ---------------------------------------------------------------------------------


def test_a_request_becomes_commits_that_cite_the_sources_head(checkout_tree: Path, gentoo_tree: Path) -> None:
    done = commit(checkout_tree, gentoo_tree)
    assert done.series.branch == BRANCH
    assert done.plan.checkout.commit == git(checkout_tree, "rev-parse", "main")
    cited = git(checkout_tree, "log", "-1", "--format=%b", done.series.commits[0].commit)
    assert f"It's from Gentoo commit {git(gentoo_tree, 'rev-parse', 'HEAD')}." in cited
    copied = git(checkout_tree, "rev-parse", f"{BRANCH}:{STABLE}/sys-process/htop")
    assert copied == git(gentoo_tree, "rev-parse", "HEAD:sys-process/htop")


def test_every_commit_by_itself_can_be_planned_on(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    done = commit(checkout_tree, gentoo_tree)
    git(checkout_tree, "worktree", "add", "-q", "--detach", str(tmp_path / "each"))
    for one in done.series.commits:
        git(tmp_path / "each", "checkout", "-q", one.commit)
        with opened(tmp_path / "each", gentoo_tree) as space:
            _, plan = workflow.plan(space, HTOP)
        assert plan.manual_work == ()
    assert plan.imports == () and plan.metapackage is None and plan.keywords == ()


def test_the_plan_is_made_from_the_commit_and_not_from_the_work_tree(
    checkout_tree: Path, gentoo_tree: Path
) -> None:
    clean = commit(checkout_tree, gentoo_tree, branch="clean")
    git(checkout_tree, "checkout", "-q", "clean", "--", ".")
    git(checkout_tree, "reset", "-q")
    (checkout_tree / STABLE / "sys-libs/ncurses").rename(checkout_tree / "ncurses-was-here")
    status = git(checkout_tree, "status", "--porcelain")
    dirty = commit(checkout_tree, gentoo_tree, branch="dirty")
    assert git(checkout_tree, "rev-parse", "dirty^{tree}") == git(checkout_tree, "rev-parse", "clean^{tree}")
    assert len(dirty.series.commits) == len(clean.series.commits)
    assert git(checkout_tree, "status", "--porcelain") == status


def test_files_that_git_is_told_not_to_look_at_take_no_part_and_the_index_stays(
    checkout_tree: Path, gentoo_tree: Path
) -> None:
    clean = commit(checkout_tree, gentoo_tree, branch="clean").series
    keywords = f"{THIRD_PARTY}/coreos-overlay/profiles/coreos/base/package.accept_keywords"
    git(checkout_tree, "update-index", "--assume-unchanged", keywords)
    (checkout_tree / keywords).write_text("sys-process/htop ~amd64\n")
    (checkout_tree / "changelog/README.md").touch()
    index = (checkout_tree / ".git/index").read_bytes()
    other = commit(checkout_tree, gentoo_tree, branch="other").series
    assert (checkout_tree / ".git/index").read_bytes() == index
    assert (
        git(checkout_tree, "rev-parse", f"{other.tip}^{{tree}}", f"{clean.tip}^{{tree}}").split()
        == [git(checkout_tree, "rev-parse", "clean^{tree}")] * 2
    )


def test_tomorrow_the_series_is_still_found(checkout_tree: Path, gentoo_tree: Path) -> None:
    first = commit(checkout_tree, gentoo_tree)
    again = commit(checkout_tree, gentoo_tree, today=None)
    assert again.series.found
    assert again.series.commits == first.series.commits


def test_a_series_without_its_record_is_found_and_recorded_anew(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    first = commit(checkout_tree, gentoo_tree)
    for file in (checkout_tree / ".git/overlaytool/series").iterdir():
        file.unlink()
    assert commit(checkout_tree, gentoo_tree).series.commits == first.series.commits
    with opened(checkout_tree, gentoo_tree) as space:
        assert series.write(space, tmp_path / "out").series.tip == first.series.tip


def test_a_series_that_is_checked_out_is_found(checkout_tree: Path, gentoo_tree: Path) -> None:
    first = commit(checkout_tree, gentoo_tree)
    with opened(checkout_tree, gentoo_tree) as space:
        series.check_out(space, first.series)
    again = commit(checkout_tree, gentoo_tree)
    assert again.series.found
    assert again.series.commits == first.series.commits
    with pytest.raises(GitError, match="nothing to commit"):
        commit(checkout_tree, gentoo_tree, branch="other")


def test_a_source_whose_files_are_not_those_of_its_commit_is_not_cited(
    checkout_tree: Path, gentoo_tree: Path
) -> None:
    (gentoo_tree / "app-misc/screen/metadata.xml").write_text("<pkgmetadata/>\n")
    assert commit(checkout_tree, gentoo_tree).series.commits
    (gentoo_tree / ".git/info").mkdir(exist_ok=True)
    (gentoo_tree / ".git/info/exclude").write_text("*.orig\n")
    htop = gentoo_tree / "sys-process/htop"
    (htop / "htop.orig").write_text("ignored by git\n")
    (htop / "metadata.xml").write_text((htop / "metadata.xml").read_text() + "<!-- mine -->\n")
    git(gentoo_tree, "update-index", "--assume-unchanged", "sys-process/htop/metadata.xml")
    with pytest.raises(StaleError, match="not those of its commit") as caught:
        commit(checkout_tree, gentoo_tree, branch="other")
    assert caught.value.details == ("sys-process/htop/htop.orig", "sys-process/htop/metadata.xml")
    assert git(checkout_tree, "branch", "--list", "other") == ""


def test_a_source_may_be_a_directory_of_a_repository(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    (gentoo_tree / ".git").rename(tmp_path / "its-git")
    gentoo_tree.rename(outer / "gentoo")
    git(outer, "init", "-q")
    git(outer, "add", "-Af", ".")
    git(outer, "commit", "-q", "-m", "all")
    done = commit(checkout_tree, outer / "gentoo")
    body = git(checkout_tree, "log", "-1", "--format=%b", done.series.commits[0].commit)
    assert git(outer, "rev-parse", "HEAD") in body


def test_a_checkout_inside_another_repository_is_refused(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    (checkout_tree / ".git").rename(tmp_path / "moved")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "scripts")
    git(tmp_path, "commit", "-q", "-m", "everything")
    with pytest.raises(GitError, match="is a part of the repository"):
        commit(checkout_tree, gentoo_tree)


# --- pr -------------------------------------------------------------------------------------------


def test_pr_writes_patches_one_diff_and_the_text(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    done = commit(checkout_tree, gentoo_tree, Request(atoms=("sys-process/htop", "app-misc/screen")))
    result = run_cli("-C", checkout_tree, "pr", "-o", tmp_path / "out")
    names = [Path(line).name for line in result.stdout.splitlines()]
    assert names[-2:] == ["series.diff", "PULL_REQUEST.md"]
    assert names[:-2] == sorted(path.name for path in (tmp_path / "out").glob("0*.patch"))
    assert len(names) == len(done.series.commits) + 2
    text = (tmp_path / "out/PULL_REQUEST.md").read_text()
    assert text.startswith("# Add sys-process/htop and app-misc/screen\n")
    for part in (
        "| Package | Version | From | Licence | Keywords | USE | Size | Asked for by |",
        "| `sys-process/htop` | 3.5.3 | Gentoo ",
        "`~amd64 arm64`",
        "Keep versions on both arches in sync.",
        "- `app-misc/screen-4.9.1-r2`",
        "```mermaid\nflowchart TD\n",
        "## How to use",
        "## Testing done",
        "- [ ] not run: `overlaytool verify sys-process/htop app-misc/screen`",
        "- [ ] not run: `./image_to_vm.sh`",
        "- [x] Changelog entries added",
        "- [ ] Inspected CI output for image differences",
    ):
        assert part in text, part


def test_testing_done_is_what_the_stages_said_of_exactly_this_content(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    done = commit(checkout_tree, gentoo_tree)
    git(checkout_tree, "checkout", "-q", "--no-overlay", BRANCH, "--", ".")
    content = worktree.content(checkout_tree, THIRD_PARTY)
    assert content == git(checkout_tree, "rev-parse", f"{done.series.tip}:{THIRD_PARTY}")
    git(checkout_tree, "reset", "-q", "--hard")
    with opened(checkout_tree, gentoo_tree) as space:
        for stage, outcome, tree in (
            (Stage.VERIFY, Outcome.PASSED, content),
            (Stage.EMERGE, Outcome.FAILED, content),
            (Stage.VM, Outcome.PASSED, "0" * 40),
        ):
            evidence.record(
                space.config.state,
                Evidence(
                    stage=stage,
                    command=f"overlaytool {stage}",
                    outcome=outcome,
                    summary=f"{stage} by @somebody, fixes #1",
                    output=f"said by {stage}\n```\nend",
                    tree=str(tree),
                    when="2026-08-22T10:00:00Z",
                ),
            )
        series.write(space, tmp_path / "out")
    text = (tmp_path / "out/PULL_REQUEST.md").read_text()
    assert "- [x] verify by `@somebody,` fixes `#1` (2026-08-22T10:00:00Z)" in text
    assert "````text\n$ overlaytool verify\nsaid by verify\n```\nend\n````" in text
    assert "- [ ] **failed:** emerge" in text
    assert "- [ ] not run: `./image_to_vm.sh`" in text


def test_commits_that_the_user_puts_on_the_branch_are_sent_too(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    commit(checkout_tree, gentoo_tree)
    git(checkout_tree, "checkout", "-q", BRANCH)
    move_main(checkout_tree, "docs.md", "by hand\n")
    with opened(checkout_tree, gentoo_tree) as space:
        written = series.write(space, tmp_path / "out")
    assert written.patches[-1].name == "0006-change-docs.md.patch"
    assert written.series.commits[-1].step is None


def test_without_a_series_or_with_several_pr_says_what_to_do(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    result = run_cli("-C", checkout_tree, "pr", check=False)
    assert result.returncode == GitError.exit_status
    assert "no series yet" in result.stderr
    commit(checkout_tree, gentoo_tree, branch="one")
    commit(checkout_tree, gentoo_tree, branch="two/three")
    result = run_cli("-C", checkout_tree, "pr", check=False)
    assert "which series?" in result.stderr
    assert "there is two/three" in result.stderr
    result = run_cli("-C", checkout_tree, "pr", "--branch", "two/three", "-o", tmp_path / "out")
    assert (tmp_path / "out/series.diff").exists()
    assert not (tmp_path / "outgoing").exists()


def test_a_branch_with_a_merge_is_refused(checkout_tree: Path, gentoo_tree: Path, tmp_path: Path) -> None:
    commit(checkout_tree, gentoo_tree)
    move_main(checkout_tree, "docs.md", "text\n")
    git(checkout_tree, "checkout", "-q", BRANCH)
    git(checkout_tree, "merge", "-q", "--no-edit", "main")
    with opened(checkout_tree, gentoo_tree) as space, pytest.raises(GitError, match="has merges"):
        series.write(space, tmp_path / "out")


def test_a_branch_that_git_rebased_is_written_from_its_new_base(
    checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    commit(checkout_tree, gentoo_tree)
    base = move_main(checkout_tree, "docs.md", "text\n")
    git(checkout_tree, "rebase", "-q", "main", BRANCH)
    with opened(checkout_tree, gentoo_tree) as space:
        written = series.write(space, tmp_path / "out")
    assert written.series.base == base
    assert len(written.patches) == 5


# --- pr --rebase ----------------------------------------------------------------------------------


def test_after_the_base_moved_the_series_is_made_again_on_it(checkout_tree: Path, gentoo_tree: Path) -> None:
    first = commit(checkout_tree, gentoo_tree)
    metapackage = checkout_tree / THIRD_PARTY / "coreos-overlay/coreos-base/coreos"
    (metapackage / "coreos-0.0.1-r320.ebuild").rename(metapackage / "coreos-0.0.1-r321.ebuild")
    base = move_main(checkout_tree, "docs.md", "text\n")
    with opened(checkout_tree, gentoo_tree) as space:
        done = series.rebase(space, today=TODAY)
        again = series.rebase(space, today=TODAY)
    assert again.series is not None and again.series.found
    assert done.series is not None
    assert done.series.base == base
    assert [one.subject for one in done.series.commits] == [one.subject for one in first.series.commits]
    assert git(checkout_tree, "rev-parse", f"{BRANCH}~5") == base
    assert "coreos-0.0.1-r322.ebuild" in git(
        checkout_tree, "ls-tree", "--name-only", BRANCH, f"{THIRD_PARTY}/coreos-overlay/coreos-base/coreos/"
    )
    assert git(checkout_tree, "branch", "--show-current") == "main"


def test_the_command_makes_the_series_again_from_the_trees_that_it_came_from(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    old = commit(checkout_tree, gentoo_tree).series
    base = move_main(checkout_tree, "docs.md", "text\n")
    result = run_cli("-C", checkout_tree, "pr", "--rebase", "-o", tmp_path / "out")
    assert f"made again on {base[:12]}, before on {old.base[:12]}" in result.stderr
    assert git(checkout_tree, "rev-parse", f"{BRANCH}~5") == base
    move_main(checkout_tree, "docs.md", "more\n")
    gentoo_tree.rename(tmp_path / "elsewhere")
    result = run_cli("-C", checkout_tree, "pr", "--rebase", "-o", tmp_path / "out", check=False)
    assert "is not there any more" in result.stderr


def test_where_the_plan_is_another_one_on_the_new_base_the_difference_is_said(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    first = commit(checkout_tree, gentoo_tree)
    move_main(checkout_tree, "docs.md", "text\n")
    git(checkout_tree, "cherry-pick", first.series.commits[0].commit)
    result = run_cli("-C", checkout_tree, "pr", "--rebase", check=False)
    assert result.returncode == 1
    assert "package sys-process/htop is not needed any more" in result.stdout
    assert git(checkout_tree, "rev-parse", BRANCH) == first.series.tip


def test_rebasing_keeps_away_from_checked_out_and_foreign_commits(
    checkout_tree: Path, gentoo_tree: Path
) -> None:
    commit(checkout_tree, gentoo_tree)
    move_main(checkout_tree, "docs.md", "text\n")
    git(checkout_tree, "checkout", "-q", BRANCH)
    with opened(checkout_tree, gentoo_tree) as space:
        with pytest.raises(GitError, match="is checked out in"):
            series.rebase(space)
        move_main(checkout_tree, "more.md", "text\n")
        git(checkout_tree, "checkout", "-q", "main")
        with pytest.raises(GitError, match="did not make") as caught:
            series.rebase(space)
    assert caught.value.details == ("change more.md",)


# --- pr --push, --open ----------------------------------------------------------------------------


@pytest.fixture
def fork(checkout_tree: Path, tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "fork.git")
    git(checkout_tree, "remote", "add", "fork", str(tmp_path / "fork.git"))
    return tmp_path / "fork.git"


def test_push_again_and_after_a_rebase_replaces_only_the_series_itself(
    checkout_tree: Path, gentoo_tree: Path, fork: Path, tmp_path: Path
) -> None:
    commit(checkout_tree, gentoo_tree)
    with opened(checkout_tree, gentoo_tree) as space:
        written = series.write(space, tmp_path / "out")
        assert not series.push(space, written, "fork").already
        assert series.push(space, written, "fork").already
        move_main(checkout_tree, "docs.md", "text\n")
        assert series.rebase(space, today=TODAY).series
        written = series.write(space, tmp_path / "out")
        series.push(space, written, "fork")
        assert git(fork, "rev-parse", BRANCH) == written.series.tip
        foreign = git(checkout_tree, "commit-tree", "-m", "other", f"{BRANCH}^{{tree}}")
        git(checkout_tree, "push", "-q", "--force", "fork", f"{foreign}:refs/heads/{BRANCH}")
        with pytest.raises(GitError, match="another branch add-htop"):
            series.push(space, written, "fork")
    assert git(fork, "rev-parse", BRANCH) == foreign


def test_a_remote_that_is_not_there_is_said_and_everything_is_on_disk(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    commit(checkout_tree, gentoo_tree)
    git(checkout_tree, "remote", "add", "gone", "http://127.0.0.1:9/scripts.git")
    arguments = ("-C", checkout_tree, "pr", "-o", tmp_path / "out", "--push")
    result = run_cli(*arguments, "gone", check=False)
    assert result.returncode == NetworkError.exit_status
    assert "cannot be reached" in result.stderr and "on disk" in result.stderr
    assert (tmp_path / "out/PULL_REQUEST.md").exists()
    result = run_cli(*arguments, "nobody", check=False)
    assert result.returncode == GitError.exit_status
    assert "there is gone" in result.stderr


def test_without_the_right_to_push_the_message_says_where_to_push(
    checkout_tree: Path, gentoo_tree: Path, fork: Path, tmp_path: Path
) -> None:
    (fork / "hooks").mkdir(exist_ok=True)
    (fork / "hooks/pre-receive").write_text("#!/bin/sh\necho 'Permission denied to ada'; exit 1\n")
    (fork / "hooks/pre-receive").chmod(0o755)
    commit(checkout_tree, gentoo_tree)
    with opened(checkout_tree, gentoo_tree) as space:
        written = series.write(space, tmp_path / "out")
        with pytest.raises(GitError, match="cannot be pushed to fork") as caught:
            series.push(space, written, "fork")
    assert caught.value.hint and "fork of your own" in caught.value.hint


def test_the_command_for_the_pull_request_is_printed_and_gh_is_run_when_asked(
    checkout_tree: Path,
    gentoo_tree: Path,
    fork: Path,
    run_cli: RunCli,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (home / "gitconfig").open("a") as config:
        config.write(
            f'[url "{fork}"]\n\tpushInsteadOf = never:\n\tinsteadOf = https://github.com/ada/scripts\n'
        )
    git(checkout_tree, "remote", "add", "ada", "https://github.com/ada/scripts")
    commit(checkout_tree, gentoo_tree)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.said"\necho https://github.com/flatcar/scripts/pull/1\n'
    )
    (tmp_path / "bin/gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    result = run_cli("-C", checkout_tree, "pr", "-o", tmp_path / "out", "--push", "ada", "--open")
    assert git(fork, "rev-parse", BRANCH) == git(checkout_tree, "rev-parse", BRANCH)
    assert "gh pr create --repo flatcar/scripts --base main --head ada:add-htop" in result.stdout
    assert result.stdout.splitlines()[-1] == "https://github.com/flatcar/scripts/pull/1"
    said = (tmp_path / "bin/gh.said").read_text().splitlines()
    assert said[-1] == str(tmp_path / "out/PULL_REQUEST.md")
    assert "Add sys-process/htop" in said


@pytest.mark.parametrize(
    ("client", "exit_status", "said"),
    [
        (None, 21, "gh, the GitHub client, is not installed"),
        ("echo You are not logged in >&2; exit 1", 19, "You are not logged in"),
    ],
)
def test_nothing_is_pushed_where_the_pull_request_could_not_be_opened(
    checkout_tree: Path,
    gentoo_tree: Path,
    fork: Path,
    run_cli: RunCli,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    client: str | None,
    exit_status: int,
    said: str,
) -> None:
    with (home / "gitconfig").open("a") as config:
        config.write(f'[url "{fork}"]\n\tinsteadOf = https://github.com/ada/scripts\n')
    git(checkout_tree, "remote", "add", "ada", "https://github.com/ada/scripts")
    commit(checkout_tree, gentoo_tree)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "bash", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    if client:
        (programs / "gh").write_text(f"#!/bin/sh\n{client}\n")
        (programs / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    pr = ("-C", checkout_tree, "pr", "-o", tmp_path / "out", "--push", "ada", "--open")
    done = run_cli(*pr, check=False)
    assert done.returncode == exit_status, done.stderr
    assert said in done.stderr
    assert "nothing was pushed" in done.stderr
    assert not git(fork, "for-each-ref", f"refs/heads/{BRANCH}")


def test_a_remote_that_cannot_have_pull_requests_is_refused_before_the_push(
    checkout_tree: Path, gentoo_tree: Path, fork: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    git(checkout_tree, "remote", "add", "here", str(fork))
    commit(checkout_tree, gentoo_tree)
    pr = ("-C", checkout_tree, "pr", "-o", tmp_path / "out", "--push", "here", "--open")
    done = run_cli(*pr, check=False)
    assert done.returncode == 19
    assert "is not on GitHub" in done.stderr
    assert not git(fork, "for-each-ref", f"refs/heads/{BRANCH}")


def test_nobody_is_told_to_delete_a_branch_of_theirs(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    git(checkout_tree, "branch", "mine")
    add = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--commit", "--branch")
    for branch in ("main", "mine"):
        done = run_cli(*add, branch, check=False)
        assert done.returncode == 19
        assert "branch -D" not in done.stderr
        assert f"git log {branch} shows what is on it" in done.stderr


def test_git_overlooks_our_own_files_and_that_is_said_once(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    (checkout_tree / "overlaytool.toml").write_text(f'gentoo = "{gentoo_tree}"\n')
    commit(checkout_tree, gentoo_tree)
    pr = ("-C", checkout_tree, "pr")
    first = run_cli(*pr, cwd=checkout_tree)
    assert "git status does not show /overlaytool.toml" in first.stderr
    assert "git status does not show /outgoing/" in first.stderr
    assert git(checkout_tree, "status", "--porcelain") == ""
    assert "git status" not in run_cli(*pr, cwd=checkout_tree).stderr


# --- the command line -----------------------------------------------------------------------------


def test_add_commit_makes_the_series_and_switches_only_when_asked(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    arguments = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--commit")
    document = json.loads(run_cli(*arguments, "--format", "json").stdout)
    assert document["schema"] == 2
    assert document["series"]["branch"] == BRANCH
    assert document["series"]["found"] is False
    assert git(checkout_tree, "status", "--porcelain", "--branch") == "## main"
    again = run_cli(*arguments, "--checkout")
    assert "nothing was added" in again.stderr
    assert git(checkout_tree, "status", "--porcelain", "--branch") == f"## {BRANCH}"


def test_dry_run_makes_no_branch_and_options_that_need_another_say_so(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli
) -> None:
    arguments = ("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree)
    run_cli(*arguments, "--commit", "--dry-run", "--yes")
    assert git(checkout_tree, "branch", "--list") == "* main"
    for options in (("--branch", "x"), ("--checkout",)):
        assert run_cli(*arguments, *options, check=False).returncode == 2
    for options in (("--base", "main"), ("--open",)):
        assert run_cli("-C", checkout_tree, "pr", *options, check=False).returncode == 2


def test_a_package_of_another_source_goes_into_the_overlay_under_its_own_name(
    checkout_tree: Path, gentoo_tree: Path, guru_tree: Path
) -> None:
    with opened(checkout_tree, gentoo_tree, guru_tree) as space:
        done = series.commit(space, Request(atoms=("app-misc/from-guru",)), today=TODAY)
    subjects = [one.subject for one in done.series.commits]
    assert subjects[:2] == ["dev-libs/light: Add from Gentoo", "app-misc/from-guru: Add from GURU"]
    first = done.series.commits[1]
    body = git(checkout_tree, "log", "-1", "--format=%b", first.commit)
    assert f"It's from GURU commit {git(guru_tree, 'rev-parse', 'HEAD')}." in body
    assert "coreos-overlay/app-misc/from-guru" in git(
        checkout_tree, "diff-tree", "-r", "--name-only", first.commit
    )
    assert ".github: Add dev-libs/light to automation" in subjects


def test_a_bare_clone_and_empty_submodules_are_said(
    checkout_tree: Path, gentoo_tree: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(checkout_tree), "bare.git")
    result = run_cli(
        "-C", tmp_path / "bare.git", "add", "htop", "--gentoo", gentoo_tree, "--commit", check=False
    )
    assert "is a bare clone" in result.stderr and "worktree add" in result.stderr
    old = tmp_path / "old"
    for tree in ("portage-stable", "coreos-overlay"):
        (old / THIRD_PARTY / tree).mkdir(parents=True)
    (old / ".gitmodules").write_text("")
    result = run_cli("-C", old, "pr", check=False)
    assert "git submodule update --init" in result.stderr


def test_a_server_that_refuses_shallow_clones_is_said(
    checkout_tree: Path, gentoo_tree: Path, fork: Path, tmp_path: Path
) -> None:
    move_main(checkout_tree, "docs.md", "text\n")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout_tree}", str(shallow))
    git(shallow, "remote", "add", "fork", f"file://{fork}")
    git(fork, "config", "receive.shallowUpdate", "false")
    commit(shallow, gentoo_tree)
    with opened(shallow, gentoo_tree) as space:
        written = series.write(space, tmp_path / "out")
        assert len(written.patches) == 5
        with pytest.raises(GitError, match="shallow clone") as caught:
            series.push(space, written, "fork")
    assert caught.value.hint and "--unshallow" in caught.value.hint
