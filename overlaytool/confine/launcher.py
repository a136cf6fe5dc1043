"""The process that starts confined programs: a file of its own, run as ``python -I -S launcher.py``.

It loads only what a start needs, since a cold plan waits for it, and never runs foreign code itself. What it
is to do comes as marshalled tuples from its parent, who is trusted:

``launcher.py JOB``: programs are asked for through a Unix socket. ``(number, "start", program)`` with
  descriptors: those that become 0, 1, 2, then :data:`FIRST` and on, and last the Landlock ruleset; the
  answer is the number of the question and the pid. ``(number, "end", pid)`` ends it with all that is in its
  PID namespace or process group. A text as answer says what went wrong. When the socket closes, since the
  parent has ended however it did, all end.

JOB is hex: ``(mode, readable, descriptor, program)``; see :func:`separate` for the first two, the descriptor
is the socket or the ruleset. A program is ``(argv, environment, limits, filter, place, landlock)``: limits by
number of the resource, a seccomp filter as bytes, the directory for :func:`furnish`, whether there is a
ruleset.
"""

from __future__ import annotations

import _socket
import ctypes
import marshal
import os
import resource
import struct
import sys
import time
from fcntl import F_DUPFD_CLOEXEC, fcntl
from typing import Any

FIRST = 60
"""The first descriptor beyond the usual three: out of the way of what scripts redirect."""
SPACE = b"size=64m,nr_inodes=4096,mode=700"
"""Of the temporary file system."""
NOT_ROOT = 65534
"""Whom the superuser is in its user namespace: root would keep capabilities when it runs a program."""

EAGAIN, ENOMEM = 11, 12
SIGKILL, SIGCHLD = 9, 17  # signal.py makes enumerations of all
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 22, 28, 38, 47
SECBIT_NOROOT_LOCKED = 3
CAP_VERSION, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 0x20080522, 1, 2
SYS_CLONE = {"x86_64": 56, "aarch64": 220}
SYS_LANDLOCK_ADD_RULE, SYS_LANDLOCK_RESTRICT_SELF = 445, 446
IN_TEMPORARY = 0x2 | 0x4 | 0x8 | 0x20 | 0x100
"""Landlock: write, read and list, unlink, make regular files."""

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(result: int, what: str) -> int:
    """The result of a system call.

    :raises OSError: when it failed.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def separate(mode: str, readable: tuple[str, ...]) -> bool:
    """Leave the network, the mounts and the IPC of the machine, as far as the mode says.

    :param mode: ``user`` for a user namespace, ``root`` for none as the superuser, ``none``.
    :param readable: directories that have to stay so.
    :return: whether there are namespaces.
    :raises OSError: where the kernel does not let us, or a directory could not be read any more.
    """
    if mode == "none":
        return False
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    leave(flags | (CLONE_NEWUSER if mode == "user" else 0))
    if mode == "user":
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{user or NOT_ROOT} {user} 1")
        write("/proc/self/gid_map", f"{group or NOT_ROOT} {group} 1")
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    for path in readable:
        if not os.access(path, os.R_OK | os.X_OK):
            raise OSError(13, f"{path} cannot be read in a user namespace")
    return True


def leave(flags: int) -> None:
    """unshare(2). A machine that is short of memory for a moment is not one without namespaces.

    :raises OSError: where the kernel does not let us.
    """
    for wait in (0.05, 0.2, 1.0, None):
        try:
            checked(libc.unshare(flags), "unshare")
        except OSError as error:
            if wait is None or error.errno not in (EAGAIN, ENOMEM):
                raise
            time.sleep(wait)
        else:
            return


def mount(source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None) -> None:
    """mount(2)."""
    checked(libc.mount(source, target, kind, ctypes.c_ulong(flags), data), "mount")


def write(path: str, text: str) -> None:
    """Write a file of the kernel's."""
    file = os.open(path, os.O_WRONLY)
    os.write(file, text.encode())
    os.close(file)


def start(spaces: bool, program: tuple[Any, ...], descriptors: list[int]) -> int:
    """Start a program; its pid.

    :raises OSError: where no process can be made.
    """
    if spaces:
        flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD
        number = SYS_CLONE[os.uname().machine]
        pid = checked(libc.syscall(number, ctypes.c_ulong(flags), None, None, None, None), "clone")
    else:
        pid = os.fork()
    if pid == 0:
        try:
            become(spaces, program, descriptors)
        except BaseException as error:
            os.write(2, f"not started, since it could not be confined: {error}\n".encode())
        finally:
            os._exit(125)
    return pid


