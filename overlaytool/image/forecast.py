"""Before the build: what binary packages would take of the budgets, and what the build would refuse.

The refusals are those of build_image_util.sh (dynamic ids), prod_image_util.sh (PAM) and check_root (/usr
conflicts) in build_library. Advisories are the subject of `overlaytool advisories`.
"""

from __future__ import annotations

import fnmatch
import io
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from overlaytool.image import binary_package, disk, disk_image, kernel
from overlaytool.model.forecast import Forecast, PackageForecast, Refusal, RefusalKind

BLOCK = 4096
EXTENT = 128 << 10
"""Bytes that btrfs compresses at a time."""
LEVEL = 3
"""btrfs's own default for zstd."""
GONE = ("usr/include/*", "usr/share/i18n/*", "usr/boot/vmlinuz*", "var/*", "etc/env.d/*")
"""What build_image takes away, or puts elsewhere than into /usr."""
SYSUSERS = "usr/lib/sysusers.d/*.conf"
DYNAMIC = re.compile(r"-|.*:-|-:.*|/.*")
"""The third column as build_image_util.sh refuses it."""
PAM = ("etc/pam.d/*", "etc/security/*")
LINKS = ("bin", "sbin", "lib", "lib32", "lib64")
KERNEL = "usr/boot/vmlinuz"
MOST_TEXT = 1 << 20


def forecast(
    packages: Mapping[str, Path],
    unknown: Iterable[str],
    *,
    used: int | None,
    install_mask: Iterable[str] = (),
) -> Forecast:
    """What binary packages would bring into the image.

    :param packages: the files by CPV.
    :param unknown: CPVs without one.
    :param used: bytes in use in /usr today.
    :param install_mask: INSTALL_MASK of the production profile: patterns, or directories with all in them.
    :raises ImageError: when one of them cannot be read.
    """
    masks = tuple(install_mask)
    found: list[PackageForecast] = []
    refusals: list[Refusal] = []
    for cpv, path in sorted(packages.items()):
        about, refused = _package(cpv, path, masks)
        found.append(about)
        refusals += refused
    return Forecast(
        packages=tuple(sorted(found, key=lambda each: (-each.compressed, each.cpv))),
        unknown=tuple(sorted(unknown)),
        used=used,
        limit=disk_image.USR_DATA,
        kernel_limit=kernel.BUDGET,
        refusals=tuple(refusals),
    )


def _package(cpv: str, path: Path, masks: tuple[str, ...]) -> tuple[PackageForecast, list[Refusal]]:
    files = size = compressed = vmlinuz = 0
    refusals: list[Refusal] = []
    paths: set[str] = set()
    with binary_package.members(path) as members:
        for name, member, content in members:
            if member.isdir() or _masked(name, masks):
                continue
            paths.add(name)
            refusals += _pam(cpv, name)
            if content is not None and fnmatch.fnmatchcase(name, SYSUSERS):
                text = content.read(MOST_TEXT)
                refusals += _dynamic(cpv, name, text.decode(errors="replace"))
                content = io.BytesIO(text)
            if name == KERNEL or name.startswith(f"{KERNEL}-"):
                vmlinuz = max(vmlinuz, member.size)
            if not any(fnmatch.fnmatchcase(name, each) for each in GONE):
                files += 1
                size += member.size if content is not None else 0
                compressed += _compressed(member, content)
    refusals += _conflicts(cpv, paths)
    about = PackageForecast(cpv=cpv, files=files, size=size, compressed=compressed, kernel=vmlinuz)
    return about, refusals


def _masked(name: str, masks: tuple[str, ...]) -> bool:
    """Whether INSTALL_MASK keeps a path out (make.conf(5)): the last pattern that matches counts, ``-``
    takes back."""
    masked = False
    for mask in masks:
        pattern = mask.removeprefix("-").lstrip("/")
        if pattern and (
            fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"{pattern.rstrip('/')}/*")
        ):
            masked = not mask.startswith("-")
    return masked


def _compressed(member: tarfile.TarInfo, content: BinaryIO | None) -> int:
    """Bytes in blocks that a file takes: each extent compressed where that is shorter."""
    if content is None or member.size == 0:
        return 0
    module = disk.library("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    taken = 0
    while data := content.read(EXTENT):
        packed = min(len(module.compress(data, LEVEL)), len(data))
        taken += -(-packed // BLOCK) * BLOCK
    return taken


def _pam(cpv: str, name: str) -> Iterator[Refusal]:
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in PAM) and not name.rpartition("/")[2].startswith(
        ".keep"
    ):
        yield Refusal(
            kind=RefusalKind.PAM_FILE,
            cpv=cpv,
            path=name,
            hint="call vendorize_pam_files in a post_src_install hook of coreos/config/env for the package",
        )


def _dynamic(cpv: str, name: str, text: str) -> Iterator[Refusal]:
    for line in text.splitlines():
        columns = line.split()
        if line[:1] in ("u", "g") and len(columns) > 2 and DYNAMIC.fullmatch(columns[2]):
            yield Refusal(
                kind=RefusalKind.DYNAMIC_ID,
                cpv=cpv,
                path=name,
                line=line,
                hint="give it a number: ACCT_USER_ID or ACCT_GROUP_ID of its acct-* package, or in the line",
            )


def _conflicts(cpv: str, paths: set[str]) -> Iterator[Refusal]:
    for path in sorted(paths):
        if path.partition("/")[0] in LINKS and f"usr/{path}" in paths:
            yield Refusal(
                kind=RefusalKind.USR_CONFLICT,
                cpv=cpv,
                path=path,
                hint=f"/{path} and /usr/{path} are one place in the image: install it once",
            )
