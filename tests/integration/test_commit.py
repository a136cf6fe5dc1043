"""A series: what the commits say and hold, and that the user's own work is never touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from series_steps import CHANGELOG, GENTOO, GURU, STABLE, Steps, git, htop

from overlaytool.errors import GitError, StaleError, WriteError
from overlaytool.git.repository import Repository
from overlaytool.model.change import ChangeSet, StepKind
from overlaytool.model.plan import Action, TreeCommit
from overlaytool.model.resolution import Request
from overlaytool.model.series import Series
from overlaytool.progress import SilentProgress
from overlaytool.series import preflight as ready
from overlaytool.series.commit import commit

BRANCH = "add-htop"


def make(checkout: Path, change_set: ChangeSet | None = None, branch: str = BRANCH) -> Series:
    repository = Repository.open(checkout)
    return commit(
        repository,
        change_set or htop(checkout),
        base=repository.head(),
        branch=branch,
        progress=SilentProgress(),
    )


def users_things(checkout: Path) -> tuple[str, ...]:
    """Everything of the user's that a series must leave alone."""
    index = (checkout / ".git/index").read_bytes().hex()
    files = sorted(
        f"{path.relative_to(checkout)} {path.lstat().st_mtime_ns} {path.lstat().st_ino}"
        for path in checkout.rglob("*")
        if ".git" not in path.relative_to(checkout).parts[:1]
    )
    return (
        git(checkout, "rev-parse", "HEAD"),
        git(checkout, "symbolic-ref", "HEAD"),
        git(checkout, "for-each-ref", "refs/heads/main", "refs/stash", "refs/remotes", "refs/tags"),
        git(checkout, "worktree", "list"),
        git(checkout, "config", "--local", "--list"),
        index,
        *files,
    )


def messy(checkout: Path) -> None:
    """Staged, unstaged, untracked and stashed work."""
    (checkout / "changelog/README.md").write_text("stashed\n")
    git(checkout, "stash", "push", "-q")
    (checkout / "staged").write_text("staged\n")
    git(checkout, "add", "staged")
    (checkout / "changelog/README.md").write_text("edited\n")
    (checkout / "untracked").write_text("untracked\n")


def test_subjects_bodies_and_sign_offs_are_the_maintainers_form(checkout_tree: Path) -> None:
    series = make(checkout_tree)
    assert [commit.subject for commit in series.commits] == [
        "sys-process/htop: Add from Gentoo",
        "overlay profiles: Add accept keywords for sys-process/htop",
        "overlay coreos-base/coreos: Add sys-process/htop",
        ".github: Add sys-process/htop to automation",
        "changelog: Add entry",
    ]
    sign_off = "Signed-off-by: Ada Example <ada@example.org>"
    bodies = [git(checkout_tree, "log", "-1", "--format=%b", one.commit) for one in series.commits]
    assert bodies == [f"It's from Gentoo commit {GENTOO.commit}.\n\n{sign_off}", *[sign_off] * 4]
    assert git(checkout_tree, "log", "-1", "--format=%an <%ae>|%cn <%ce>", BRANCH) == (
        "Ada Example <ada@example.org>|Ada Example <ada@example.org>"
    )


def test_a_tree_that_is_not_gentoo_is_named_truly_and_an_update_is_a_sync(checkout_tree: Path) -> None:
    steps = Steps(checkout_tree)
    steps.step(StepKind.PACKAGE, "dev-libs/jose", {"a": b"1"}, source=GURU)
    steps.step(StepKind.PACKAGE, "dev-libs/c", {"b": b"1"}, source=GENTOO, action=Action.UPDATE)
    steps.step(StepKind.ECLASS, "eclass/foo", {"c": b"1"}, source=GENTOO)
    series = make(checkout_tree, steps.change_set())
    assert [one.subject for one in series.commits] == [
        "dev-libs/jose: Add from GURU",
        "dev-libs/c: Sync with Gentoo",
        "eclass/foo: Add from Gentoo",
    ]
    first = git(checkout_tree, "log", "-1", "--format=%b", series.commits[0].commit)
    assert first.startswith(f"It's from GURU commit {GURU.commit}.")


