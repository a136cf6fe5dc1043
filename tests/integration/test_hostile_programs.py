"""Machine code that an ebuild brings along: every system call with which it could reach others is refused.

An overlay ships perl, and bash's loader runs it: that is as good as any program of its own.
"""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
from pathlib import Path

import hostile
import pytest
from ebuilds import write_ebuild

from overlaytool import workflow
from overlaytool.ebuild import metadata

LOADER = Path("/lib64/ld-linux-x86-64.so.2")
PERL = shutil.which("perl") or ""
pytestmark = [
    pytest.mark.skipif(not LOADER.exists(), reason="the system calls are those of x86_64"),
    pytest.mark.skipif(not PERL, reason="needs perl"),
]

CALLS = {
    "socket": "41,1,1,0",
    "socketpair": "53,1,1,0,$out",
    "ptrace": "101,16,$victim,0,0",
    "process_vm_readv": "310,$victim,0,0,0,0,0",
    "pidfd_open": "434,$victim,0",
    "kill": "62,$victim,0",
    "tkill": "200,$victim,0",
    "prlimit of another": "302,$victim,7,0,$out",
    "setpriority of another": "141,0,$victim,1",
    "keyctl": "250,0,0,0",
    "shmget": "29,4242,4096,0600|512",
    "shmat": "30,999999,0,0",
    "shmctl": "31,999999,0,0",
    "semget": "64,1,1,512",
    "semctl": "66,999999,0,0",
    "msgget": "68,1,512",
    "msgctl": "71,999999,0,0",
    "mq_unlink": "241,$name",
    "inotify_init1": "294,0",
    "fanotify_init": "300,0,0",
    "io_uring_setup": "425,1,0",
    "userfaultfd": "323,1",
    "memfd_create": "319,$name,0",
    "bpf": "321,0,0,0",
    "perf_event_open": "298,0,0,0,0,0",
    "unshare": "272,0x10000000",
    "setns": "308,61,0",
    "chroot": "161,$home",
    "chmod": "90,$home,0711",
    "utimensat": "280,-100,$home,0,0",
    "setxattr": "188,$home,$name,$name,1,0",
    "flock": "73,61,6",
    "open": "2,$key,0",
    "creat": "85,$made,0600",
    "mkdir": "83,$made,0700",
    "memory of another": "2,$memory,2",
    "setsockopt": "54,61,1,7,$one,4",
    "O_NONBLOCK by fcntl": "72,61,4,2050",
    "O_NONBLOCK by ioctl": "16,61,0x5421,$one",
    "owner by fcntl": "72,61,8,$victim",
    "owner by FIOSETOWN": "16,61,0x8901,$pid",
    "owner by SIOCSPGRP": "16,61,0x8902,$pid",
    "dnotify": "72,0,1026,0",
    "bind": "49,61,$address,8",
    "sendto": "44,61,$name,0,0,0,0",
    "recvfrom": "45,61,$out,0,0x40,0,0",
    "migrate_pages": "256,$victim,0,0,0",
    "shutdown": "48,61,0",
}
"""Number and arguments of each, as perl's ``syscall`` has them. None does harm where it comes through."""
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ESRCH}
"""The last is what a PID namespace says of processes outside."""


def script(traps: hostile.Traps) -> str:
    """Perl that says of each call whether it was refused: its number in CALLS, and errno or 0."""
    variables = {
        "victim": traps.victim.pid,
        "out": '"x" x 64',
        "name": '"user.x"',
        "home": f'"{traps.home}"',
        "key": f'"{traps.home}/.ssh/id_rsa"',
        "made": f'"{traps.home}/caught/made"',
        "memory": f'"/proc/{traps.victim.pid}/mem"',
        "one": 'pack("i", 1)',
        "pid": f'pack("i", {traps.victim.pid})',
        "address": 'pack("Sa6", 1, "\\0abcde")',
    }
    given = "".join(f"my ${name} = {value};\n" for name, value in variables.items())
    return given + "".join(
        f'$! = 0; $r = syscall({call}); print "<{number}:", ($r < 0 ? $! + 0 : 0), ">";\n'
        for number, call in enumerate(CALLS.values())
    )


