"""Images made by the real tools, without root and without a mount, for the tests of overlaytool.image."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import struct
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from dissect.util.hash import crc32c

SECTOR = 512
USR_A = "7130c94a-213a-4e5a-8e26-6cce9662f132"
TOOLS = {
    "btrfs": ("mkfs.btrfs", "btrfs"),
    "ext2": ("mke2fs",),
    "ext4": ("mke2fs",),
    "squashfs": ("mksquashfs",),
    "erofs": ("mkfs.erofs", "fsck.erofs"),
    "vfat": ("mkfs.vfat", "mcopy"),
    "gpt": ("sgdisk",),
    "qcow2": ("qemu-img",),
    "verity": ("veritysetup",),
}
os.environ["PATH"] += os.pathsep + "/usr/sbin:/sbin"


def need(*kinds: str) -> None:
    """Skip where a tool is not installed; CI installs them all."""
    for kind in kinds:
        for tool in TOOLS[kind]:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


def run(*command: object) -> str:
    """A tool's output; its complaints are in the error."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def tree(root: Path) -> Path:
    """A directory with one of everything that a file system of an image has."""
    chance = random.Random(7)
    (root / "bin").mkdir(parents=True)
    (root / "lib/deep/er").mkdir(parents=True)
    (root / "empty-directory").mkdir()
    (root / "bin/htop").write_bytes(chance.randbytes(200_000))
    (root / "bin/htop").chmod(0o755)
    (root / "bin/su").write_bytes(b"#!/bin/sh\n" * 60)
    (root / "bin/su").chmod(0o4711)
    os.link(root / "bin/htop", root / "bin/top")
    (root / "lib/deep/er/words").write_bytes(b"the same words again and again\n" * 20_000)
    (root / "lib/small").write_bytes(b"small\n")
    (root / "lib/empty").write_bytes(b"")
    with (root / "lib/hole").open("wb") as file:
        file.seek(6 << 20)
        file.write(b"end")
        file.truncate(7 << 20)
    (root / "lib/to-words").symlink_to("deep/er/words")
    (root / "lib/absolute").symlink_to("/bin/htop")
    (root / "lib/long-link").symlink_to("x" * 200)
    (root / "loop").symlink_to("pool")
    (root / "pool").symlink_to("loop")
    (root / "lib/red \x1b[31m\nname").write_bytes(b"control characters\n")
    Path(os.fsdecode(bytes(root) + b"/lib/\xff\xfe")).write_bytes(b"not UTF-8\n")
    return root


def make(kind: str, root: Path, image: Path, *, size: int = 64 << 20) -> Path:
    """A file system of that kind with everything below ``root``."""
    need(kind)
    image.unlink(missing_ok=True)
    if kind in ("btrfs", "ext2", "ext4", "vfat"):
        with image.open("wb") as file:
            file.truncate(size)
    if kind == "btrfs":
        run("mkfs.btrfs", "-q", "--mixed", "-m", "single", "-d", "single", "-L", "usr", "-r", root, image)
    elif kind in ("ext2", "ext4"):
        run("mke2fs", "-q", "-t", kind, "-b", "4096", "-L", "ROOT", "-d", root, image)
    elif kind == "squashfs":
        run("mksquashfs", root, image, "-quiet", "-no-progress", "-noappend", "-comp", "zstd")
    elif kind == "erofs":
        run("mkfs.erofs", "-zlz4hc", image, root)
    else:
        run("mkfs.vfat", "-n", "EFI-SYSTEM", image)
        run("mcopy", "-s", "-i", image, *sorted(root.iterdir()), "::")
    return image


def disk(image: Path, parts: list[tuple[int, str, str, Path | None]], *, size: int = 256 << 20) -> Path:
    """A disk with a GPT and partitions of 2 MiB alignment: number, label, type's GUID or code, contents."""
    need("gpt")
    with image.open("wb") as file:
        file.truncate(size)
    words: list[object] = []
    for number, label, type_code, content in parts:
        length = max((content.stat().st_size if content else 0) + (1 << 20) - 1 >> 20, 2)
        words += ["-n", f"{number}:0:+{length}M", "-t", f"{number}:{type_code}", "-c", f"{number}:{label}"]
        if label == "USR-A":
            words += ["-u", f"{number}:{USR_A}", "-A", f"{number}:set:48", "-A", f"{number}:set:56"]
    run("sgdisk", "-o", "-a", "4096", *words, image)
    for number, _label, _type_code, content in parts:
        if content:
            first = run("sgdisk", "-i", number, image).split("First sector: ")[1].split()[0]
            with image.open("r+b") as target, content.open("rb") as source:
                target.seek(int(first) * SECTOR)
                shutil.copyfileobj(source, target)
    return image


