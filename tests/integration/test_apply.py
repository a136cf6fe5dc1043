"""A change is applied whole or not at all, whatever happens in between: processes are really killed here."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from plans import plan

from overlaytool.apply.lock import locked
from overlaytool.apply.work_tree import apply, pending, recover
from overlaytool.errors import LockedError, StaleError, WriteError
from overlaytool.flatcar.tree import EXECUTABLE, REGULAR, SYMLINK, DiskTree, read_file
from overlaytool.model.change import ChangeSet, FileChange, FileState, Step, StepKind
from overlaytool.model.plan import Action

type Snapshot = dict[str, tuple[int, bytes]]

BEFORE = {
    "kept.txt": FileState(mode=REGULAR, content=b"kept"),
    "edited.txt": FileState(mode=REGULAR, content=b"old"),
    "script": FileState(mode=REGULAR, content=b"#!/bin/sh\n"),
    "tree/pn/gone.patch": FileState(mode=REGULAR, content=b"gone"),
    "tree/pn/pn-r320.ebuild": FileState(mode=SYMLINK, content=b"pn.ebuild"),
    "tree/alone/last": FileState(mode=REGULAR, content=b"last one in its directory"),
    "becomes-directory": FileState(mode=REGULAR, content=b"file"),
    "becomes-file/inside": FileState(mode=REGULAR, content=b"inside"),
}
AFTER = {
    "kept.txt": BEFORE["kept.txt"],
    "edited.txt": FileState(mode=REGULAR, content=b"new"),
    "script": FileState(mode=EXECUTABLE, content=b"#!/bin/sh\n"),
    "tree/pn/pn-r321.ebuild": FileState(mode=SYMLINK, content=b"pn.ebuild"),
    "tree/new/deep/down.txt": FileState(mode=REGULAR, content=b"deep"),
    "tree/new/run": FileState(mode=EXECUTABLE, content=b"run"),
    "becomes-directory/inside": FileState(mode=REGULAR, content=b"inside"),
    "becomes-file": FileState(mode=REGULAR, content=b"file"),
}


def change_set(before: dict[str, FileState], after: dict[str, FileState]) -> ChangeSet:
    """One step that leads from one to the other."""
    changes = tuple(
        FileChange(path=path, before=before.get(path), after=after.get(path))
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    )
    step = Step(kind=StepKind.PACKAGE, action=Action.ADD, subject="a/b", source=None, changes=changes)
    return ChangeSet(plan=plan(request=("a/b",)), steps=(step,))


CHANGES = change_set(BEFORE, AFTER)


def lay_out(checkout: Path, files: dict[str, FileState]) -> None:
    """Write files to disk, and an empty git directory."""
    (checkout / ".git").mkdir(parents=True)
    (checkout / ".git/HEAD").write_text("ref: refs/heads/main\n")
    for path, state in files.items():
        place = checkout / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if state.mode == SYMLINK:
            place.symlink_to(os.fsdecode(state.content))
        else:
            place.write_bytes(state.content)
            place.chmod(0o755 if state.mode == EXECUTABLE else 0o644)


def files_of(checkout: Path) -> dict[str, FileState]:
    """What is in the work tree."""
    tree = DiskTree(checkout)
    paths = [path for path in tree.list("") if not path.startswith(".git/")]
    return {path: state for path in paths if (state := tree.read(path))}


def directories_of(checkout: Path) -> set[str]:
    """Which directories there are."""
    found = (path for path in checkout.rglob("*") if path.is_dir() and not path.is_symlink())
    return {str(path.relative_to(checkout)) for path in found if ".git" not in path.parts}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the files before."""
    path = tmp_path / "checkout"
    lay_out(path, BEFORE)
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The user's state directory."""
    return tmp_path / "state"


def points(tmp_path: Path) -> list[str]:
    """The names of all points that applying the change reaches."""
    reached: list[str] = []
    lay_out(tmp_path / "probe", BEFORE)
    apply(CHANGES, tmp_path / "probe", tmp_path / "probe-state", at=reached.append)
    return reached


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked process; its wait status."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1]


