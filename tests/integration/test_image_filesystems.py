"""Every file system of an image, made by the real tools and read without them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import images
import pytest

from overlaytool.errors import ImageError
from overlaytool.image import disk, partitions
from overlaytool.image.filesystem import open_filesystem
from overlaytool.model.image import FileEntry, FileKind

UNIX = ("btrfs", "ext2", "ext4", "squashfs", "erofs")


def listed(image: Path) -> dict[str, FileEntry]:
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        return {entry.path: entry for entry in files.walk() if not entry.path.startswith("lost+found")}


@pytest.mark.parametrize("kind", UNIX)
def test_all_paths_sizes_modes_links_and_contents_are_those_of_the_directory(
    kind: str, tmp_path: Path
) -> None:
    root = images.tree(tmp_path / "root")
    image = images.make(kind, root, tmp_path / "image")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        found = {entry.path: entry for entry in files.walk() if not entry.path.startswith("lost+found")}
        assert files.facts.kind == kind
        assert 0 < files.facts.size <= image.stat().st_size
        for path in root.rglob("*"):
            entry, about = found.pop(str(path.relative_to(root))), path.lstat()
            assert entry.mode == stat.S_IMODE(about.st_mode)
            if path.is_symlink():
                assert (entry.kind, entry.target) == (FileKind.SYMLINK, str(path.readlink()))
            elif path.is_dir():
                assert (entry.kind, entry.size) == (FileKind.DIRECTORY, 0)
            else:
                assert (entry.kind, entry.size) == (FileKind.FILE, about.st_size)
                assert files.read(entry.path) == path.read_bytes()
        assert not found


@pytest.mark.parametrize("kind", UNIX)
def test_hard_links_have_one_number_and_symlinks_are_followed_inside(kind: str, tmp_path: Path) -> None:
    root = images.tree(tmp_path / "root")
    image = images.make(kind, root, tmp_path / "image")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        htop, top, absolute = (files.stat(path) for path in ("bin/htop", "/bin/top", "lib/absolute"))
        assert htop and top and htop.inode == top.inode != 0
        assert absolute == htop
        assert files.stat("lib/../bin/./top") == top
        assert files.stat("lib/absolute", follow=False) != htop
        assert files.read("lib/to-words") == (root / "lib/deep/er/words").read_bytes()
        assert files.stat("loop") is None
        assert files.stat("lib/to-words/beyond") is None
        assert files.stat("../../../etc/passwd") is None
        with pytest.raises(ImageError, match="there is no file 'loop'"):
            files.read("loop")


def test_a_btrfs_with_zstd_is_read_as_the_real_tools_read_it(tmp_path: Path) -> None:
    root = images.tree(tmp_path / "root")
    image = images.make("btrfs", root, tmp_path / "image", size=120 << 20)
    assert images.compress(image) >= 5
    images.run("btrfs", "check", image)
    restored = tmp_path / "restored"
    restored.mkdir()
    images.run("btrfs", "restore", image, restored)
    words = (root / "lib/deep/er/words").read_bytes()
    assert (restored / "lib/deep/er/words").read_bytes() == words
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        assert files.read("lib/deep/er/words") == words
        assert files.read("lib/hole") == (root / "lib/hole").read_bytes()
        assert files.read("bin/htop") == (root / "bin/htop").read_bytes()


def test_a_btrfs_says_how_much_of_it_is_used(tmp_path: Path) -> None:
    root = images.tree(tmp_path / "root")
    image = images.make("btrfs", root, tmp_path / "image")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        shown = images.run("btrfs", "inspect-internal", "dump-super", image)
        values = dict(line.split(None, 1) for line in shown.splitlines() if line.count("\t"))
        assert files.facts.used == int(values["bytes_used"])
        assert files.facts.size == int(values["total_bytes"])
        assert files.facts.uuid == values["fsid"].strip()


def test_an_ext4_says_how_much_of_it_is_used(tmp_path: Path) -> None:
    image = images.make("ext4", images.tree(tmp_path / "root"), tmp_path / "image")
    shown = images.run("dumpe2fs", "-h", image)
    values = {key: value.strip() for key, _, value in (line.partition(":") for line in shown.splitlines())}
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        used = (int(values["Block count"]) - int(values["Free blocks"])) * 4096
        assert (files.facts.used, files.facts.label) == (used, "ROOT")


def test_a_fat_is_read_with_its_long_names(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "EFI/boot").mkdir(parents=True)
    (root / "EFI/boot/a rather long name.efi").write_bytes(os.urandom(300_000))
    (root / "flatcar").mkdir()
    (root / "flatcar/vmlinuz-a").write_bytes(os.urandom(2_000_000))
    (root / "flatcar/first_boot").write_bytes(b"")
    image = images.make("vfat", root, tmp_path / "image")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        assert (files.facts.kind, files.facts.label) == ("vfat", "EFI-SYSTEM")
        found = {entry.path for entry in files.walk() if entry.kind is FileKind.FILE}
        assert found == {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        assert all(files.read(path) == (root / path).read_bytes() for path in found)


def test_a_fragmented_file_of_a_fat_is_put_together_in_order(tmp_path: Path) -> None:
    images.need("vfat")
    image = tmp_path / "image"
    image.write_bytes(bytes(1 << 20))
    images.run("mkfs.vfat", "-F", "12", "-s", "1", image)
    pieces = {name: os.urandom(6 * 512) for name in ("one", "two", "three")}
    for name, data in pieces.items():
        (tmp_path / name).write_bytes(data)
        images.run("mcopy", "-i", image, tmp_path / name, f"::{name}")
    images.run("mdel", "-i", image, "::one")
    images.run("mdel", "-i", image, "::three")
    big = os.urandom(40 * 512)
    (tmp_path / "big").write_bytes(big)
    images.run("mcopy", "-i", image, tmp_path / "big", "::big")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        assert files.read("big") == big
        assert files.read("two") == pieces["two"]


@pytest.mark.parametrize("suffix", ["bz2", "xz", "gz", "zst", "qcow2"])
def test_a_wrapped_image_is_read_like_the_plain_one(suffix: str, tmp_path: Path) -> None:
    plain = images.make("squashfs", images.tree(tmp_path / "root"), tmp_path / "image")
    wrapped = tmp_path / f"image.{suffix}"
    if suffix == "qcow2":
        images.need("qcow2")
        images.run("qemu-img", "convert", "-c", "-O", "qcow2", plain, wrapped)
    elif suffix == "zst":
        from backports import zstd

        wrapped.write_bytes(zstd.compress(plain.read_bytes()))
    else:
        packers: dict[str, Callable[[bytes], bytes]]
        packers = {
            "bz2": bz2.compress,
            "xz": lzma.compress,
            "gz": gzip.compress,
        }
        wrapped.write_bytes(packers[suffix](plain.read_bytes()))
    assert listed(wrapped) == listed(plain)


def test_a_qcow2_that_borrows_from_another_file_is_refused(tmp_path: Path) -> None:
    images.need("qcow2")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(1 << 20))
    images.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", secret, tmp_path / "thief.qcow2")
    with (
        pytest.raises(ImageError, match="keeps its contents in another file"),
        disk.opened(tmp_path / "thief.qcow2"),
    ):
        pass


def test_the_partitions_of_a_disk_are_those_that_sfdisk_shows(tmp_path: Path) -> None:
    root = images.tree(tmp_path / "root")
    usr = images.make("squashfs", root, tmp_path / "usr")
    image = images.disk(
        tmp_path / "disk",
        [
            (1, "EFI-SYSTEM", "ef00", None),
            (3, "USR-A", "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6", usr),
            (9, "ROOT", "3884dd41-8582-4404-b9a8-e9b84f2df50e", None),
        ],
    )
    with disk.opened(image) as stream:
        found = partitions.read(stream)
        shown = images.run("sfdisk", "-d", image)
        for each in found:
            assert f"start={each.offset // 512:12}, size={each.size // 512:12}" in shown
            assert each.uuid.upper() in shown
        assert [(each.number, each.label, each.type_name) for each in found] == [
            (1, "EFI-SYSTEM", "efi"),
            (3, "USR-A", "flatcar-rootfs"),
            (9, "ROOT", "flatcar-resize"),
        ]
        assert (found[1].uuid, found[1].priority) == (images.USR_A, 1)
        with open_filesystem(partitions.content(stream, found[1])) as files:
            assert files.read("lib/small") == b"small\n"


def cut(image: Path, size: int) -> Path:
    shutil.copyfile(image, image.with_name("cut"))
    os.truncate(image.with_name("cut"), size)
    return image.with_name("cut")


@pytest.mark.parametrize("kind", UNIX)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_file_system_that_is_cut_off_is_an_error(kind: str, part: float, tmp_path: Path) -> None:
    image = images.make(kind, images.tree(tmp_path / "root"), tmp_path / "image", size=32 << 20)
    short = cut(image, int(image.stat().st_size * part))
    with pytest.raises(ImageError), disk.opened(short) as stream, open_filesystem(stream) as files:
        for entry in files.walk():
            if entry.kind is FileKind.FILE:
                files.read(entry.path)


@pytest.mark.parametrize("kind", [*UNIX, "vfat"])
def test_noise_in_a_file_system_ends_in_an_error_or_in_files_but_never_elsewhere(
    kind: str, tmp_path: Path
) -> None:
    import random

    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for number in range(30):
        (root / f"etc/file{number}").write_bytes(b"text\n" * 500 * number)
    image = images.make(kind, root, tmp_path / "image", size=17 << 20 if kind != "btrfs" else 24 << 20)
    whole = image.read_bytes()
    used = [at for at in range(0, len(whole), 512) if any(whole[at : at + 512])]
    for seed in range(25):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(12):
            data[chance.choice(used) + chance.randrange(512)] = chance.randrange(256)
        image.write_bytes(data)
        try:
            with disk.opened(image) as stream, open_filesystem(stream) as files:
                for entry in files.walk():
                    if entry.kind is FileKind.FILE and entry.size < 1 << 20:
                        files.read(entry.path)
        except ImageError:
            continue


def test_a_file_that_declares_more_than_there_can_be_is_refused_before_it_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with (root / "huge").open("wb") as file:
        file.truncate(1 << 41)
    image = images.make("ext4", root, tmp_path / "image")
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        huge = files.stat("huge")
        assert huge and huge.size == 1 << 41
        with pytest.raises(ImageError, match=r"declares 2,199,023,255,552 bytes"):
            files.read("huge")
        with pytest.raises(ImageError, match=r"declares 2,199,023,255,552 bytes"):
            files.open("huge")


def test_what_is_no_file_system_is_said_with_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\x7fELF" + bytes(100_000))
    with (
        pytest.raises(ImageError, match="no file system that overlaytool reads") as caught,
        disk.opened(tmp_path / "image") as stream,
    ):
        open_filesystem(stream)
    assert "7f 45 4c 46" in caught.value.details[0]


@pytest.mark.parametrize(
    ("offset", "value", "says"),
    [(512 + 80, b"\xff\xff\xff\xff", "4,294,967,295 entries"), (1024 + 40, b"\x01", "list of entries")],
)
def test_a_damaged_partition_table_is_said_to_be_damaged(
    offset: int, value: bytes, says: str, tmp_path: Path
) -> None:
    image = images.disk(tmp_path / "disk", [(1, "EFI-SYSTEM", "ef00", None)], size=8 << 20)
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(value)
    with disk.opened(image) as stream, pytest.raises(ImageError, match="damaged") as caught:
        partitions.read(stream)
    assert says in caught.value.details[0]


def test_a_disk_that_is_shorter_than_its_partitions_is_said_to_be_cut_off(tmp_path: Path) -> None:
    image = images.disk(tmp_path / "disk", [(1, "EFI-SYSTEM", "ef00", None)], size=8 << 20)
    os.truncate(image, 3 << 20)
    with disk.opened(image) as stream, pytest.raises(ImageError, match="cut off: 3,145,728 bytes are here"):
        partitions.read(stream)
