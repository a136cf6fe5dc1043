"""Find a checkout of flatcar/scripts and say where its parts are.

Works from alpha-3665.0.0 on: there the overlay calls itself ``coreos`` and portage-stable's
``profiles/repo_name`` says ``gentoo``, so names are read from the trees and never assumed.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path, PurePosixPath

from msgspec import Struct

from overlaytool.errors import CheckoutError, RepositoryError
from overlaytool.model.resolution import Board
from overlaytool.support.assignments import assignments
from overlaytool.support.files import read_text

TREES = PurePosixPath("sdk_container/src/third_party")
PORTAGE_STABLE = TREES / "portage-stable"
OVERLAY = TREES / "coreos-overlay"
IMAGES = Path("__build__/images")
"""What the SDK container sees as its directory for builds."""
VERSION_FILE = PurePosixPath("sdk_container/.repo/manifests/version.txt")
BOARD_SUFFIX = "-usr"
SDK_ARCH = "amd64"


class Checkout(Struct, frozen=True, kw_only=True):
    """A clone of flatcar/scripts. All paths are absolute."""

    path: Path
    version: str
    """FLATCAR_VERSION."""
    boards: tuple[Board, ...]
    """Every board that the profiles define, by name."""
    edited_overlay: Path | None = None
    """A directory whose ``profiles`` stand for coreos-overlay's: those that a plan is going to edit."""

    @property
    def profiles(self) -> Path:
        """The directory of Flatcar's own profiles."""
        return (self.edited_overlay or self.overlay) / "profiles"

    @property
    def portage_stable(self) -> Path:
        """The unmodified copies of Gentoo's packages."""
        return self.path / PORTAGE_STABLE

    @property
    def overlay(self) -> Path:
        """coreos-overlay: Flatcar's own and modified ebuilds. It wins over portage-stable."""
        return self.path / OVERLAY

    @property
    def repositories(self) -> tuple[Path, ...]:
        """The ebuild repositories, lowest priority first."""
        return (self.portage_stable, self.overlay)

    def board_profile(self, board: Board) -> Path:
        """The profile directory of the board root."""
        return self.profiles / "coreos" / board.arch / "generic"

    def production_profile(self, board: Board) -> Path:
        """The profile directory of the production image, with build_image's masks."""
        return self.board_profile(board) / "prod"

    def host_profile(self) -> Path:
        """The profile directory of the build host. SDK images are built for amd64."""
        return self.profiles / "coreos" / SDK_ARCH / "sdk"

    @property
    def root_deps(self) -> bool:
        """Whether ``emerge-<board>`` is made to run with ``--root-deps``, as it is at 3665.

        Then DEPEND of ebuilds before EAPI 7 is looked up in the board root, else on the build host.
        """
        try:
            return "--root-deps" in read_text(self.path / "setup_board", errors="replace")
        except OSError:
            return False

    def shown(self, path: Path) -> str:
        """A path as it is shown: relative to the checkout where it is in it, with forward slashes."""
        if self.edited_overlay is not None and path.is_relative_to(self.edited_overlay):
            return (OVERLAY / path.relative_to(self.edited_overlay)).as_posix()
        return path.relative_to(self.path).as_posix() if path.is_relative_to(self.path) else str(path)

    def board(self, name: str) -> Board:
        """The board of that name.

        :raises CheckoutError: when the profiles define no such board.
        """
        for board in self.boards:
            if board.name == name:
                return board
        known = ", ".join(board.name for board in self.boards)
        raise CheckoutError(f"no board {name}", hint=f"this checkout defines {known}")


_REPOSITORY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
RESERVED = frozenset({"gentoo", "guru", "portage-stable", "coreos-overlay", "coreos"})
"""Names that say where a copy is from."""


def host_board() -> str:
    """The board of this machine's own architecture."""
    return {"aarch64": "arm64"}.get(platform.machine(), SDK_ARCH) + BOARD_SUFFIX


def repository_name(tree: Path) -> str:
    """The name an ebuild repository gives itself in ``profiles/repo_name``, else its directory's name.

    It goes into commits and pull requests, so it has to be a valid name (PMS section 3.1.5).

    :raises RepositoryError: for another text, or a well-known tree's name in other letters.
    """
    try:
        lines = read_text(tree / "profiles/repo_name", errors="replace").splitlines()
    except OSError:
        lines = []
    name = lines[0].strip() if lines else ""
    if not name:
        return re.sub(r"[^A-Za-z0-9_-]", "-", tree.name).lstrip("-") or "unnamed"
    if not _REPOSITORY_NAME.fullmatch(name):
        raise RepositoryError(
            f"{tree} gives itself a name that is none: {name[:60]!r}",
            details=(f"{tree / 'profiles/repo_name'}, line 1",),
            hint="letters, digits, underscores and hyphens make a name (PMS section 3.1.5)",
        )
    if name not in RESERVED and name.casefold() in RESERVED:
        raise RepositoryError(
            f"{tree} calls itself {name}, which reads as another tree's name",
            details=(f"{tree / 'profiles/repo_name'}, line 1",),
            hint="an overlay needs a name of its own",
        )
    return name


def find(path: Path | None = None) -> Checkout:
    """The checkout at ``path``, or the one that holds the current directory.

    :raises CheckoutError: when there is none, or when it has no profiles to build a board's view from.
    """
    start = (path or Path.cwd()).absolute()
    places = (start,) if path else (start, *start.parents)
    for place in places:
        if (place / OVERLAY).is_dir() and (place / PORTAGE_STABLE).is_dir():
            return _open(place.resolve())
    for place in places:
        if _is_bare(place):
            raise CheckoutError(
                f"{place} is a bare clone: it has no files to plan from",
                hint=f"git -C {place} worktree add ../scripts makes a checkout of it",
            )
    raise CheckoutError(
        f"no checkout of flatcar/scripts at {start}"
        if path
        else f"no checkout of flatcar/scripts around {start}",
        hint="git clone https://github.com/flatcar/scripts, then name it with -C or go into it",
    )


def _is_bare(path: Path) -> bool:
    """Whether a directory is a git repository without a work tree (gitrepository-layout(5))."""
    inside = path.name != ".git" and not (path / ".git").exists()
    return inside and (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _open(path: Path) -> Checkout:
    profiles = path / OVERLAY / "profiles/coreos"
    boards = tuple(
        Board(name=generic.parent.name + BOARD_SUFFIX, arch=generic.parent.name)
        for generic in sorted(profiles.glob("*/generic"))
        if (generic / "parent").is_file()
    )
    if not boards:
        raise CheckoutError(
            f"the checkout at {path} has no board profiles",
            details=(f"looked for {OVERLAY}/profiles/coreos/<arch>/generic/parent",),
            hint="git submodule update --init fetches the trees, which are submodules here"
            if (path / ".gitmodules").is_file()
            else "is the clone complete? git checkout -- sdk_container restores the files",
        )
    return Checkout(path=path, version=_version(path), boards=boards)


def _version(path: Path) -> str:
    """FLATCAR_VERSION of version.txt, or ``unknown``."""
    try:
        text = read_text(path / VERSION_FILE, errors="replace")
    except OSError:
        return "unknown"
    return assignments(text).get("FLATCAR_VERSION", "unknown")
