"""``image forecast``: what binary packages would take of /usr, and what the build would refuse."""

from __future__ import annotations

import io
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import images
import pytest
from backports import zstd
from pkgcore.binpkg.xpak import Xpak
from support import RunCli
from test_documents_by_schema import check

from overlaytool.errors import ImageError
from overlaytool.flatcar.install_mask import install_mask
from overlaytool.image.forecast import forecast
from overlaytool.model.forecast import RefusalKind


def tar(files: dict[str, bytes], prefix: str) -> bytes:
    """An archive of files; a name that ends in a slash is a directory."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{prefix}{name}")
            entry.size = len(data)
            if name.endswith("/"):
                entry.type = tarfile.DIRTYPE
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def xpak(path: Path, files: dict[str, bytes]) -> Path:
    """A `.tbz2` whose archive is compressed with zstd, as Portage writes them today."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zstd.compress(tar(files, "./")))
    Xpak.write_xpak(str(path), {"SIZE": "1\n", "repository": "portage-stable\n"})
    return path


def gpkg(path: Path, files: dict[str, bytes]) -> Path:
    """A `.gpkg.tar` (GLEP 78)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.removesuffix(".gpkg.tar")
    inner = zstd.compress(tar(files, "image/"))
    path.write_bytes(
        tar({f"{name}/gpkg-1": b"", f"{name}/image.tar.zst.sig": b"x", f"{name}/image.tar.zst": inner}, "")
    )
    return path


RANDOM = random.Random(1).randbytes(300_000)


@pytest.mark.parametrize(("make", "name"), [(xpak, "htop-1.tbz2"), (gpkg, "htop-1-1.gpkg.tar")])
def test_a_package_takes_what_it_takes_in_a_btrfs_with_zstd(make: Any, name: str, tmp_path: Path) -> None:
    files = {
        "usr/bin/": b"",
        "usr/bin/htop": RANDOM,
        "usr/share/words": b"word " * 200_000,
        "usr/include/htop.h": b"x" * 50_000,
        "usr/lib64/libhtop.a": b"x" * 50_000,
        "usr/lib64/modules/6/include/kept": b"k" * 10,
        "usr/lib64/other/include/gone": b"k" * 10,
    }
    package = make(tmp_path / "sys-process" / name, files)
    masks = ("*.a", "/usr/include", "/usr/lib*/*/include", "-/usr/lib*/modules/*/include")
    found = forecast(
        {"sys-process/htop-1": package}, ["dev-libs/b-2"], used=1_065_000_000, install_mask=masks
    )
    [about] = found.packages
    assert (about.files, about.size) == (3, 300_000 + 1_000_000 + 10)
    blocks = 3 * 32 + 10  # what does not compress is kept as it is: 300,000 bytes in extents of 128 KiB
    assert 300_000 <= about.compressed <= (blocks + 8 + 1) * 4096
    assert found.unknown == ("dev-libs/b-2",)
    assert found.left == 1_065_345_024 - 1_065_000_000 - about.compressed


def test_what_the_build_would_refuse_is_told_with_its_line(tmp_path: Path) -> None:
    sysusers = (
        'u fixed 90 "a"\nu open - "b"\ng group -:90\nu two 90:- "c"\nu file /usr/bin/x\nm a b\n'
        "# u comment -\nr - 500-900\nu! locked - x\n"
    )
    package = xpak(
        tmp_path / "a-1.tbz2",
        {
            "usr/lib/sysusers.d/a.conf": sysusers.encode(),
            "etc/pam.d/login": b"auth\n",
            "etc/pam.d/.keep_sys-libs_pam-0": b"",
            "etc/security/": b"",
            "etc/security/limits.conf": b"#\n",
            "bin/tool": b"1",
            "usr/bin/tool": b"1",
            "usr/bin/other": b"1",
            "lib64/only": b"1",
        },
    )
    found = forecast({"app-misc/a-1": package}, [], used=None).refusals
    assert {(each.kind, each.path, each.line) for each in found} == {
        (RefusalKind.DYNAMIC_ID, "usr/lib/sysusers.d/a.conf", 'u open - "b"'),
        (RefusalKind.DYNAMIC_ID, "usr/lib/sysusers.d/a.conf", "g group -:90"),
        (RefusalKind.DYNAMIC_ID, "usr/lib/sysusers.d/a.conf", 'u two 90:- "c"'),
        (RefusalKind.DYNAMIC_ID, "usr/lib/sysusers.d/a.conf", "u file /usr/bin/x"),
        (RefusalKind.DYNAMIC_ID, "usr/lib/sysusers.d/a.conf", "u! locked - x"),
        (RefusalKind.PAM_FILE, "etc/pam.d/login", ""),
        (RefusalKind.PAM_FILE, "etc/security/limits.conf", ""),
        (RefusalKind.USR_CONFLICT, "bin/tool", ""),
    }


def test_a_kernel_is_held_against_its_own_budget(tmp_path: Path) -> None:
    package = xpak(
        tmp_path / "k-1.tbz2", {"usr/boot/vmlinuz-6.12": b"k" * 5000, "usr/boot/config": b"c" * 10}
    )
    found = forecast({"sys-kernel/coreos-kernel-1": package}, [], used=0)
    assert (found.packages[0].kernel, found.packages[0].size) == (5000, 10)
    assert found.kernel_limit == 60 << 20


@pytest.mark.parametrize("content", [b"", b"no package", b"BZh91AY&SY" + bytes(200) + b"\0\0\0\x10STOP"])
def test_what_is_no_binary_package_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a-1.tbz2").write_bytes(content)
    with pytest.raises(ImageError):
        forecast({"app-misc/a-1": tmp_path / "a-1.tbz2"}, [], used=None)


def test_the_plan_is_held_against_the_last_image(
    tmp_path: Path, run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    build = images.build_directory(tmp_path / "build")
    htop = xpak(tmp_path / "pkgs/sys-process/htop-3.4.1-r2.tbz2", {"usr/bin/htop": RANDOM})
    index = tmp_path / "pkgs/Packages"
    words: tuple[str | Path, ...]
    words = (
        "image",
        "forecast",
        "sys-process/htop",
        "--gentoo",
        gentoo_tree,
        "--packages",
        index,
    )
    words = ("-C", checkout_tree, *words, "--board", "amd64-usr", "--image", build)
    index.write_text(f"ARCH: amd64\n\nCPV: sys-process/htop-3.4.1-r2\nSIZE: {htop.stat().st_size}\n\n")
    done = run_cli(*words, "--format", "json")
    check("image-forecast", done.stdout)
    found = json.loads(done.stdout)
    assert [each["cpv"] for each in found["packages"]] == ["sys-process/htop-3.4.1-r2"]
    assert found["used"] > 0 and found["left"] == found["limit"] - found["used"] - found["compressed"]
    text = run_cli(*words).stdout
    assert "sys-process/htop-3.4.1-r2" in text and "of 1016.0 MiB" in text
    xpak(htop, {"usr/bin/htop": RANDOM, "etc/pam.d/htop": b"auth\n"})
    refused = run_cli(*words, check=False)
    assert refused.returncode == 1
    assert "refused: a PAM file outside /usr, of sys-process/htop-3.4.1-r2" in refused.stdout


def test_the_install_mask_is_that_of_the_checkout(checkout_tree: Path) -> None:
    masks = install_mask(checkout_tree)
    assert masks[0] == "/usr/lib*/*.la"
    assert "/usr/include" in masks and not any("$" in mask for mask in masks)