def killed_at(number: int, checkout: Path, state: Path) -> None:
    """Apply the change in another process that dies, without any cleaning up, at a point."""
    left = [number]

    def die(_: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    status = in_child(lambda: apply(CHANGES, checkout, state, at=die))
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_work_tree_is_as_the_change_set_says(checkout: Path, state: Path) -> None:
    done = apply(CHANGES, checkout, state)
    assert files_of(checkout) == AFTER
    assert done == CHANGES.net
    assert not (checkout / "tree/alone").exists(), "a directory without files is nothing to git"
    assert not pending(checkout, state)
    left = sorted(path.name for path in (checkout / ".git/overlaytool").iterdir())
    assert left == ["done", "lock", "written.json"]


def test_second_time_changes_nothing(checkout: Path, state: Path) -> None:
    apply(CHANGES, checkout, state)
    times = {path: (checkout / path).lstat().st_mtime_ns for path in AFTER}
    assert apply(CHANGES, checkout, state) == ()
    assert {path: (checkout / path).lstat().st_mtime_ns for path in AFTER} == times


def test_permissions_of_a_file_survive_and_new_ones_follow_the_umask(checkout: Path, state: Path) -> None:
    (checkout / "edited.txt").chmod(0o664)
    old = os.umask(0o027)
    try:
        apply(CHANGES, checkout, state)
    finally:
        os.umask(old)
    modes = {
        path: stat.S_IMODE((checkout / path).stat().st_mode)
        for path in ("edited.txt", "script", "tree/new/run", "becomes-file")
    }
    assert modes == {"edited.txt": 0o664, "script": 0o755, "tree/new/run": 0o750, "becomes-file": 0o640}


def test_untouched_files_keep_inode_and_time(checkout: Path, state: Path) -> None:
    before = (checkout / "kept.txt").stat()
    apply(CHANGES, checkout, state)
    after = (checkout / "kept.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_killed_at_any_point_it_is_as_before_or_as_after_once_recovered(tmp_path: Path, state: Path) -> None:
    names = points(tmp_path)
    assert len(names) > 12
    for number, name in enumerate(names):
        checkout = tmp_path / f"killed-{number}"
        lay_out(checkout, BEFORE)
        directories = directories_of(checkout)
        killed_at(number, checkout, state)
        was_pending = pending(checkout, state)
        recovery = recover(checkout, state)
        assert (recovery is not None) == was_pending
        ended = name in ("ended", "cleaned")
        assert files_of(checkout) == (AFTER if ended else BEFORE), name
        if not ended:
            assert directories_of(checkout) == directories, name
        assert recover(checkout, state) is None
        apply(CHANGES, checkout, state)
        assert files_of(checkout) == AFTER, name


WRITING = {
    *("open", "os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "shutil.rmtree", "shutil.copyfile"),
}


def killed_at_call(number: int, work: Callable[[], object]) -> bool:
    """Run something in another process that dies right before its n-th call that may write; did it?"""
    left = [number]

    def hook(event: str, _: object) -> None:
        if event in WRITING:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    def hooked() -> None:
        sys.addaudithook(hook)
        work()

    return os.WIFSIGNALED(in_child(hooked))


def test_killed_before_any_call_it_is_as_before_or_as_after_once_recovered(
    tmp_path: Path, state: Path
) -> None:
    outcomes = set()
    for number in itertools.count():
        checkout = tmp_path / f"call-{number}"
        lay_out(checkout, BEFORE)
        directories = directories_of(checkout)
        killed = killed_at_call(number, partial(apply, CHANGES, checkout, state))
        recovery = recover(checkout, state)
        found = files_of(checkout)
        assert found in (BEFORE, AFTER), number
        if found == BEFORE:
            assert directories_of(checkout) == directories, number
        outcomes.add((found == AFTER, recovery is not None))
        if not killed:
            break
        shutil.rmtree(checkout)
    assert number > 60
    assert outcomes == {(False, False), (False, True), (True, False)}


def test_recovery_killed_before_any_call_is_completed_by_the_next(tmp_path: Path, state: Path) -> None:
    last = points(tmp_path).index("synced")
    for number in itertools.count():
        checkout = tmp_path / f"call-{number}"
        lay_out(checkout, BEFORE)
        directories = directories_of(checkout)
        killed_at(last, checkout, state)
        killed = killed_at_call(number, partial(recover, checkout, state))
        recover(checkout, state)
        assert files_of(checkout) == BEFORE, number
        assert directories_of(checkout) == directories, number
        if not killed:
            break
        shutil.rmtree(checkout)
    assert number > 30


def test_recovery_says_what_had_been_asked_for_and_what_was_restored(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    killed_at(points(tmp_path).index("synced"), checkout, state)
    assert files_of(checkout) == AFTER
    recovery = recover(checkout, state)
    assert recovery is not None
    assert recovery.request == ("a/b",)
    assert sorted(recovery.restored) == [change.path for change in CHANGES.net]
    assert recovery.started.endswith("+00:00")


def test_restored_file_is_the_same_file(tmp_path: Path, checkout: Path, state: Path) -> None:
    before = (checkout / "edited.txt").stat()
    killed_at(points(tmp_path).index("synced"), checkout, state)
    recover(checkout, state)
    after = (checkout / "edited.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


KILLABLE = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
import test_apply
print("ready", flush=True)
for number in range(int(sys.argv[3])):
    test_apply.apply(test_apply.many(number), Path(sys.argv[1]), Path(sys.argv[2]))
"""


def many(number: int) -> ChangeSet:
    """Turn 30 files of one content into those of the next."""
    old = {f"many/{n % 7}/{n}": FileState(mode=REGULAR, content=b"%d" % number) for n in range(30)}
    new = {f"many/{n % 7}/{n}": FileState(mode=REGULAR, content=b"%d" % (number + 1)) for n in range(30)}
    return change_set(old, new)


def test_killed_at_any_time_all_files_have_one_content(tmp_path: Path) -> None:
    chance = random.Random(7)
    paths = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "unit"), *sys.path]
    hit, attempt = 0, 0
    while attempt < 12 or (not hit and attempt < 60):
        attempt += 1
        checkout, state = tmp_path / f"random-{attempt}", tmp_path / "state"
        lay_out(checkout, {change.path: change.before for change in many(0).net if change.before})
        process = subprocess.Popen(
            [sys.executable, "-c", KILLABLE, checkout, state, "100000", *paths], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.005, 0.25))
        process.kill()
        process.wait()
        process.stdout.close()
        hit += recover(checkout, state) is not None
        assert len({file.content for file in files_of(checkout).values()}) == 1
        assert len(files_of(checkout)) == 30
    assert hit, "no run was killed amid a change: the test has proved nothing"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), RuntimeError])
def test_failure_at_any_point_is_taken_back_at_once(
    tmp_path: Path, state: Path, error: type[BaseException] | BaseException
) -> None:
    expected: type[BaseException] = error if isinstance(error, type) else WriteError
    for number, name in enumerate(points(tmp_path)):
        if name in ("locked", "ended", "cleaned"):
            continue
        checkout = tmp_path / f"failed-{number}"
        lay_out(checkout, BEFORE)

        def fail(reached: str, name: str = name) -> None:
            if reached == name:
                raise error

        with pytest.raises(expected):
            apply(CHANGES, checkout, state, at=fail)
        assert files_of(checkout) == BEFORE, name
        assert not pending(checkout, state), name


def test_file_that_was_edited_since_the_plan_is_not_written_over(checkout: Path, state: Path) -> None:
    (checkout / "edited.txt").write_text("by hand")
    (checkout / "tree/pn/pn-r321.ebuild").write_text("somebody was here")
    now = files_of(checkout)
    with pytest.raises(StaleError) as caught:
        apply(CHANGES, checkout, state)
    assert caught.value.details == ("edited.txt", "tree/pn/pn-r321.ebuild")
    assert files_of(checkout) == now


@pytest.mark.parametrize("path", ["edited.txt", "tree/pn/gone.patch", "tree/new/run"])
def test_edit_amid_the_writing_is_kept_and_the_rest_taken_back(
    checkout: Path, state: Path, path: str
) -> None:
    def edit(reached: str) -> None:
        if reached == "begun":
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text("by hand")

    with pytest.raises(StaleError) as caught:
        apply(CHANGES, checkout, state, at=edit)
    assert caught.value.details == (path,)
    assert files_of(checkout) == BEFORE | {path: FileState(mode=REGULAR, content=b"by hand")}
    assert not pending(checkout, state)


def test_what_an_editor_writes_into_a_file_that_was_just_replaced_comes_back(
    checkout: Path, state: Path
) -> None:
    with (checkout / "edited.txt").open("a") as editor:

        def save(reached: str) -> None:
            if reached == "synced":
                editor.write(" and more")
                editor.flush()

        with pytest.raises(StaleError) as caught:
            apply(CHANGES, checkout, state, at=save)
    assert caught.value.details == ("edited.txt",)
    assert files_of(checkout) == BEFORE | {"edited.txt": FileState(mode=REGULAR, content=b"old and more")}


def test_disk_error_after_the_end_does_not_say_that_nothing_was_changed(checkout: Path, state: Path) -> None:
    def fail(reached: str) -> None:
        if reached == "ended":
            raise OSError(5, "Input/output error")

    with pytest.raises(WriteError) as caught:
        apply(CHANGES, checkout, state, at=fail)
    assert caught.value.hint is not None and "the change was made" in caught.value.hint
    assert files_of(checkout) == AFTER


def test_what_a_killed_run_had_only_staged_is_cleaned_by_the_next(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    killed_at(points(tmp_path).index("staged"), checkout, state)
    assert (checkout / ".git/overlaytool/apply").exists()
    assert recover(checkout, state) is None
    assert not (checkout / ".git/overlaytool/apply").exists()


def test_file_that_was_edited_after_the_crash_is_not_lost(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    killed_at(points(tmp_path).index("synced"), checkout, state)
    (checkout / "edited.txt").write_text("by hand")
    now = files_of(checkout)
    for _ in range(2):
        with pytest.raises(StaleError) as caught:
            recover(checkout, state)
        assert caught.value.details == ("edited.txt",)
        assert files_of(checkout) == now
    (checkout / "edited.txt").write_text("new")
    assert recover(checkout, state) is not None
    assert files_of(checkout) == BEFORE


def test_damaged_journal_is_reported_and_nothing_is_touched(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    killed_at(points(tmp_path).index("synced"), checkout, state)
    (checkout / ".git/overlaytool/apply/journal.json").write_text('{"format": 1')
    with pytest.raises(WriteError, match="damaged"):
        recover(checkout, state)
    assert files_of(checkout) == AFTER


def test_link_in_the_way_is_not_followed_out_of_the_tree(tmp_path: Path, checkout: Path, state: Path) -> None:
    (tmp_path / "outside").mkdir()
    (checkout / "tree/new").symlink_to(tmp_path / "outside")
    with pytest.raises(WriteError, match="through a symlink, tree/new"):
        apply(CHANGES, checkout, state)
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize(
    "path", ["../outside", "/tmp/outside", "tree/../../outside", ".git/hooks/post-commit"]
)
def test_path_outside_of_the_work_tree_is_refused(checkout: Path, state: Path, path: str) -> None:
    with pytest.raises(WriteError, match="no path of a checkout"):
        apply(change_set(BEFORE, BEFORE | {path: FileState(mode=REGULAR, content=b"x")}), checkout, state)
    assert files_of(checkout) == BEFORE
    assert not (checkout.parent / "outside").exists()


def test_second_run_is_refused_while_the_first_holds_the_checkout(checkout: Path, state: Path) -> None:
    reader, writer = os.pipe()

    def hold() -> None:
        os.close(reader)
        with locked(checkout, state):
            os.write(writer, b"x")
            time.sleep(60)

    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            hold()
        os._exit(1)
    os.close(writer)
    try:
        assert os.read(reader, 1) == b"x"
        with pytest.raises(LockedError) as caught:
            apply(CHANGES, checkout, state)
        assert caught.value.details == (f"process {child}",)
        assert files_of(checkout) == BEFORE
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    apply(CHANGES, checkout, state)
    assert files_of(checkout) == AFTER


def test_two_runs_at_once_leave_one_result(tmp_path: Path) -> None:
    checkout, state = tmp_path / "both", tmp_path / "state"
    lay_out(checkout, {change.path: change.before for change in many(0).net if change.before})

    def run() -> None:
        for _ in range(200):
            with contextlib.suppress(LockedError, StaleError):
                apply(many(0), checkout, state)
                apply(many(1), checkout, state)

    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                run()
                os._exit(0)
            os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert {file.content for file in files_of(checkout).values()} == {b"2"}


def test_checkout_without_git_keeps_its_journal_in_the_user_s_state(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    shutil.rmtree(checkout / ".git")
    killed_at(points(tmp_path).index("synced"), checkout, state)
    assert recover(checkout, state) is not None
    assert files_of(checkout) == BEFORE
    assert list(state.rglob("lock"))


def test_linked_work_tree_keeps_its_journal_in_its_own_git_directory(checkout: Path, state: Path) -> None:
    own = checkout.parent / "main/.git/worktrees/linked"
    shutil.move(checkout / ".git", own)
    (checkout / ".git").write_text(f"gitdir: {own}\n")
    apply(CHANGES, checkout, state)
    assert (own / "overlaytool/lock").exists()
    assert set(files_of(checkout)) == {*AFTER, ".git"}


@contextlib.contextmanager
def mounted(place: Path, *arguments: str | Path) -> Iterator[Path]:
    """Something mounted; skips where that is not possible."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@needs_root
@pytest.mark.parametrize("options", ["size=1m", "size=64m,nr_inodes=38", "size=64m,nr_inodes=50"])
def test_full_disk_leaves_everything_as_it_was(tmp_path: Path, state: Path, options: str) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", options, "tmpfs") as disk:
        checkout = disk / "checkout"
        lay_out(checkout, BEFORE)
        big = {f"big/{n}/file": FileState(mode=REGULAR, content=b"x" * 200_000) for n in range(12)}
        before, directories = files_of(checkout), directories_of(checkout)
        with pytest.raises(WriteError, match="No space left") as caught:
            apply(change_set(BEFORE, AFTER | big), checkout, state)
        assert caught.value.hint == "nothing was changed"
        assert files_of(checkout) == before
        assert directories_of(checkout) == directories
        assert not pending(checkout, state)


@needs_root
def test_disk_that_gets_full_amid_the_change_is_taken_back(tmp_path: Path, state: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1m,nr_inodes=500", "tmpfs") as disk:
        checkout = disk / "checkout"
        numbers = itertools.count()
        before = {path: file for path, file in BEFORE.items() if not path.startswith("becomes-file")}
        lay_out(checkout, before)

        def fill(name: str) -> None:
            with contextlib.suppress(OSError):
                while name == "begun" or name.startswith("written"):
                    (disk / f"filler-{next(numbers)}").touch()

        with pytest.raises(WriteError, match="No space left"):
            apply(change_set(before, AFTER), checkout, state, at=fill)
        assert next(numbers) > 400
        assert files_of(checkout) == before
        assert not pending(checkout, state)


@needs_root
def test_read_only_tree_is_refused_with_nothing_changed(tmp_path: Path, checkout: Path, state: Path) -> None:
    with mounted(tmp_path / "view", "--bind", "-o", "ro", checkout) as view:
        with pytest.raises(WriteError, match="cannot be changed") as caught:
            apply(CHANGES, view, state)
        assert "Read-only file system" in caught.value.details[0]
    assert files_of(checkout) == BEFORE


@needs_root
def test_tree_that_is_read_only_in_part_is_refused_with_nothing_changed(
    tmp_path: Path, checkout: Path, state: Path
) -> None:
    with mounted(checkout / "tree", "--bind", "-o", "ro", checkout / "tree"):
        with pytest.raises(WriteError, match="Read-only file system"):
            apply(CHANGES, checkout, state)
        assert not pending(checkout, state)
    assert files_of(checkout) == BEFORE


@needs_root
def test_directory_of_another_user_is_refused_with_nothing_changed(checkout: Path, state: Path) -> None:
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    os.chown(checkout / "tree/pn", 0, 0)
    state.mkdir()
    os.chown(state, 12345, 12345)
    for parent in checkout.parents:
        with contextlib.suppress(OSError):
            parent.chmod(parent.stat().st_mode | 0o011)

    def as_other_user() -> None:
        os.setgid(12345)
        os.setuid(12345)
        try:
            apply(CHANGES, checkout, state)
        except WriteError:
            os._exit(7)

    assert os.waitstatus_to_exitcode(in_child(as_other_user)) == 7
    assert files_of(checkout) == BEFORE
    assert not pending(checkout, state)


@needs_root
def test_git_directory_on_another_file_system_works_and_recovers(tmp_path: Path, state: Path) -> None:
    names = points(tmp_path)
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as disk:
        for number in (names.index("synced"), len(names)):
            checkout = tmp_path / f"linked-{number}"
            lay_out(checkout, BEFORE)
            shutil.move(checkout / ".git", disk / f"git-{number}")
            (checkout / ".git").write_text(f"gitdir: {disk}/git-{number}\n")
            if number < len(names):
                killed_at(number, checkout, state)
                assert recover(checkout, state) is not None
                expected = BEFORE
            else:
                apply(CHANGES, checkout, state)
                expected = AFTER
            found = files_of(checkout)
            found.pop(".git")
            assert found == expected
            assert read_file(checkout / "kept.txt") == BEFORE["kept.txt"]