def test_subjects_stay_under_72_columns_and_the_body_names_everything(checkout_tree: Path) -> None:
    names = [f"category-number-{number}/package-{number}" for number in range(9)]
    steps = Steps(checkout_tree)
    listing = "".join(f"={name}-1.2-r3 ~arm64\n" for name in names).encode()
    steps.step(StepKind.KEYWORDS, "keywords", {"package.accept_keywords": listing})
    steps.step(StepKind.PACKAGE, "c/" + "p" * 60, {"x": b"1"}, source=GENTOO)
    series = make(checkout_tree, steps.change_set())
    assert all(len(one.subject) < 72 for one in series.commits)
    body = git(checkout_tree, "log", "-1", "--format=%b", series.commits[0].commit)
    assert all(name in body for name in names)
    assert all(len(line) <= 72 for line in body.splitlines())


def test_files_are_committed_byte_for_byte_whatever_the_users_conversions(checkout_tree: Path) -> None:
    git(checkout_tree, "config", "core.autocrlf", "input")
    git(checkout_tree, "config", "core.fileMode", "false")
    change_set = htop(checkout_tree)
    make(checkout_tree, change_set)
    tree = Repository.open(checkout_tree).tree(BRANCH)
    for change in change_set.net:
        assert tree.read(change.path) == change.after, change.path


def test_each_commit_holds_its_step_and_nothing_else(checkout_tree: Path) -> None:
    change_set = htop(checkout_tree)
    series = make(checkout_tree, change_set)
    for one, step in zip(series.commits, change_set.steps, strict=True):
        touched = git(checkout_tree, "diff-tree", "-r", "--name-only", "--no-commit-id", one.commit)
        assert touched.splitlines() == [change.path for change in step.changes]


def test_uncommitted_work_is_neither_touched_nor_taken_along(checkout_tree: Path) -> None:
    messy(checkout_tree)
    (checkout_tree / CHANGELOG).parent.mkdir(exist_ok=True)
    before = users_things(checkout_tree)
    series = make(checkout_tree)
    assert users_things(checkout_tree) == before
    changed = git(checkout_tree, "diff", "--name-only", series.base, series.tip)
    assert not {"staged", "untracked", "changelog/README.md"} & set(changed.splitlines())


def test_the_same_series_again_is_found_and_adds_nothing(checkout_tree: Path) -> None:
    first = make(checkout_tree)
    again = make(checkout_tree)
    assert again.found
    assert again.commits == first.commits
    assert git(checkout_tree, "rev-parse", BRANCH) == first.tip


def test_the_series_is_found_under_commits_that_the_user_put_on_top(checkout_tree: Path) -> None:
    first = make(checkout_tree)
    on_top = git(checkout_tree, "commit-tree", "-m", "mine", "-p", first.tip, "main^{tree}")
    git(checkout_tree, "update-ref", f"refs/heads/{BRANCH}", on_top)
    again = make(checkout_tree)
    assert again.found
    assert again.commits == first.commits


