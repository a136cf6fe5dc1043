"""What a disk image holds: partitions, files, packages, and what differs between two of them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class FileKind(StrEnum):
    """What an entry of a file system is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER_DEVICE = "character-device"
    BLOCK_DEVICE = "block-device"
    FIFO = "fifo"
    SOCKET = "socket"


class FileEntry(Struct, frozen=True, kw_only=True):
    """One path of a file system."""

    path: str
    """Relative to the root, without a leading slash; bytes that are no UTF-8 as surrogates (PEP 383)."""
    kind: FileKind
    size: int
    """Bytes of a regular file, 0 for anything else."""
    mode: int = 0
    """Permission bits, with setuid, setgid and sticky."""
    uid: int = 0
    gid: int = 0
    inode: int = 0
    """Entries with the same number are hard links to one file; 0 where the file system has no numbers."""
    target: str = ""
    """Where a symlink points."""


class Partition(Struct, frozen=True, kw_only=True):
    """One entry of a GUID partition table."""

    number: int
    label: str
    type_id: str
    """The partition type's GUID, in lower case."""
    type_name: str
    """What that type is for: ``efi``, ``flatcar-rootfs``, ``usr-x86-64-verity``; the GUID where unknown."""
    uuid: str
    offset: int
    """Bytes from the beginning of the disk."""
    size: int
    """Bytes."""
    flags: int = 0
    """Attribute bits; of a flatcar-rootfs: priority 48–51, tries 52–55, successful 56."""

    @property
    def priority(self) -> int:
        """Which of two /usr partitions the boot loader prefers: the higher one, 0 never."""
        return self.flags >> 48 & 0xF
