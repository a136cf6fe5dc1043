"""The trees to import from, cloned or refreshed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from overlaytool import config as configuration
from overlaytool.errors import CheckoutError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.git.sync import sync as sync_trees
from overlaytool.model.series import Synced
from overlaytool.progress import Progress


def sync(checkout: Path | None, config: Path | None, progress: Progress) -> Iterator[Synced]:
    """Clone or refresh the trees to import from, Gentoo first. A checkout is not needed, only looked at.

    :raises NetworkError: for a tree of which there is no clone yet, and whose remote cannot be reached.
    :raises ConfigError: when the configuration cannot be used.
    """
    try:
        place = checkouts.find(checkout).path
    except CheckoutError:
        if checkout is not None:
            raise
        place = None
    settings = configuration.load(config, checkout=place)
    return sync_trees((settings.gentoo, *settings.sources), progress)
