"""Configuration roots in a temporary directory, made as setup_board, update_chroot and build_image do it.

The host's own Portage is never looked at: the roots have empty package databases of their own, and
everything that Portage would take from ``/`` is taken from the root of the build host in here.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from overlaytool.errors import CheckoutError
from overlaytool.flatcar.checkout import SDK_ARCH, Checkout
from overlaytool.model.resolution import Board

LOCAL_CONFIGURATION = "coreos/config/portage"
"""Where a tree keeps files for /etc/portage, relative to the tree."""
USER_PATCHES = "coreos/user-patches"
TOOLCHAIN = "build_library/toolchain_util.sh"
CHOST = re.compile(r'^BOARD_CHOSTS\["(?P<board>[^"]+)"\]="(?P<chost>[^"]+)"', re.MULTILINE)
FALLBACK_CHOSTS = {"amd64": "x86_64-cros-linux-gnu", "arm64": "aarch64-cros-linux-gnu"}


class ConfigurationRoot(Struct, frozen=True, kw_only=True):
    """A root that packages would be merged into, with its own Portage configuration."""

    path: Path
    repositories: str
    """The text of repos.conf."""


def host(directory: Path, checkout: Checkout) -> ConfigurationRoot:
    """The build host's root under the SDK's profile.

    :raises CheckoutError: when the checkout has no such profile.
    """
    return _make(directory / "host", checkout, checkout.host_profile(), f'CHOST="{_cbuild()}"')


def board(directory: Path, checkout: Checkout, board: Board) -> ConfigurationRoot:
    """A board root, ``/build/<board>`` in the SDK.

    :raises CheckoutError: when the checkout has no such profile.
    """
    return _make(
        directory / "board", checkout, checkout.board_profile(board), _board_settings(checkout, board)
    )


def production(directory: Path, checkout: Checkout, board: Board) -> ConfigurationRoot:
    """The root of a production image, with the masks that build_image puts on.

    Its configuration is the board's but for the profile and the user patches, which build_image leaves out.

    :raises CheckoutError: when the checkout has no such profile.
    """
    profile = checkout.production_profile(board)
    root = _make(directory / "production", checkout, profile, _board_settings(checkout, board))
    (root.path / "etc/portage/patches").unlink()
    return root


def repository_names(checkout: Checkout) -> tuple[str, ...]:
    """What Portage calls the trees of ``checkout.repositories``.

    ``repo-name`` of ``metadata/layout.conf`` goes before ``profiles/repo_name`` (portage(5)); at 3665
    they differ, and the profiles refer to the former.
    """
    return tuple(_name(tree) for tree in checkout.repositories)


def _name(tree: Path) -> str:
    for file, pattern in (
        ("metadata/layout.conf", r"(?m)^\s*repo-name\s*=\s*(\S+)"),
        ("profiles/repo_name", r"\A\s*(\S+)"),
    ):
        try:
            match = re.search(pattern, (tree / file).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if match:
            return match[1]
    return tree.name


def _cbuild() -> str:
    """The build host's CHOST: SDK images are Gentoo stages."""
    return {"amd64": "x86_64-pc-linux-gnu"}[SDK_ARCH]


def _board_settings(checkout: Checkout, board: Board) -> str:
    try:
        text = (checkout.path / TOOLCHAIN).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    chosts = {match["board"]: match["chost"] for match in CHOST.finditer(text)}
    chost = chosts.get(board.name) or FALLBACK_CHOSTS.get(board.arch, f"{board.arch}-cros-linux-gnu")
    return f'CBUILD="{_cbuild()}"\nHOSTCC="{_cbuild()}-gcc"\nCHOST="{chost}"'


def _make(path: Path, checkout: Checkout, profile: Path, settings: str) -> ConfigurationRoot:
    if not profile.is_dir():
        raise CheckoutError(
            f"the checkout has no profile {profile.relative_to(checkout.path)}",
            hint="is the clone complete? git checkout -- sdk_container restores the files",
        )
    portage = path / "etc/portage"
    for part in (
        "etc/portage/repos.conf",
        "etc/portage/profile",
        "var/db/pkg",
        "var/tmp",
        "var/lib/portage/pkgs",
    ):
        (path / part).mkdir(parents=True)
    (portage / "make.profile").symlink_to(profile)
    (portage / "make.conf").write_text(_make_conf(path, settings), encoding="utf-8")
    (portage / "patches").symlink_to(checkout.overlay / USER_PATCHES)
    repositories = _repositories(checkout)
    (portage / "repos.conf/coreos.conf").write_text(repositories, encoding="utf-8")
    for name, tree in zip(repository_names(checkout), checkout.repositories, strict=True):
        _link_local_configuration(portage, name, tree)
    return ConfigurationRoot(path=path, repositories=repositories)


def _make_conf(path: Path, settings: str) -> str:
    return f"""\
{settings}
ROOT="{path}/"
DISTDIR="{path}/var/distfiles"
PKGDIR="{path}/var/lib/portage/pkgs"
PORT_LOGDIR="{path}/var/log/portage"
PORTAGE_TMPDIR="{path}/var/tmp"
EMERGE_DEFAULT_OPTS="--oneshot --verbose"
"""


def _repositories(checkout: Checkout) -> str:
    names = repository_names(checkout)
    sections = [f"[DEFAULT]\nmain-repo = {names[0]}\n"]
    for name, tree in zip(names, checkout.repositories, strict=True):
        sections.append(f"[{name}]\nlocation = {tree}\n")
    return "\n".join(sections)


def _link_local_configuration(portage: Path, name: str, tree: Path) -> None:
    """``coreos/config/portage/*`` of a tree: each becomes a file in /etc/portage's directory of that name."""
    for file in sorted((tree / LOCAL_CONFIGURATION).glob("*")):
        if file.suffix != ".md":
            (portage / file.name).mkdir(exist_ok=True)
            (portage / file.name / f"{name}.conf").symlink_to(file)
