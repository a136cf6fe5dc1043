"""What a command works on: the checkout, the trees to import from, the boards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from overlaytool import config as configuration
from overlaytool.config import Config
from overlaytool.ebuild import runtime
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.faults import pkgcore_faults_as_errors
from overlaytool.ebuild.sandbox import POOL
from overlaytool.ebuild.source import TreeSource
from overlaytool.errors import RepositoryError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.checkout import Checkout
from overlaytool.git.exclude import exclude
from overlaytool.git.tree_lock import reading
from overlaytool.model.resolution import Board
from overlaytool.progress import Progress, SilentProgress


class Workspace(Struct, frozen=True, kw_only=True):
    """What a command works on."""

    checkout: Checkout
    config: Config
    boards: tuple[Board, ...]
    sources: dict[str, Path]
    """Trees to import from by name, in order of preference: Gentoo first. Empty where none is needed."""
    source: TreeSource
    progress: Progress


@contextmanager
def open_workspace(
    *,
    checkout: Path | None = None,
    config: Path | None = None,
    gentoo: Path | None = None,
    sources: Sequence[Path] = (),
    boards: Sequence[str] = (),
    with_sources: bool | None = True,
    trust_sources: bool = False,
    progress: Progress | None = None,
) -> Iterator[Workspace]:
    """Open the checkout and the trees to import from; write the metadata cache and end bash at the end.

    :param with_sources: whether trees to import from are needed; without, only the checkout is looked at.
        None: they are used where they are there.
    :param trust_sources: whether ebuilds of any tree may be sourced where this machine cannot contain them.
    :raises CheckoutError: when there is no checkout, or no such board.
    :raises ConfigError: when the configuration cannot be used.
    :raises RepositoryError: when a source is no ebuild repository.
    :raises LockedError, StaleError: while `sync` is at a source, or where it was cut short.
    """
    found = checkouts.find(checkout)
    settings = configuration.load(config, checkout=found.path)
    chosen = tuple(found.board(name) for name in (boards or settings.boards)) or found.boards
    trees = (
        _sources(settings, gentoo, sources) if with_sources or _wants_sources(settings, with_sources) else {}
    )
    POOL.trust(None if trust_sources else [one.path for one in settings.sources if one.trusted])
    cache = MetadataCache(settings.cache)
    try:
        with reading(trees), pkgcore_faults_as_errors():
            yield Workspace(
                checkout=found,
                config=settings,
                boards=chosen,
                sources=trees,
                source=TreeSource(found, trees, cache=cache, boards=chosen),
                progress=progress or SilentProgress(),
            )
    finally:
        cache.close()
        runtime.shut_down()


def keep_out_of_git(space: Workspace, *places: Path) -> tuple[str, ...]:
    """Let git overlook the configuration in the checkout, and these places in it; what is new of that.

    :raises WriteError: where that cannot be written down.
    """
    return exclude(space.checkout.path, (space.checkout.path / configuration.FILE_NAME, *places))


def _wants_sources(config: Config, with_sources: bool | None) -> bool:
    """Whether to use the trees to import from where a command does not need them."""
    return with_sources is None and config.gentoo.path.is_dir()


def _sources(config: Config, gentoo: Path | None, others: Sequence[Path]) -> dict[str, Path]:
    """The trees by the names that they give themselves. A name that is taken gets a number.

    Taken are the checkout's own, too.

    :param others: paths; the name of a configured source stands for that, which is there anyway.

    :raises RepositoryError: where what is to be Gentoo is not.
    """
    first = (gentoo or config.gentoo.path).absolute()
    if not first.is_dir():
        raise RepositoryError(
            f"no Gentoo tree at {first}",
            hint="get one with: overlaytool sync; or name one with --gentoo",
        )
    own = checkouts.repository_name(first)
    if own != "gentoo" and (first / "profiles/repo_name").is_file():
        raise RepositoryError(
            f"the tree at {first} calls itself {own} (profiles/repo_name): it is not Gentoo",
            hint=f"import from it with --source {first}; --gentoo names a tree that calls itself gentoo",
        )
    trees = {"gentoo": first}
    named = [
        (checkouts.repository_name(source.path) if source.path.is_dir() else source.name, source.path)
        for source in config.sources
    ]
    configured = {source.name for source in config.sources}
    named += [
        (checkouts.repository_name(path.absolute()), path.absolute())
        for path in others
        if path.is_dir() or str(path) not in configured
    ]
    for name, path in named:
        taken = {*trees, "portage-stable", "coreos-overlay"}
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        trees[unique] = path
    return trees


def containment() -> dict[str, Any] | None:
    """How the ebuilds that this process has sourced were contained; None where it sourced none."""
    used = POOL.used()
    return used.as_data() if used else None