def let_through(traps: hostile.Traps, trees: dict[str, Path], patch: str) -> set[str]:
    """The calls that were not refused to an ebuild."""
    evil = trees["evil"]
    hostile.write_overlay(evil)
    (evil / "own").mkdir()
    shutil.copy(PERL, evil / "own/perl")
    (evil / "own/calls.pl").write_text(script(traps))
    command = f"{LOADER} {evil}/own/perl {evil}/own/calls.pl"
    write_ebuild(evil, "app-evil/x-1", f'DESCRIPTION="$({command} 2>&1)"\n:')
    words = ("-C", trees["scripts"], "graph", "--gentoo", trees["gentoo"], "--source", evil, "app-evil/x")
    done = subprocess.run(
        [*hostile.program(patch), *map(str, words), "--format", "json"],
        env=hostile.environment(traps.home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = dict(re.findall(r"<(\d+):(\d+)>", done.stdout))
    assert len(said) == len(CALLS), done.stdout[-2000:]
    return {name for number, name in enumerate(CALLS) if int(said[str(number)]) not in REFUSED}


@pytest.mark.parametrize(
    "patch", ["", hostile.NO_NAMESPACES, None], ids=["contained", "no namespaces", "not contained"]
)
def test_system_calls_that_reach_others_are_refused(
    home: Path, tmp_path: Path, checkout_tree: Path, gentoo_tree: Path, patch: str | None
) -> None:
    trees = {"scripts": checkout_tree, "gentoo": gentoo_tree, "evil": tmp_path / "evil"}
    with hostile.traps(home, tmp_path) as traps:
        unconfined = patch is None
        came = let_through(traps, trees, hostile.unconfined(tmp_path) if patch is None else patch)
        assert traps.sprung("", trees["evil"]) - {"runs-own"} <= ({"made"} if unconfined else set())
    if unconfined:
        assert {"socket", "shmget", "inotify_init1", "O_NONBLOCK by ioctl", "owner by FIOSETOWN"} <= came
    else:
        assert came == set()


MEDDLERS = {
    "its result's socket does not wait": "fcntl F, 4, 2050; fcntl STDERR, 4, 2049;"
    " syscall(54, 61, 1, 7, pack('i', 1), 4)",
    "its result's socket is closed for all": "syscall(48, 61, 2)",
}


@pytest.mark.parametrize("code", MEDDLERS.values(), ids=MEDDLERS)
def test_what_a_program_does_to_its_descriptors_counts_for_its_ebuild_only(
    home: Path, checkout_tree: Path, gentoo_tree: Path, code: str
) -> None:
    (gentoo_tree / "own").mkdir()
    shutil.copy(PERL, gentoo_tree / "own/perl")
    (gentoo_tree / "own/x.pl").write_text(f"open F, '>&=', 61; {code};\n")
    long = "printf -v long '%300000d' 1\n" + 'HOMEPAGE="https://example.org/${long// /x}"'
    for number in range(4):
        run = f"{LOADER} {gentoo_tree}/own/perl {gentoo_tree}/own/x.pl"
        write_ebuild(gentoo_tree, f"app-misc/meddles-{number}", f"{run}\n:")
        write_ebuild(gentoo_tree, f"app-misc/sound-{number}", long)
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        sound, meddling = (
            [candidate.ebuild for candidate in space.source.source_candidates("gentoo", f"app-misc/{name}")]
            for name in ("sound", "meddles")
        )
        metadata.source([ebuild for pair in zip(meddling, sound, strict=True) for ebuild in pair])
        for ebuild in sound:
            assert len(ebuild.homepage[0]) == 300000 + len("https://example.org/")
