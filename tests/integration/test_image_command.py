"""``overlaytool image show`` and ``image diff`` on what build_image leaves behind."""

from __future__ import annotations

import bz2
import json
import re
import shutil
from pathlib import Path
from typing import Any

import images
import pytest
from support import RunCli
from test_documents_by_schema import check

from overlaytool.image.look import look

HTOP = {
    "sys-process/htop-3.4.1": ("GPL-2", ["usr/bin/htop", "usr/share/man/man1/htop.1"]),
    "dev-libs/libnl-3.11.0": ("LGPL-2.1", ["usr/lib64/libnl-3.so.200"]),
    "app-misc/screen-5.0.1": ("GPL-3+", ["usr/bin/screen-5.0.1"]),
}
HTOP_FILES = {
    "bin/htop": b"H" * 200_000,
    "lib64/libnl-3.so.200": b"L" * 90_000,
    "bin/screen-5.0.1": b"s" * 70_000,
}


def shown(run_cli: RunCli, *args: str | Path, status: int = 0) -> dict[str, Any]:
    done = run_cli("image", *args, "--format", "json", check=False)
    assert done.returncode == status, (done.stdout[-2000:], done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["btrfs", "ext2"])
def test_a_build_directory_is_shown_and_agrees_with_its_reports(
    kind: str, tmp_path: Path, run_cli: RunCli
) -> None:
    build = images.build_directory(tmp_path, kind=kind, sysexts=True)
    found = shown(run_cli, "show", build)
    assert found["contradictions"] == [] and found["unread"] == []
    assert found["version"] == "4515.0.0" and found["release"]["ID"] == "flatcar"
    assert [(each["partition"]["label"], each["content"]) for each in found["partitions"]] == [
        ("EFI-SYSTEM", "files"),
        ("BIOS-BOOT", "empty"),
        ("USR-A", "files"),
        ("USR-B", "empty"),
        ("OEM", "empty"),
        ("ROOT", "files"),
    ]
    usr, docker = found["verity"]
    hash_ = (build / "flatcar_production_image_verity.txt").read_text().strip()
    assert usr["computed"] == hash_
    assert usr["stated"] == [
        ["vmlinuz-a", hash_],
        ["flatcar_production_image_verity.txt", hash_],
        ["flatcar_production_image.vmlinuz", hash_],
    ]
    assert docker["subject"] == "docker"
    assert [where for where, _ in docker["stated"]] == ["the partitions' ids", "the signature"]
    assert found["kernel_version"] == "6.12.40-flatcar"
    assert found["kernel_config"] == {"CONFIG_BTRFS_FS": "y", "CONFIG_HTOP": "n"}
    assert [each["name"] for each in found["budgets"]] == ["kernel", "/usr"]
    assert found["budgets"][1]["limit"] == 1_065_345_024 and found["budgets"][0]["used"] == 1 << 20
    parts = {each["name"]: each for each in found["components"]}
    assert set(parts) == {"base", "initrd", "docker"}
    assert {each["path"] for each in parts["initrd"]["files"]} == {"init", "etc", "etc/initrd-release"}
    assert "usr/bin/docker" in {each["path"] for each in parts["docker"]["files"]}
    packages = {each["name"]: each for each in parts["base"]["packages"]}
    assert packages["sys-libs/ncurses"]["files"] == [
        "usr/lib64/libncurses.so.6",
        "usr/lib64/libncurses.so.6.5",
    ]
    assert packages["sys-libs/ncurses"]["size"] == 80_000
    assert packages["sys-apps/systemd"]["files"] == [
        "usr/bin/systemctl",
        "usr/lib64/os-release",
        "usr/lib64/systemd/systemd",
    ]


