"""Images that were made to harm: circles, floods, and structures that point at themselves."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import images
import pytest
from support import RunCli

from overlaytool.errors import ImageError
from overlaytool.image import disk
from overlaytool.image.cpio import CpioReader
from overlaytool.image.filesystem import FileSystem, open_filesystem
from overlaytool.image.look import look


def walk(image: Path) -> list[str]:
    with disk.opened(image) as stream, open_filesystem(stream) as files:
        return [entry.path for entry in files.walk()]


def test_a_chain_of_clusters_that_goes_round_is_an_error(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(b"x" * 100_000)
    images.need("vfat")
    image = tmp_path / "image"
    image.write_bytes(bytes(32 << 20))
    images.run("mkfs.vfat", "-F", "16", "-s", "4", image)
    images.run("mcopy", "-i", image, root / "file", "::")
    data = bytearray(image.read_bytes())
    reserved = struct.unpack_from("<H", data, 14)[0]
    chain = reserved * 512
    first = next(n for n in range(2, 100) if struct.unpack_from("<H", data, chain + 2 * n)[0])
    struct.pack_into("<H", data, chain + 2 * (first + 3), first)
    image.write_bytes(data)
    with (
        disk.opened(image) as stream,
        open_filesystem(stream) as files,
        pytest.raises(ImageError, match="goes round in a circle"),
    ):
        files.read("file")


def test_a_btrfs_node_that_points_at_itself_is_an_error(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(600):
        (root / f"a file with a rather long name, number {number}").write_bytes(b"text")
    image = images.make("btrfs", root, tmp_path / "image", size=120 << 20)
    data = bytearray(image.read_bytes())
    changed = 0
    for at in range(0, len(data) - 16384, 4096):
        if data[at + 32 : at + 48] == data[0x10020:0x10030] and data[at + 100] == 1 and at != 0x10000:
            address = struct.unpack_from("<Q", data, at + 48)[0]
            owner, count = struct.unpack_from("<QI", data, at + 88)
            if owner == 5:
                for index in range(count):
                    struct.pack_into("<Q", data, at + 101 + 33 * index + 17, address)
                changed += 1
    assert changed
    image.write_bytes(data)
    with pytest.raises(ImageError, match="a node of level 1 below level 1"):
        walk(image)


def test_an_ext_directory_that_is_in_itself_is_an_error(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "outer/inner").mkdir(parents=True)
    image = images.make("ext2", root, tmp_path / "image", size=8 << 20)
    data = bytearray(image.read_bytes())
    inner, outer = data.index(b"inner"), data.index(b"outer")
    data[inner - 8 : inner - 4] = data[outer - 8 : outer - 4]
    image.write_bytes(data)
    with pytest.raises(ImageError, match="a directory in itself: 'outer/inner'"):
        walk(image)


def test_an_archive_that_declares_more_than_it_has_is_an_error() -> None:
    whole = images.cpio({"init": b"#!/bin/sh\n"})
    with pytest.raises(ImageError, match="archive is cut off"):
        list(FileSystem(CpioReader(whole.replace(b"0000000a", b"7fffffff"))).walk())


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0x24C, b"\xff\xff\xff\x7f"), (0x248, b"\xff\xff\xff\x7f"), (0x20E, b"\xff\xff")],
)
def test_a_kernel_whose_header_lies_is_an_error_or_says_nothing(
    offset: int, value: bytes, tmp_path: Path
) -> None:
    data = bytearray(images.vmlinuz("6.12.40-flatcar"))
    data[offset : offset + len(value)] = value
    (tmp_path / "vmlinuz").write_bytes(data)
    if offset == 0x20E:
        assert look(tmp_path / "vmlinuz").kernel_version == ""
        return
    with pytest.raises(ImageError, match="the kernel is cut off"):
        look(tmp_path / "vmlinuz")


def test_a_name_from_the_image_does_not_leave_it(tmp_path: Path) -> None:
    archive = images.cpio({"../../etc/passwd": b"root", "usr/../../x": b"y"})
    files = FileSystem(CpioReader(archive))
    assert [entry.path for entry in files.walk()] == ["../../etc/passwd", "usr/../../x"]
    assert files.stat("/etc/passwd") is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty", "is empty"),
        ("pipe", "is no file: it is a fifo"),
        ("first-sector", "a disk with a GUID partition table begins here, and the table is not there"),
        ("copy-alone", "the partition table at the beginning is gone; its copy at the end is there"),
        ("text", "there is no file system that overlaytool reads"),
        ("half", "the image is cut off"),
    ],
)
def test_a_broken_image_is_named_with_what_is_wrong(
    name: str, words: str, tmp_path: Path, run_cli: RunCli
) -> None:
    path = tmp_path / f"{name}.bin"
    whole = images.disk(tmp_path / "whole", [(1, "ROOT", "8300", None)], size=8 << 20).read_bytes()
    if name == "pipe":
        os.mkfifo(path)
    else:
        remains = {
            "empty": b"",
            "first-sector": whole[:512],
            "copy-alone": whole[:512] + bytes(33 * 512) + whole[34 * 512 :],
            "text": b"hello\n" * 1000,
            "half": whole[: 3 << 20],
        }
        path.write_bytes(remains[name])
    for command in (("image", "show"), ("sysext", "show")):
        done = run_cli(*command, path, check=False, timeout=60)
        assert done.returncode == 30
        assert f"{path}" in done.stderr.splitlines()[0]
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_pipe_in_the_place_of_a_start_script_is_refused(tmp_path: Path, run_cli: RunCli) -> None:
    os.mkfifo(tmp_path / "flatcar_production_qemu.sh")
    done = run_cli("vm", "run", "--from", tmp_path / "flatcar_production_qemu.sh", check=False, timeout=60)
    assert done.returncode == 32
    assert "is no file" in done.stderr
