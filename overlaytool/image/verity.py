"""dm-verity: the hash tree over a partition's blocks, recomputed and compared with the one that is stored.

The format is the kernel's (admin-guide/device-mapper/verity.rst) with cryptsetup's superblock. A gigabyte
takes some three seconds. `veritysetup verify` says the same, of a partition that was copied out first.
"""

from __future__ import annotations

import hashlib
import struct
from typing import BinaryIO

from msgspec import Struct

from overlaytool.errors import ImageError
from overlaytool.image.damage import reading
from overlaytool.image.disk import length, magic

SIGNATURE = b"verity\0\0"
SUPERBLOCK = struct.Struct("<8sII16s32sIIQH6x256s")
READ = 1 << 20


class Tree(Struct, frozen=True, kw_only=True):
    """What a verity superblock says."""

    algorithm: str
    block_size: int
    """Bytes of a data block and of a hash block, which are the same wherever Flatcar uses verity."""
    blocks: int
    """Number of data blocks."""
    salt: bytes

    @property
    def data_size(self) -> int:
        """Bytes that are hashed."""
        return self.block_size * self.blocks


class Outcome(Struct, frozen=True, kw_only=True):
    """What came out of hashing the data."""

    root: str
    """The root hash, in hex."""
    damaged: int | None
    """The first data block whose hash is not the stored one; None where all are."""


def superblock(stream: BinaryIO, offset: int) -> Tree | None:
    """The superblock at an offset, None where there is none.

    :raises ImageError: when it says what no veritysetup writes.
    """
    data = magic(stream, offset, SUPERBLOCK.size)
    if len(data) < SUPERBLOCK.size or not data.startswith(SIGNATURE):
        return None
    _, version, kind, _, name, data_block, hash_block, blocks, salt_size, salt = SUPERBLOCK.unpack(data)
    algorithm = name.split(b"\0")[0].decode("ascii", "replace")
    sane = data_block == hash_block and data_block in (512, 1024, 2048, 4096, 8192, 16384, 65536)
    if (
        (version, kind) != (1, 1)
        or not sane
        or salt_size > 256
        or algorithm not in hashlib.algorithms_available
    ):
        raise ImageError(
            "the verity superblock is of a kind that is not known here",
            details=(
                f"version {version}, type {kind}, {algorithm!a}, blocks of {data_block} and {hash_block}",
            ),
        )
    return Tree(algorithm=algorithm, block_size=data_block, blocks=blocks, salt=salt[:salt_size])


def compute(data: BinaryIO, tree: Tree, hashes: BinaryIO | None = None, start: int = 0) -> Outcome:
    """Hash the data up to its root.

    :param hashes: where the stored tree is; its lowest level tells which block is damaged.
    :param start: the offset of the stored tree's superblock in there.
    :raises ImageError: when there is less data than the superblock says.
    """
    if tree.data_size > length(data):
        raise ImageError(
            "verity covers more than there is",
            details=(f"{tree.data_size:,} bytes of {length(data):,}",),
        )
    with reading("what verity covers"):
        digests = _digests(data, tree)
        lowest = digests
        levels = 0
        while len(digests) > hashlib.new(tree.algorithm).digest_size:
            digests = _level(digests, tree)
            levels += 1
        damaged = _first_difference(lowest, tree, hashes, start) if hashes is not None and levels else None
    return Outcome(root=digests.hex(), damaged=damaged)


def _digests(data: BinaryIO, tree: Tree) -> bytes:
    salted = hashlib.new(tree.algorithm, tree.salt)
    size, left = tree.block_size, tree.data_size
    found: list[bytes] = []
    data.seek(0)
    while left:
        chunk = data.read(min(READ, left))
        if not chunk or len(chunk) % size:
            raise ImageError("what verity covers is cut off")
        left -= len(chunk)
        for at in range(0, len(chunk), size):
            digest = salted.copy()
            digest.update(chunk[at : at + size])
            found.append(digest.digest())
    return b"".join(found)


def _packed(digests: bytes, tree: Tree) -> bytes:
    """A level as it is stored: hashes padded to a power of two, blocks padded with zeros."""
    count = hashlib.new(tree.algorithm).digest_size
    room = 1 << (count - 1).bit_length()
    if room != count:
        digests = b"".join(
            digests[at : at + count].ljust(room, b"\0") for at in range(0, len(digests), count)
        )
    return digests + bytes(-len(digests) % tree.block_size)


def _level(digests: bytes, tree: Tree) -> bytes:
    stored = _packed(digests, tree)
    salted = hashlib.new(tree.algorithm, tree.salt)
    found = []
    for at in range(0, len(stored), tree.block_size):
        digest = salted.copy()
        digest.update(stored[at : at + tree.block_size])
        found.append(digest.digest())
    return b"".join(found)


def _first_difference(digests: bytes, tree: Tree, hashes: BinaryIO, start: int) -> int | None:
    """The first data block whose hash is not the stored one. The lowest level is stored last."""
    ours = _packed(digests, tree)
    above = 0
    blocks = len(ours) // tree.block_size
    per_block = tree.block_size // (1 << (hashlib.new(tree.algorithm).digest_size - 1).bit_length())
    while blocks > 1:
        blocks = -(-blocks // per_block)
        above += blocks
    superblock_size = -(-SUPERBLOCK.size // tree.block_size) * tree.block_size
    stored = magic(hashes, start + superblock_size + above * tree.block_size, len(ours))
    if stored == ours:
        return None
    room = tree.block_size // per_block
    return next(
        at // room for at in range(0, len(ours), room) if ours[at : at + room] != stored[at : at + room]
    )
