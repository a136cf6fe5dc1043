"""The trees to import from, cloned or refreshed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from overlaytool import config as configuration
from overlaytool.errors import CheckoutError, ConfigError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.git.sync import sync as sync_trees
from overlaytool.model.series import Synced
from overlaytool.progress import Progress


def sync(
    checkout: Path | None, config: Path | None, progress: Progress, names: Sequence[str] = ()
) -> Iterator[Synced]:
    """Clone or refresh the trees to import from, Gentoo first. A checkout is not needed, only looked at.

    :param names: the trees; none: all of them.
    :raises NetworkError: for a tree of which there is no clone yet, and whose remote cannot be reached.
    :raises ConfigError: when the configuration cannot be used, or does not have such a tree.
    """
    try:
        place = checkouts.find(checkout).path
    except CheckoutError:
        if checkout is not None:
            raise
        place = None
    settings = configuration.load(config, checkout=place)
    trees = {tree.name: tree for tree in (settings.gentoo, *settings.sources)}
    unknown = [name for name in names if name not in trees]
    if unknown:
        raise ConfigError(
            f"there is no tree {', '.join(unknown)} to refresh",
            details=(f"known are {', '.join(trees)}",),
            hint="a [[source]] with that name and a url in overlaytool.toml makes it one",
        )
    return sync_trees([tree for tree in trees.values() if not names or tree.name in names], progress)
