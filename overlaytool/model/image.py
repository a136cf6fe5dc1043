"""What a disk image holds: partitions, files, packages, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    digest: str = ""
    """BLAKE2b of a regular file's contents, 32 hexadecimal digits; empty where they were not read."""


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


class ContentKind(StrEnum):
    """What a partition holds."""

    FILES = "files"
    EMPTY = "empty"
    """Nothing but zeros at its beginning."""
    OTHER = "other"
    """Something that is no file system: a boot loader, a hash tree, a signature."""
    UNREADABLE = "unreadable"


class PartitionContent(Struct, frozen=True, kw_only=True):
    """A partition and what is in it."""

    partition: Partition
    content: ContentKind
    filesystem: str = ""
    """``btrfs``, ``ext4``, …; empty where there is none."""
    label: str = ""
    uuid: str = ""
    size: int | None = None
    """Bytes that the file system spans."""
    used: int | None = None
    files: int = 0
    file_bytes: int = 0
    """What the files would take uncompressed, each hard link once."""


class VerityCheck(Struct, frozen=True, kw_only=True):
    """The root hash of one partition, wherever it is written."""

    subject: str
    """``USR-A``, or the name of a system extension."""
    computed: str
    """From the data, in hex; empty where there is no hash tree."""
    stated: tuple[tuple[str, str], ...]
    """Where a root hash is written, and which: ``("vmlinuz-a", "59ab…")``."""
    data_size: int = 0
    damaged_block: int | None = None
    """The first block that is not what it was when the hash tree was made."""

    @property
    def holds(self) -> bool:
        """Whether all that is written is what comes out."""
        return self.damaged_block is None and all(value == self.computed for _, value in self.stated)


class InstalledPackage(Struct, frozen=True, kw_only=True):
    """A package of an image, and its files."""

    name: str
    """Category and package name."""
    version: str
    repository: str = ""
    licenses: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Paths in the image, without a leading slash; those that are not in it left out."""
    size: int = 0
    """Bytes of its files in the image, each hard link once."""
    depends: tuple[str, ...] = ()
    """Category and name of what its RDEPEND names, where the package database is at hand."""

    @property
    def cpv(self) -> str:
        """With its version."""
        return f"{self.name}-{self.version}" if self.version else self.name


class Component(Struct, frozen=True, kw_only=True):
    """One part of an image with files of its own."""

    name: str
    """``base``, ``initrd``, ``real-initrd``, or a system extension's name."""
    source: str
    """Where the files were read: a file's name, and what in it."""
    files: tuple[FileEntry, ...]
    """By path, as they are in the running system: ``usr/bin/htop``, ``boot/flatcar/vmlinuz-a``."""
    packages: tuple[InstalledPackage, ...] = ()
    """By name and version."""

    @property
    def size(self) -> int:
        """Bytes in files, each hard link once."""
        return bytes_in(self.files)


class Budget(Struct, frozen=True, kw_only=True):
    """A limit that the build or an update enforces."""

    name: str
    used: int
    limit: int

    @property
    def kept(self) -> bool:
        """Whether there is room."""
        return self.used <= self.limit


class ImageContents(Struct, frozen=True, kw_only=True):
    """All that is known of an image, a system extension or a build directory."""

    subject: str
    """The path that was named."""
    release: tuple[tuple[str, str], ...] = ()
    """os-release or extension-release, in its order."""
    partitions: tuple[PartitionContent, ...] = ()
    verity: tuple[VerityCheck, ...] = ()
    kernel_version: str = ""
    kernel_config: tuple[tuple[str, str], ...] = ()
    """Options and values, sorted: ``("CONFIG_BTRFS_FS", "y")``."""
    components: tuple[Component, ...] = ()
    budgets: tuple[Budget, ...] = ()
    contradictions: tuple[str, ...] = ()
    """What the reports say and the image does not, and hashes that do not hold."""
    unread: tuple[str, ...] = ()
    """Parts that could not be read, and why."""
    untold: tuple[str, ...] = ()
    """What nothing here says, and which file would say it."""

    @property
    def version(self) -> str:
        """VERSION of the release, or the sysext's VERSION_ID; empty where there is none."""
        values = dict(self.release)
        return values.get("VERSION") or values.get("VERSION_ID") or ""

    def component(self, name: str) -> Component | None:
        """The part of that name."""
        return next((each for each in self.components if each.name == name), None)


def bytes_in(files: Iterable[FileEntry]) -> int:
    """Bytes in files, each hard link once."""
    return sum(size for _, size in each_link_once(files))


def each_link_once(files: Iterable[FileEntry]) -> Iterator[tuple[FileEntry, int]]:
    """Files and links with the bytes that they add: a further hard link adds none. No directories."""
    seen: set[int] = set()
    for entry in files:
        if entry.kind is not FileKind.DIRECTORY:
            yield entry, 0 if entry.inode and entry.inode in seen else entry.size
            seen.add(entry.inode)