def test_the_image_alone_tells_what_it_can(tmp_path: Path, run_cli: RunCli) -> None:
    build = images.build_directory(tmp_path)
    alone = tmp_path / "release.bin.bz2"
    alone.write_bytes(bz2.compress((build / "flatcar_production_image.bin").read_bytes()))
    found = shown(run_cli, "show", alone)
    base = found["components"][0]
    assert [each["name"] for each in base["packages"]] == ["sys-apps/systemd", "sys-libs/ncurses"]
    assert found["kernel_config"]["CONFIG_BTRFS_FS"] == "y"
    assert [where for where, _ in found["verity"][0]["stated"]] == ["vmlinuz-a"]
    text = run_cli("image", "show", alone).stdout
    assert "Flatcar Container Linux 4515.0.0" in text
    assert re.search(r"verity of USR-A: holds, root hash [0-9a-f]{16}… over 48.0 MiB, as in vmlinuz-a", text)
    assert re.search(r"/usr: .* of 1016.0 MiB \(\d+ %\), .* left", text)
    assert "sys-apps/systemd-257.9  GPL-2" in text


def test_a_qcow2_is_shown_like_the_raw_disk(tmp_path: Path) -> None:
    images.need("qcow2")
    build = images.build_directory(tmp_path)
    raw = build / "flatcar_production_image.bin"
    wrapped = tmp_path / "disk.img"
    images.run("qemu-img", "convert", "-c", "-O", "qcow2", raw, wrapped)
    one, other = look(raw), look(wrapped)
    assert [each.files for each in one.components] == [each.files for each in other.components]
    assert one.verity == other.verity


def test_what_a_report_says_and_the_image_does_not_is_found(tmp_path: Path, run_cli: RunCli) -> None:
    build = images.build_directory(tmp_path)
    stem = build / "flatcar_production_image"
    Path(f"{stem}_verity.txt").write_text("ab" * 32 + "\n")
    details = Path(f"{stem}_contents_wtd.txt")
    details.write_text(
        details.read_text().replace("./usr/bin/systemctl", "./usr/bin/other").replace(" 80000 ", " 80001 ")
    )
    Path(f"{stem}_kernel_config.txt").write_text(images.CONFIG + "CONFIG_MORE=y\n")
    Path(f"{stem}_disk_usage.txt").write_text(
        "File Size Used Avail Use% Type\n/usr 983M 721M 212M 78% btrfs\n"
    )
    found = shown(run_cli, "show", build, status=1)["contradictions"]
    text = "\n".join(found)
    for words in (
        f"USR-A: flatcar_production_image_verity.txt has root hash {'ab' * 32}",
        "lists what base does not have: 1 paths, such as usr/bin/other",
        "does not list what base has: 1 paths, such as usr/bin/systemctl",
        "has another kind or size than base: 1 paths, such as usr/lib64/libncurses.so.6.5",
        "two kernel configurations of this image differ in 1 lines",
        "has 721M in use in /usr",
    ):
        assert words in text
    assert len(found) == 6


def test_a_damaged_block_of_usr_is_named(tmp_path: Path, run_cli: RunCli) -> None:
    build = images.build_directory(tmp_path)
    image = build / "flatcar_production_image.bin"
    data = image.read_bytes()
    at = data.index(b"S" * 4096) + 5000
    usr = next(each for each in look(image).partitions if each.partition.label == "USR-A").partition.offset
    with image.open("r+b") as file:
        file.seek(at)
        file.write(b"T")
    found = shown(run_cli, "show", image, status=1)
    assert found["verity"][0]["damaged_block"] == (at - usr) // 4096
    assert f"USR-A: data block {(at - usr) // 4096} is not what verity has hashed" in found["contradictions"]


def test_a_part_that_cannot_be_read_is_an_error_after_the_rest_is_shown(
    tmp_path: Path, run_cli: RunCli
) -> None:
    build = images.build_directory(tmp_path)
    usr = next(each for each in look(build).partitions if each.partition.label == "USR-A").partition.offset
    with (build / "flatcar_production_image.bin").open("r+b") as file:
        file.seek(usr)
        file.write(bytes(1 << 20))
    done = run_cli("image", "show", build, check=False)
    assert done.returncode == 30
    assert "EFI-SYSTEM" in done.stdout and "kernel 6.12.40-flatcar" in done.stdout
    assert "partition 3 (USR-A): there is no file system that overlaytool reads" in done.stderr
    done = run_cli("image", "diff", build, build, check=False)
    assert done.returncode == 30 and "USR-A" in done.stderr


