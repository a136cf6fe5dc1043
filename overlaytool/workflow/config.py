"""Writes an overlaytool.toml with the defaults, and shows the configuration in force."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from overlaytool import config as configuration
from overlaytool.config import Config
from overlaytool.errors import CheckoutError, ConfigError, WriteError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.git.exclude import exclude

TEMPLATE = """\
# overlaytool.toml: what overlaytool does unless its options say otherwise. Paths are relative to this file.

# The Gentoo tree to import from; default: the clone that `overlaytool sync` keeps.
# gentoo = "/srv/gentoo"

# The boards that a plan is for; default: every board that the profiles define.
# boards = ["amd64-usr"]

# One more tree to import from, after Gentoo; as many as you like, in order.
# [[source]]
# name = "guru"
# url = "https://github.com/gentoo-mirror/guru"     # cloned by `overlaytool sync`
# path = "/srv/guru"                                # or one that you keep yourself
"""


class Settings(Struct, frozen=True, kw_only=True):
    """The configuration in force, and where it comes from."""

    file: Path | None
    """None: there is none."""
    config: Config
    variables: tuple[tuple[str, str], ...]
    """``OVERLAYTOOL_*`` of the environment with their values, sorted."""

    def to_data(self) -> dict[str, Any]:
        """The document of ``config show --format json``."""
        return {
            "schema": 1,
            "file": str(self.file) if self.file else None,
            "variables": dict(self.variables),
            **to_builtins(self.config, enc_hook=str),
        }


def show(checkout: Path | None, file: Path | None) -> Settings:
    """Read the configuration; outside of a checkout it is the user's.

    :raises CheckoutError: where ``checkout`` is none.
    :raises ConfigError: for a configuration that cannot be used.
    """
    found = _checkout(checkout)
    places = [file] if file else configuration.places(found)
    return Settings(
        file=next((place for place in places if place.is_file()), None),
        config=configuration.load(file, checkout=found),
        variables=tuple(
            sorted((name, value) for name, value in os.environ.items() if name.startswith("OVERLAYTOOL_"))
        ),
    )


def init(checkout: Path | None, *, user: bool) -> Path:
    """Write the template into the checkout, or for the user; never over a file that is there.

    :raises CheckoutError: where there is no checkout to write it into.
    :raises ConfigError: where there is a file already.
    :raises WriteError: where it cannot be written.
    """
    found = None if user else checkouts.find(checkout).path
    place = configuration.places(found)[0]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
        if found:
            exclude(found, (place,))
    except FileExistsError:
        raise ConfigError(f"{place} is there already", hint="edit it, or remove it first") from None
    except OSError as error:
        raise WriteError(f"{place} cannot be written: {error.strerror}") from None
    return place


def _checkout(checkout: Path | None) -> Path | None:
    try:
        return checkouts.find(checkout).path
    except CheckoutError:
        if checkout:
            raise
        return None