def test_no_room_for_temporary_files_is_said(
    checkout_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_set = htop(checkout_tree)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(WriteError, match="cannot be made") as caught:
        make(checkout_tree, change_set)
    assert caught.value.hint and "TMPDIR" in caught.value.hint


def test_a_branch_with_something_else_is_left_alone(checkout_tree: Path) -> None:
    git(checkout_tree, "branch", BRANCH)
    with pytest.raises(GitError, match="branch add-htop already") as caught:
        make(checkout_tree)
    assert caught.value.hint and "--branch" in caught.value.hint
    assert git(checkout_tree, "rev-parse", BRANCH) == git(checkout_tree, "rev-parse", "main")


def test_a_branch_whose_name_is_in_the_way_is_said(checkout_tree: Path) -> None:
    git(checkout_tree, "branch", "add")
    with pytest.raises(StaleError, match="add/htop"):
        make(checkout_tree, branch="add/htop")


def test_a_change_set_for_other_files_is_refused(checkout_tree: Path) -> None:
    change_set = htop(checkout_tree)
    git(checkout_tree, "rm", "-q", ".github/workflows/portage-stable-packages-list")
    git(checkout_tree, "commit", "-q", "-m", "drop the list")
    with pytest.raises(StaleError, match="portage-stable-packages-list"):
        make(checkout_tree, change_set)
    assert Repository.open(checkout_tree).branch_tip(BRANCH) is None


def test_a_source_without_a_commit_cannot_be_cited(checkout_tree: Path) -> None:
    steps = Steps(checkout_tree)
    nowhere = TreeCommit(name="gentoo", commit=None)
    steps.step(StepKind.PACKAGE, "dev-libs/b", {"a": b"1"}, source=nowhere)
    with pytest.raises(GitError, match="no commit to cite"):
        make(checkout_tree, steps.change_set())


def test_a_path_in_a_submodule_is_refused(checkout_tree: Path) -> None:
    head = git(checkout_tree, "rev-parse", "HEAD")
    git(checkout_tree, "rm", "-rq", STABLE)
    git(checkout_tree, "update-index", "--add", "--cacheinfo", f"160000,{head},{STABLE}")
    git(checkout_tree, "commit", "-q", "-m", "as it was before 2023")
    steps = Steps(checkout_tree)
    steps.step(StepKind.PACKAGE, "dev-libs/b", {f"{STABLE}/dev-libs/b/b-1.ebuild": b""}, source=GENTOO)
    with pytest.raises(GitError, match="is a submodule"):
        make(checkout_tree, steps.change_set())


# --- the user's own rules -------------------------------------------------------------------------


def hook(checkout: Path, name: str, script: str) -> None:
    file = checkout / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_a_commit_msg_hook_may_add_to_a_message(checkout_tree: Path) -> None:
    hook(checkout_tree, "commit-msg", 'git interpret-trailers --in-place --trailer "Change-Id: I1" "$1"')
    series = make(checkout_tree)
    assert "Change-Id: I1" in git(checkout_tree, "log", "-1", "--format=%b", series.tip)


def test_a_hook_that_says_no_stops_the_series_with_its_words(checkout_tree: Path) -> None:
    hook(
        checkout_tree,
        "commit-msg",
        'grep -q "^overlay coreos-base" "$1" && { echo "no image changes"; exit 1; }; exit 0',
    )
    before = users_things(checkout_tree)
    with pytest.raises(GitError, match="refused the commit overlay coreos-base/coreos") as caught:
        make(checkout_tree)
    assert "no image changes" in caught.value.details
    assert users_things(checkout_tree) == before
    assert Repository.open(checkout_tree).branch_tip(BRANCH) is None


def test_a_pre_commit_hook_sees_the_whole_tree_of_its_commit_and_not_the_users(checkout_tree: Path) -> None:
    messy(checkout_tree)
    hook(
        checkout_tree,
        "pre-commit",
        f"test -f {STABLE}/sys-process/htop/Manifest && test ! -e untracked && test -f changelog/README.md"
        " && git diff --quiet && ! git diff --cached --quiet && git checkout -q -- . && pwd >> "
        f"{checkout_tree}/.git/seen",
    )
    before = users_things(checkout_tree)
    series = make(checkout_tree)
    assert users_things(checkout_tree) == before
    seen = (checkout_tree / ".git/seen").read_text().splitlines()
    assert len(seen) == len(series.commits)
    assert str(checkout_tree) not in seen


def test_hooks_that_are_part_of_the_repository_run(checkout_tree: Path) -> None:
    (checkout_tree / ".githooks").mkdir()
    (checkout_tree / ".githooks/commit-msg").write_text('#!/bin/sh\necho "Hooked: yes" >> "$1"\n')
    (checkout_tree / ".githooks/commit-msg").chmod(0o755)
    git(checkout_tree, "add", ".githooks")
    git(checkout_tree, "commit", "-q", "-m", "hooks")
    git(checkout_tree, "config", "core.hooksPath", ".githooks")
    series = make(checkout_tree)
    assert "Hooked: yes" in git(checkout_tree, "log", "-1", "--format=%b", series.tip)


def test_a_hook_that_formats_files_is_refused(checkout_tree: Path) -> None:
    hook(checkout_tree, "pre-commit", f"echo more >> {STABLE}/sys-process/htop/Manifest; git add -A")
    with pytest.raises(GitError, match="hook changed the files") as caught:
        make(checkout_tree)
    assert f"{STABLE}/sys-process/htop/Manifest" in caught.value.details


def test_commits_are_signed_where_the_user_signs(checkout_tree: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (tmp_path / "allowed").write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    git(checkout_tree, "config", "commit.gpgSign", "true")
    git(checkout_tree, "config", "gpg.format", "ssh")
    git(checkout_tree, "config", "user.signingKey", str(key.with_suffix(".pub")))
    git(checkout_tree, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "allowed"))
    series = make(checkout_tree)
    assert {git(checkout_tree, "log", "-1", "--format=%G?", one.commit) for one in series.commits} == {"G"}


def test_a_key_that_is_not_there_is_said(checkout_tree: Path, tmp_path: Path) -> None:
    git(checkout_tree, "config", "commit.gpgSign", "true")
    git(checkout_tree, "config", "gpg.format", "ssh")
    git(checkout_tree, "config", "user.signingKey", str(tmp_path / "no-key"))
    with pytest.raises(GitError, match="could not be signed") as caught:
        make(checkout_tree)
    assert caught.value.hint and "user.signingKey" in caught.value.hint


def test_trailers_of_the_commit_template_are_kept_and_its_blanks_are_not(checkout_tree: Path) -> None:
    (checkout_tree / ".git/template").write_text(
        "\n# subject above\n\nTeam: Images\nReviewed-by:\nSigned-off-by: Nobody <n@example.org>\n"
    )
    git(checkout_tree, "config", "commit.template", ".git/template")
    series = make(checkout_tree)
    assert git(checkout_tree, "log", "-1", "--format=%B", series.tip) == (
        "changelog: Add entry\n\nTeam: Images\nSigned-off-by: Ada Example <ada@example.org>"
    )


def test_a_comment_character_that_starts_a_subject_does_not_eat_it(checkout_tree: Path) -> None:
    git(checkout_tree, "config", "core.commentChar", ".")
    git(checkout_tree, "config", "commit.cleanup", "strip")
    assert ".github: Add sys-process/htop to automation" in [
        one.subject for one in make(checkout_tree).commits
    ]


# --- the state of the user's repository -----------------------------------------------------------


def test_no_identity_is_said_before_anything_is_done(
    checkout_tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "gitconfig").write_text("")
    monkeypatch.setenv("EMAIL", "")
    with pytest.raises(GitError, match="does not know who you are") as caught:
        ready.check(Repository.open(checkout_tree), BRANCH)
    assert caught.value.hint and "user.name" in caught.value.hint


def test_unmerged_paths_are_named(checkout_tree: Path) -> None:
    for branch, text in (("one", "1"), ("two", "2")):
        git(checkout_tree, "checkout", "-q", "-b", branch, "main")
        (checkout_tree / "changelog/README.md").write_text(text)
        git(checkout_tree, "commit", "-qam", branch)
    git(checkout_tree, "merge", "one", check=False)
    with pytest.raises(GitError, match="unmerged") as caught:
        ready.check(Repository.open(checkout_tree), BRANCH)
    assert caught.value.details == ("changelog/README.md",)


def test_a_detached_head_and_a_shallow_clone_work_and_are_said(checkout_tree: Path, tmp_path: Path) -> None:
    git(checkout_tree, "commit", "-q", "--allow-empty", "-m", "second")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout_tree}", str(shallow))
    git(shallow, "checkout", "-q", "--detach")
    notices = ready.check(Repository.open(shallow), BRANCH)
    assert [notice.reference for notice in notices] == ["detached-head", "shallow-clone"]
    series = make(shallow)
    assert series.base_branch is None
    assert git(shallow, "rev-parse", f"{BRANCH}~5") == series.base