def test_two_builds_are_compared_by_package_file_and_part(tmp_path: Path, run_cli: RunCli) -> None:
    old = images.build_directory(tmp_path / "old", sysexts=True)
    newer = {
        **HTOP,
        "sys-libs/ncurses-6.6": ("MIT", ["usr/lib64/libncurses.so.6.6"]),
    }
    new = images.build_directory(
        tmp_path / "new",
        version="4520.0.0",
        packages=newer,
        files={**HTOP_FILES, "lib64/libncurses.so.6.6": b"N" * 81_000},
        config=images.CONFIG.replace("# CONFIG_HTOP is not set", "CONFIG_HTOP=m"),
    )
    owned = {**{cpv: it for cpv, it in images.PACKAGES.items() if "ncurses" not in cpv}, **newer}
    needs = {"sys-process/htop-3.4.1": ">=sys-libs/ncurses-6:0= dev-libs/libnl:3 !app-misc/screen"}
    images.database(tmp_path / "db", owned, needs, new / "flatcar_production_image_sysext.squashfs")
    found = shown(run_cli, "diff", old, new)
    assert (found["version_before"], found["version_after"]) == ("4515.0.0", "4520.0.0")
    assert found["options"] == [{"name": "CONFIG_HTOP", "before": "n", "after": "m"}]
    assert found["licenses_added"] == ["GPL-3+", "LGPL-2.1"]
    costs = {each["name"]: each for each in found["costs"]}
    assert set(costs) == {"sys-process/htop", "app-misc/screen"}
    assert costs["sys-process/htop"]["packages"] == ["dev-libs/libnl-3.11.0", "sys-process/htop-3.4.1"]
    assert (costs["sys-process/htop"]["size"], costs["app-misc/screen"]["size"]) == (290_000, 70_000)
    parts = {each["name"]: each for each in found["components"]}
    assert parts["docker"]["present_after"] is False and parts["docker"]["size_before"] > 400_000
    files = {each["after"] or each["before"]: each for each in parts["base"]["files"]}
    assert files["usr/bin/htop"]["package"] == "sys-process/htop"
    assert files["usr/bin/htop"]["size_after"] == 200_000
    assert "usr/bin/systemctl" not in files and "usr/bin/halt" not in files
    text = run_cli("image", "diff", old, new).stdout
    assert "4515.0.0 → 4520.0.0" in text
    assert "sys-process/htop-3.4.1" in text or "with dev-libs/libnl-3.11.0" in text
    assert "CONFIG_HTOP  n → m" in text


def test_paths_that_differ_in_their_version_only_are_one_change(tmp_path: Path, run_cli: RunCli) -> None:
    roots = []
    for version, size in (("6.12.40", 5000), ("6.12.41", 5600)):
        root = tmp_path / version
        modules = root / f"usr/lib/modules/{version}-flatcar"
        modules.mkdir(parents=True)
        (modules / "zram.ko").write_bytes(b"z" * size)
        (modules / "same.ko").write_bytes(b"s" * 100)
        roots.append(images.make("squashfs", root, tmp_path / f"ext-{version}.raw"))
    [part] = shown(run_cli, "diff", *roots)["components"]
    assert part["files"] == [
        {
            "before": "usr/lib/modules/6.12.40-flatcar/zram.ko",
            "after": "usr/lib/modules/6.12.41-flatcar/zram.ko",
            "size_before": 5000,
            "size_after": 5600,
            "package": "",
        }
    ]