def become(spaces: bool, program: tuple[Any, ...], descriptors: list[int]) -> None:
    """In the new process: arrange its descriptors, confine it, and turn into the program.

    :raises OSError: where it cannot be confined: then it must not run.
    """
    argv, environment, limits, filter, place, landlock = program
    os.setsid()
    *descriptors, ruleset = [fcntl(file, F_DUPFD_CLOEXEC, FIRST + 16) for file in descriptors]
    wanted = {0, 1, 2}
    for number, file in enumerate(descriptors):
        target = number if number < 3 else FIRST + number - 3
        os.dup2(file, target)
        wanted.add(target)
    for number in range(3, 256):
        if number not in wanted:
            try:
                os.set_inheritable(number, False)
            except OSError:
                continue
    confine(furnish(spaces, place), limits, filter, ruleset if landlock else None)
    os.execve(argv[0], argv, environment)


def confine(
    temporary: int | None, limits: tuple[tuple[int, int], ...], filter: bytes, ruleset: int | None
) -> None:
    """Give up what the program shall not have.

    :param temporary: a descriptor of the one directory that may be written.
    :param ruleset: Landlock's; None where the kernel has none.
    :raises OSError: where something cannot be given up.
    """
    checked(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")
    give_up_root()
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    if temporary is not None and ruleset is not None:
        rule = struct.pack("=Qi", IN_TEMPORARY, temporary)
        checked(libc.syscall(SYS_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), "landlock_add_rule")
    if ruleset is not None:
        checked(libc.syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    if filter:
        buffer = ctypes.create_string_buffer(filter, len(filter))
        code = struct.pack("@HP", len(filter) // 8, ctypes.addressof(buffer))
        checked(libc.prctl(PR_SET_SECCOMP, 2, code, 0, 0), "seccomp")


def furnish(spaces: bool, place: str) -> int | None:
    """Make the program's ``temporary`` directory, and go to an ``empty`` one that it cannot write.

    :param place: the directory that holds both: a file system of its own where there are namespaces. Empty
        for a program that brings its own.
    :return: a descriptor of ``temporary``.
    """
    if not place:
        return None
    if spaces:
        mount(b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, SPACE)
    for name in ("temporary", "empty"):
        try:
            os.mkdir(f"{place}/{name}", 0o700)  # noqa: PTH102
        except FileExistsError:
            continue
    os.chdir(f"{place}/empty")
    return os.open(f"{place}/temporary", os.O_PATH | os.O_CLOEXEC)


def give_up_root() -> None:
    """Let the superuser keep no capability but to read what belongs to others, as trees may."""
    if os.getuid():
        return
    header = struct.pack("=Ii", CAP_VERSION, 0)
    data = ctypes.create_string_buffer(24)
    if libc.capget(header, data) == 0:
        effective, permitted, inheritable, *high = struct.unpack("=6I", data.raw)
        for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
            if permitted & 1 << capability:
                wanted = inheritable | 1 << capability
                if libc.capset(header, struct.pack("=6I", effective, permitted, wanted, *high)) == 0:
                    libc.prctl(PR_CAP_AMBIENT, 2, capability, 0, 0)
                break
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED, 0, 0, 0)


def serve(spaces: bool, socket: _socket.socket) -> None:
    """Do what is asked until nobody asks any more."""
    running: set[int] = set()
    while True:
        data, extra, _flags, _from = socket.recvmsg(1 << 17, _socket.CMSG_SPACE(4 * 16))
        if not data:
            break
        descriptors = [
            number for _l, _t, packed in extra for number in struct.unpack(f"{len(packed) // 4}i", packed)
        ]
        question, what, argument = marshal.loads(data)
        answer: int | str
        try:
            if what == "start":
                answer = start(spaces, argument, descriptors)
                running.add(answer)
            elif argument in running:
                running.discard(argument)
                answer = end(argument)
            else:  # it has been ended before, and its number may be another's now
                answer = 0
        except OSError as error:
            answer = str(error.strerror)
        for number in descriptors:
            os.close(number)
        socket.send(marshal.dumps((question, answer)))
    for pid in running:
        end(pid)


def end(pid: int) -> int:
    """End a program with all of its PID namespace or process group; its exit status as wait(2) has it."""
    for stop in (os.killpg, os.kill):
        try:
            stop(pid, SIGKILL)
        except OSError:
            continue
    try:
        return os.waitpid(pid, 0)[1]
    except OSError:
        return 0


def main() -> None:
    """Do what the command line says."""
    mode, readable, descriptor = marshal.loads(bytes.fromhex(sys.argv[1]))
    socket = _socket.socket(fileno=descriptor)
    try:
        spaces = separate(mode, readable)
    except OSError as error:
        socket.send(marshal.dumps((0, str(error.strerror))))
        return
    socket.send(marshal.dumps((0, 0)))
    serve(spaces, socket)


if __name__ == "__main__":
    main()