def compress(image: Path) -> int:
    """Turn the plain extents of a btrfs into zstd-compressed ones, in place, and give their number.

    The extents keep their places and declared sizes: a shorter zstd frame with zeros behind it is what the
    kernel writes too. mkfs.btrfs compresses since 6.13 only.
    """
    from backports import zstd

    data = bytearray(image.read_bytes())
    node_size = struct.unpack_from("<I", data, 0x10000 + 0x94)[0]
    chunks = list(_chunks(data, node_size))
    changed = 0
    for at in range(0, len(data) - node_size, 4096):
        if data[at + 32 : at + 48] != data[0x10020:0x10030] or data[at + 100] != 0:
            continue
        header = struct.unpack_from("<QQ16sQQIB", data, at + 48)
        here = _physical(chunks, header[0])
        if here != at:
            continue
        for index in range(header[5]):
            _object, key_type, _offset, start, size = struct.unpack_from(
                "<QBQII", data, at + 101 + 25 * index
            )
            if key_type == 108 and size == 53 and data[at + 101 + start + 20] == 1:
                changed += _compress_one(data, at + 101 + start, chunks, zstd)
        data[at : at + 4] = struct.pack("<I", crc32c.crc32c(bytes(data[at + 32 : at + node_size])))
    image.write_bytes(data)
    return changed


def _compress_one(data: bytearray, item: int, chunks: list[tuple[int, int, int]], zstd: object) -> int:
    _generation, ram, compression = struct.unpack_from("<QQB", data, item)
    start, size, _offset, count = struct.unpack_from("<QQQQ", data, item + 21)
    if compression or not start or not ram == size == count:
        return 0
    place = _physical(chunks, start)
    assert place is not None
    packed: bytes = zstd.compress(bytes(data[place : place + size]))  # type: ignore[attr-defined]
    if len(packed) >= size:
        return 0
    data[place : place + size] = packed.ljust(size, b"\0")
    data[item + 16] = 3
    return 1


def _chunks(data: bytearray, node_size: int) -> Iterator[tuple[int, int, int]]:
    """Logical start, length, physical start of each chunk with a single stripe."""
    for at in range(0, len(data) - node_size, 4096):
        if data[at + 32 : at + 48] != data[0x10020:0x10030] or data[at + 100] != 0:
            continue
        owner, count = struct.unpack_from("<QI", data, at + 88)
        if owner != 3:
            continue
        for index in range(count):
            _object, key_type, offset, start, _size = struct.unpack_from(
                "<QBQII", data, at + 101 + 25 * index
            )
            if key_type == 228:
                chunk = at + 101 + start
                yield (
                    offset,
                    struct.unpack_from("<Q", data, chunk)[0],
                    struct.unpack_from("<Q", data, chunk + 56)[0],
                )


def _physical(chunks: list[tuple[int, int, int]], logical: int) -> int | None:
    return next((logical - a + p for a, length, p in chunks if a <= logical < a + length), None)


CONFIG = "#\n# Linux/x86 6.12.40 Kernel Configuration\n#\nCONFIG_BTRFS_FS=y\n# CONFIG_HTOP is not set\n"
PACKAGES = {
    "sys-apps/systemd-257.9": ("GPL-2", ["usr/lib/systemd/systemd", "usr/lib/os-release", "bin/systemctl"]),
    "sys-libs/ncurses-6.5": ("MIT", ["usr/lib64/libncurses.so.6.5", "usr/lib64/libncurses.so.6"]),
}