@pytest.mark.parametrize("kind", ["btrfs", "ext2", "ext4", "squashfs", "erofs"])
def test_files_of_one_size_with_other_bytes_differ(kind: str, tmp_path: Path, run_cli: RunCli) -> None:
    root = images.tree(tmp_path / "root")
    old = images.make(kind, root, tmp_path / "old.raw")
    for name in ("bin/su", "bin/htop", "lib/deep/er/words"):
        data = bytearray((root / name).read_bytes())
        data[-1] ^= 1
        (root / name).write_bytes(data)
    new = images.make(kind, root, tmp_path / "new.raw")
    [part] = shown(run_cli, "diff", old, new)["components"]
    assert {each["after"] for each in part["files"]} == {"bin/su", "bin/htop", "bin/top", "lib/deep/er/words"}
    assert part["size_before"] == part["size_after"]
    text = run_cli("image", "diff", old, new).stdout
    assert "±0, 4 files differ, 4 of them with as many bytes as before" in text
    assert shown(run_cli, "diff", old, new, "--quick")["components"][0]["files"] == []


def test_names_with_control_characters_are_text(tmp_path: Path, run_cli: RunCli) -> None:
    image = images.make("squashfs", images.tree(tmp_path / "root"), tmp_path / "evil.raw")
    (tmp_path / "empty").mkdir()
    empty = images.make("squashfs", tmp_path / "empty", tmp_path / "empty.raw")
    done = run_cli("image", "diff", empty, image, "--top", "1000")
    assert "/lib/red \\x1b[31m\\nname" in done.stdout and "/lib/\\xff\\xfe" in done.stdout
    assert "\x1b" not in done.stdout
    found = shown(run_cli, "show", image)
    assert "lib/\udcff\udcfe" in {each["path"] for each in found["components"][0]["files"]}


def test_the_documents_hold_against_their_schemas(tmp_path: Path, run_cli: RunCli) -> None:
    build = images.build_directory(tmp_path, sysexts=True)
    found = shown(run_cli, "diff", build, build)
    check("image-diff", json.dumps(found))
    assert found["growth"] == 0 and all(part["files"] == [] for part in found["components"])
    check("image-show", json.dumps(shown(run_cli, "show", build)))


def test_reports_without_their_image_are_compared_too(tmp_path: Path, run_cli: RunCli) -> None:
    old = images.build_directory(tmp_path / "old")
    new = images.build_directory(tmp_path / "new", packages=HTOP, files=HTOP_FILES)
    for build in (old, new):
        (build / "flatcar_production_image.bin").unlink()
    found = shown(run_cli, "diff", old, new)
    base = next(each for each in found["components"] if each["name"] == "base")
    assert {each["name"]: each["size_after"] - each["size_before"] for each in base["packages"]}[
        "sys-process/htop"
    ] == 200_000


def test_a_sysext_that_is_a_ddi_is_checked_against_its_ids(tmp_path: Path, run_cli: RunCli) -> None:
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").write_bytes(b"T" * 100_000)
    (root / "usr/lib/extension-release.d").mkdir(parents=True)
    (root / "usr/lib/extension-release.d/extension-release.tool").write_text(
        "ID=flatcar\nVERSION_ID=4515.0.0\n"
    )
    raw = tmp_path / "tool.raw"
    root_hash = images.ddi(tmp_path, root, raw)
    found = shown(run_cli, "show", raw)
    assert found["version"] == "4515.0.0"
    assert found["verity"][0]["computed"] == root_hash
    other = tmp_path / "other/tool.raw"
    other.parent.mkdir()
    shutil.copyfile(raw, other)
    images.run("sgdisk", "-u", "1:00000000-0000-0000-0000-000000000001", other)
    found = shown(run_cli, "show", other, status=1)
    assert "tool: the partitions' ids has root hash 00000000" in found["contradictions"][0]


def test_what_is_no_image_is_refused_with_what_to_do(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "text").write_text("hello\n" * 100)
    (tmp_path / "directory").mkdir()
    for name, words in (
        ("text", "there is no file system that overlaytool reads"),
        ("directory", "is no directory of build_image"),
        ("nothing", "there is no"),
    ):
        done = run_cli("image", "show", tmp_path / name, check=False)
        assert done.returncode == 30 and words in done.stderr, done.stderr
        assert done.stdout == ""
