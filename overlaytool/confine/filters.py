"""A seccomp filter: system calls that sourcing an ebuild never makes, and with which it could reach further.

Landlock decides about opening files. It knows nothing of sockets other than TCP, of the mode and the times of
files, of other processes' memory; and the kernel's rarely used corners are where holes are found.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Container

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What the kernel calls the machines that this is written for."""

NUMBERS: dict[str, tuple[int, int]] = {  # x86_64, aarch64
    # sockets: with them go the network, and services of the machine such as D-Bus and Docker
    "socket": (41, 198),
    "socketpair": (53, 199),
    # what a program has as descriptors, it shares with those that come after it
    "connect": (42, 203),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "sendmmsg": (307, 269),
    "recvmmsg": (299, 243),
    "shutdown": (48, 210),
    "bind": (49, 200),
    "listen": (50, 201),
    "setsockopt": (54, 208),
    # other processes: their memory, descriptors, limits, priorities
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    # what files are: Landlock lets these pass
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "flock": (73, 32),
    # whether others open them, and how they are called
    "inotify_init": (253, -1),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    # queues, semaphores and shared memory; memory that no process counts as its own
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # corners of the kernel
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
}
"""Refused to whoever sources. The second is -1 for what the newer machine has no longer."""

SIGNALS: dict[str, tuple[int, int]] = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setsid": (112, 157),
    "setpgid": (109, 154),
}
"""Refused as well where there is no PID namespace: signals, and leaving the group of those that get ended."""

CLONE, CLONE3, FCNTL, IOCTL, PRLIMIT = (56, 220), (435, 435), (72, 25), (16, 29), (302, 261)
NEW_NAMESPACES = 0x7E020080
"""Flags of clone(2)."""
F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ = 4, 8, 10, 15, 1024, 1026, 1031
FIONBIO, FIOASYNC, FIOSETOWN, SIOCSPGRP, TIOCSTI = 0x5421, 0x5452, 0x8901, 0x8902, 0x5412
TO_OTHERS = (
    *((FCNTL, command) for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY)),
    *((IOCTL, command) for command in (FIOSETOWN, SIOCSPGRP, TIOCSTI)),
)
"""With these a descriptor sends signals to anybody, holds up who opens a file, or types into a terminal."""
SHARED = (*((FCNTL, command) for command in (F_SETFL, F_SETPIPE_SZ)), (IOCTL, FIONBIO), (IOCTL, FIOASYNC))
"""These change a descriptor for all who have it: the next ebuild's result would be cut short."""

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x45, 0x25, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS


LINES = (
    *("socketpair", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg"),
    *("shutdown", "setsockopt"),
)
"""To talk over sockets that a process has got."""
FOR_OWN_FILES = frozenset(
    (
        *LINES,
        "chmod",
        "fchmod",
        "fchmodat",
        "fchmodat2",
        "chown",
        "fchown",
        "lchown",
        "fchownat",
        "utime",
        "utimes",
        "futimesat",
        "utimensat",
        "flock",
    )
)
"""What a program needs that keeps files of its own, beside sockets to itself."""


def program(*, signals: bool, allowed: Container[str] = (), machine: str = "") -> bytes:
    """The filter as the kernel takes it; empty for a machine that this is not written for.

    :param signals: whether signals may be sent: where there is a PID namespace.
    :param allowed: calls that are let through all the same.
    :param machine: as uname(2) has it; empty: this one.
    """
    machine = machine or os.uname().machine
    if machine not in AUDIT_ARCH:
        return b""
    column = list(AUDIT_ARCH).index(machine)
    names = NUMBERS if signals else NUMBERS | SIGNALS
    refused = [row[column] for name, row in names.items() if name not in allowed and row[column] >= 0]
    return b"".join(
        (
            _step(_LOAD, _ARCH),
            _step(_JUMP_EQUAL, AUDIT_ARCH[machine], yes=1),
            _step(_RETURN, _REFUSE),  # 32-bit calls have other numbers
            _step(_LOAD, _NUMBER),
            _step(_JUMP_GREATER, 0x3FFFFFFF, no=1),
            _step(_RETURN, _REFUSE),  # so has x32
            *(_step(_JUMP_EQUAL, number, no=1) + _step(_RETURN, _REFUSE) for number in refused),
            _step(_JUMP_EQUAL, CLONE3[column], no=1),  # its flags are in memory; glibc takes clone instead
            _step(_RETURN, _UNKNOWN),
            _where(CLONE[column], _FIRST_ARGUMENT, _step(_JUMP_SET, NEW_NAMESPACES, no=1)),
            *(
                _where(call[column], _SECOND_ARGUMENT, _step(_JUMP_EQUAL, command, no=1))
                for call, command in (TO_OTHERS if "setsockopt" in allowed else TO_OTHERS + SHARED)
            ),
            _where(PRLIMIT[column], _FIRST_ARGUMENT, _step(_JUMP_EQUAL, 0, yes=1)),  # of itself
            _step(_RETURN, _ALLOW),
        )
    )


def _where(number: int, argument: int, test: bytes) -> bytes:
    """Refuse a call where a test of the low half of an argument says so."""
    return b"".join(
        (
            _step(_JUMP_EQUAL, number, no=4),
            _step(_LOAD, argument),
            test,
            _step(_RETURN, _REFUSE),
            _step(_LOAD, _NUMBER),
        )
    )


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many to skip."""
    return struct.pack("=HBBI", code, yes, no, value)