def cpio(files: dict[str, bytes]) -> bytes:
    """An archive as an initrd has it."""
    done = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")]):
        fields = (number, 0o100644 if data else 0o40755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        done += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return done


def vmlinuz(version: str, root_hash: str = "", *, size: int = 1 << 20, config: str = CONFIG) -> bytes:
    """A bzImage of amd64 that is put together like a real one, but for the code in it."""
    inner = b"\x7fELF" + bytes(4096) + b"IKCFG_ST" + gzip.compress(config.encode()) + b"IKCFG_ED" + bytes(64)
    inner += lzma.compress(cpio({"init": b"#!/bin/sh\n", "etc": b"", "etc/initrd-release": b"ID=flatcar\n"}))
    payload = gzip.compress(inner + bytes(256))
    head = bytearray(5 * 512)
    head[0x1F1] = 4
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    head[0x20E:0x210] = (0x300).to_bytes(2, "little")
    head[0x248:0x24C] = (0).to_bytes(4, "little")
    head[0x24C:0x250] = len(payload).to_bytes(4, "little")
    head[0x500 : 0x500 + len(version) + 9] = f"{version} (ada@x)\0".encode()
    head[64:128] = root_hash.encode().ljust(64, b"\0")
    return (bytes(head) + payload).ljust(size, b"\0")


def verity(data: Path, size: int) -> str:
    """Append a hash tree with the options of disk_util, and give the root hash."""
    need("verity")
    with data.open("r+b") as file:
        file.truncate(size)
    shown = run(
        *("veritysetup", "format", "--hash=sha256", "--data-block-size", 4096, "--hash-block-size", 4096),
        *("--data-blocks", size // 4096, "--hash-offset", size, data, data),
    )
    return shown.split("Root hash:")[1].split()[0]


def ddi(place: Path, root: Path, image: Path) -> str:
    """A sysext as systemd-repart makes it: EROFS, hash tree, signature; the ids are the root hash."""
    content = make("erofs", root, place / "erofs")
    size = -(-content.stat().st_size // 4096) * 4096
    with content.open("r+b") as file:
        file.truncate(size)
    tree = place / "hashes"
    shown = run(
        *("veritysetup", "format", "--hash=sha256", "--data-block-size", 4096, "--hash-block-size", 4096),
        *(content, tree),
    )
    root_hash = shown.split("Root hash:")[1].split()[0]
    signature = place / "signature"
    signature.write_text(json.dumps({"rootHash": root_hash, "signature": "AAAA"}))
    disk(
        image,
        [
            (1, "root-x86-64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", content),
            (2, "root-x86-64-verity", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", tree),
            (3, "root-x86-64-verity-sig", "41092b05-9fc8-4523-994f-2def0408b176", signature),
        ],
        size=24 << 20,
    )
    run("sgdisk", "-u", f"1:{uuid.UUID(root_hash[:32])}", "-u", f"2:{uuid.UUID(root_hash[32:])}", image)
    return root_hash


def licenses(packages: dict[str, tuple[str, list[str]]]) -> str:
    """A `_licenses.json`."""
    return json.dumps(
        [
            {
                "project": f"{cpv}::portage-stable",
                "licenses": license_.split(),
                "description": "",
                "homepage": "",
                "source": "",
                "files": "".join(f"/{path} 63a5736879fa647ac5a8d5317e7cb8b0\n" for path in paths),
            }
            for cpv, (license_, paths) in packages.items()
        ]
    )


def listed(root: Path) -> tuple[str, str]:
    """`_contents.txt` and `_contents_wtd.txt` of a directory, by the commands of reports_util.sh."""
    forms = ("%M %2n %-7u %-7g %7s %TY-%Tm-%Td %TH:%TM ./%P -> %l\\n", "%M %D %i %n %s ./%P\\n")
    found = [
        subprocess.run(["find", "-printf", form], cwd=root, capture_output=True, text=True, check=True).stdout
        for form in forms
    ]
    return found[0].replace(" -> \n", "\n"), found[1]


def build_directory(
    place: Path,
    *,
    kind: str = "btrfs",
    version: str = "4515.0.0",
    packages: dict[str, tuple[str, list[str]]] | None = None,
    files: dict[str, bytes] | None = None,
    sysexts: bool = False,
    config: str = CONFIG,
) -> Path:
    """What build_image leaves behind, in small: a disk with a USR-A like the real one, and its reports."""
    owned = {**PACKAGES, **(packages or {})}
    root, build = place / "root", place / f"developer-{version}"
    build.mkdir(parents=True)
    usr = root / "usr"
    for path, data in {
        "lib64/systemd/systemd": b"S" * 300_000,
        "lib64/os-release": f'NAME="Flatcar"\nID=flatcar\nVERSION={version}\nVERSION_ID={version}\n'
        f'PRETTY_NAME="Flatcar Container Linux {version}"\n'.encode(),
        "bin/systemctl": b"C" * 50_000,
        "lib64/libncurses.so.6.5": b"N" * 80_000,
        "boot/config": config.encode(),
        "share/licenses/licenses.json.bz2": bz2.compress(licenses(owned).encode()),
        **(files or {}),
    }.items():
        (usr / path).parent.mkdir(parents=True, exist_ok=True)
        (usr / path).write_bytes(data)
    os.link(usr / "bin/systemctl", usr / "bin/halt")
    (usr / "lib").symlink_to("lib64")
    (usr / "sbin").symlink_to("bin")
    (usr / "lib64/libncurses.so.6").symlink_to("libncurses.so.6.5")
    if sysexts:
        (usr / "share/flatcar/sysext").mkdir(parents=True)
        ext = place / "docker"
        (ext / "usr/bin").mkdir(parents=True)
        (ext / "usr/bin/docker").write_bytes(b"D" * 400_000)
        (ext / "usr/lib/extension-release.d").mkdir(parents=True)
        release = ext / "usr/lib/extension-release.d/extension-release.docker"
        release.write_text("ID=flatcar\nSYSEXT_LEVEL=1.0\n")
        ddi(place, ext, usr / "share/flatcar/sysext/docker.raw")
    (root / "boot/flatcar").mkdir(parents=True)
    (root / "oem").mkdir()
    size = 48 << 20
    image = make(kind, usr, place / "usr.img", size=size)
    if kind == "ext2":  # disk_util makes it unmountable for writing: see Tune2fsReadWrite
        with image.open("r+b") as file:
            file.seek(0x467)
            file.write(b"\xff")
    root_hash = verity(image, size)
    kernel = vmlinuz("6.12.40-flatcar", root_hash, config=config)
    (root / "boot/flatcar/vmlinuz-a").write_bytes(kernel)
    efi = make("vfat", root / "boot", place / "efi.img", size=8 << 20)
    (place / "empty").mkdir()
    rest = make("ext4", place / "empty", place / "root.img", size=8 << 20)
    stem = build / "flatcar_production_image"
    disk(
        Path(f"{stem}.bin"),
        [
            (1, "EFI-SYSTEM", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", efi),
            (2, "BIOS-BOOT", "21686148-6449-6e6f-744e-656564454649", None),
            (3, "USR-A", "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6", image),
            (4, "USR-B", "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6", None),
            (6, "OEM", "0fc63daf-8483-4772-8e79-3d69d8477de4", None),
            (9, "ROOT", "3884dd41-8582-4404-b9a8-e9b84f2df50e", rest),
        ],
        size=100 << 20,
    )
    contents, details = listed(root)
    reports = {
        "_verity.txt": f"{root_hash}\n",
        "_packages.txt": "".join(f"{cpv}::portage-stable\n" for cpv in sorted(owned)),
        "_licenses.json": licenses(owned),
        "_kernel_config.txt": config,
        "_contents.txt": contents,
        "_contents_wtd.txt": details,
    }
    for suffix, text in reports.items():
        Path(f"{stem}{suffix}").write_text(text)
    Path(f"{stem}.vmlinuz").write_bytes(kernel)
    (build / "version.txt").write_text(f"FLATCAR_VERSION={version}\nFLATCAR_VERSION_ID={version}\n")
    return build


def database(
    place: Path, owned: dict[str, tuple[str, list[str]]], needs: dict[str, str], image: Path
) -> Path:
    """A `_sysext.squashfs`: the root file system with Portage's database."""
    for cpv, (license_, paths) in owned.items():
        entry = place / "var/db/pkg" / cpv
        entry.mkdir(parents=True)
        (entry / "CONTENTS").write_text(
            "dir /usr\n"
            + "".join(f"obj /{path} 63a5736879fa647ac5a8d5317e7cb8b0 1700000000\n" for path in paths)
        )
        (entry / "LICENSE").write_text(f"{license_}\n")
        (entry / "RDEPEND").write_text(f"{needs.get(cpv, '')}\n")
        (entry / "repository").write_text("portage-stable\n")
    return make("squashfs", place, image)