def test_a_bare_clone_is_said(checkout_tree: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(checkout_tree), "bare.git")
    with pytest.raises(GitError, match="bare clone") as caught:
        Repository.open(tmp_path / "bare.git")
    assert caught.value.hint and "worktree add" in caught.value.hint


def test_a_repository_of_another_user_is_said(checkout_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user") as caught:
        Repository.open(checkout_tree)
    assert caught.value.hint and "safe.directory" in caught.value.hint


def test_no_repository_and_a_bad_branch_name_are_said(checkout_tree: Path, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not in a git repository"):
        Repository.open(tmp_path)
    with pytest.raises(GitError, match="name of a branch"):
        ready.check(Repository.open(checkout_tree), "a..b")


def test_a_linked_work_tree_and_gits_variables_in_the_environment_do_not_confuse(
    checkout_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(checkout_tree, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    series = make(tmp_path / "side")
    assert series.base_branch == "side"


@pytest.mark.parametrize(
    ("atoms", "name"),
    [
        (("sys-process/htop",), "add-htop"),
        (("sys-process/htop", "screen"), "add-htop-screen"),
        ((">=dev-libs/b-2:0[ssl]",), "add-b"),
        (("a/b", "a/c", "a/d", "a/e"), "add-b-and-3-more"),
    ],
)
def test_the_branch_is_named_after_the_request(atoms: tuple[str, ...], name: str) -> None:
    assert ready.branch_name(Request(atoms=atoms)) == name
    assert ready.branch_name(Request(atoms=atoms, update=True)) == name.replace("add", "update")


# --- interrupted ----------------------------------------------------------------------------------

KILLER = """#!/bin/sh
# Stands in for git: counts its calls, and at the chosen one, or after the one that makes the branch, kills
# the process that made it.
count=$(($(cat "$KILLER_COUNT" 2>/dev/null || echo 0) + 1))
echo $count > "$KILLER_COUNT"
case "$KILLER_AT $*" in
  $count\\ *) kill -9 $PPID; exit 1 ;;
  branch*update-ref*) "$KILLER_GIT" "$@"; kill -9 $PPID; exit 1 ;;
esac
exec "$KILLER_GIT" "$@"
"""

COMMIT_IN_A_PROCESS = """
import sys
from pathlib import Path
from series_steps import htop
from overlaytool.series.commit import commit
from overlaytool.git.repository import Repository
from overlaytool.progress import SilentProgress
checkout = Path(sys.argv[1])
repository = Repository.open(checkout)
commit(repository, htop(checkout), base=repository.head(), branch="add-htop", progress=SilentProgress())
"""


def commit_command(checkout: Path) -> list[str]:
    return [sys.executable, "-c", COMMIT_IN_A_PROCESS, str(checkout)]


def surroundings(scratch: Path, **more: str) -> dict[str, str]:
    tests = Path(__file__).parent
    return {
        **os.environ,
        "PYTHONPATH": f"{tests}:{tests.parent.parent}",
        "TMPDIR": str(scratch),
        **more,
    }


def killed(checkout: Path, scratch: Path, at: str) -> int:
    """Make the series in a process that is killed at a call of git; its exit status."""
    (scratch / "count").unlink(missing_ok=True)
    environment = surroundings(
        scratch,
        PATH=f"{scratch}/bin:{os.environ['PATH']}",
        KILLER_COUNT=str(scratch / "count"),
        KILLER_AT=at,
        KILLER_GIT=str(shutil.which("git")),
    )
    return subprocess.run(
        commit_command(checkout),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    ).returncode


def check_nothing_is_half_made(checkout: Path, before: tuple[str, ...]) -> bool:
    """Everything of the user's is as before, and the branch is there as a whole or not at all: which."""
    assert users_things(checkout) == before
    assert not list((checkout / ".git").rglob("*.lock"))
    tip = git(checkout, "rev-parse", "--verify", "-q", BRANCH, check=False)
    if tip:
        assert len(git(checkout, "rev-list", f"main..{tip}").splitlines()) == 5
        git(checkout, "update-ref", "-d", f"refs/heads/{BRANCH}")
    return bool(tip)


def test_killed_at_any_call_of_git_the_users_work_is_as_it_was_and_the_next_run_completes(
    checkout_tree: Path, tmp_path: Path
) -> None:
    messy(checkout_tree)
    scratch = tmp_path / "scratch"
    (scratch / "bin").mkdir(parents=True)
    (scratch / "bin/git").write_text(KILLER)
    (scratch / "bin/git").chmod(0o755)
    before = users_things(checkout_tree)
    assert killed(checkout_tree, scratch, "branch") == -9
    assert check_nothing_is_half_made(checkout_tree, before)
    calls = 1
    while killed(checkout_tree, scratch, str(calls)):
        check_nothing_is_half_made(checkout_tree, before)
        calls += 1
    assert calls > 15
    assert check_nothing_is_half_made(checkout_tree, before)
    assert not make(checkout_tree).found


def test_killed_together_with_its_git_at_any_time_the_users_work_is_as_it_was(
    checkout_tree: Path, tmp_path: Path
) -> None:
    messy(checkout_tree)
    before = users_things(checkout_tree)
    start = time.monotonic()
    subprocess.run(commit_command(checkout_tree), env=surroundings(tmp_path), check=True)
    whole = time.monotonic() - start
    assert check_nothing_is_half_made(checkout_tree, before)
    for tenth in range(1, 10):
        process = subprocess.Popen(
            commit_command(checkout_tree), env=surroundings(tmp_path), start_new_session=True
        )
        time.sleep(whole * tenth / 10)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        check_nothing_is_half_made(checkout_tree, before)
