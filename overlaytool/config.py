"""overlaytool.toml and the environment, as one record.

Read from ``--config FILE``, else the checkout's ``overlaytool.toml``, else
``$XDG_CONFIG_HOME/overlaytool/overlaytool.toml``::

    gentoo = "/srv/gentoo"              # the Gentoo tree; default: the clone that `sync` keeps
    boards = ["amd64-usr"]              # default: every board of the checkout

    [[source]]                          # one more tree to import from, in order
    name = "guru"
    url = "https://github.com/gentoo-mirror/guru"   # `sync` clones it into the cache
    path = "/srv/guru"                              # or where it is already
    trusted = true                      # source its ebuilds even where they cannot be contained
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from overlaytool.errors import ConfigError
from overlaytool.support.files import read_text

FILE_NAME = "overlaytool.toml"
GENTOO_URL = "https://github.com/gentoo/gentoo"


class SourceConfig(Struct, frozen=True, kw_only=True):
    """A tree to import from."""

    name: str
    path: Path
    """Where it is, or where `sync` puts it."""
    url: str | None
    """What `sync` clones; None for a tree that the user keeps."""
    trusted: bool = False
    """Whether its ebuilds are sourced even where this machine cannot contain what they do."""


class Config(Struct, frozen=True, kw_only=True):
    """Everything that is set outside the command line."""

    gentoo: SourceConfig
    sources: tuple[SourceConfig, ...]
    """The other trees, in order."""
    boards: tuple[str, ...]
    """Empty: every board of the checkout."""
    cache: Path
    """The user's cache directory for overlaytool."""
    state: Path
    """The user's state directory for overlaytool: logs, locks, journals."""


def load(
    file: Path | None = None, *, checkout: Path | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Read the configuration.

    :param file: ``--config``; it has to exist. None looks in the checkout, then in the user's directory.
    :raises ConfigError: for a file that cannot be read or a key that does not fit.
    """
    environ = os.environ if environ is None else environ
    cache = _base(environ, "XDG_CACHE_HOME", ".cache") / "overlaytool"
    state = _base(environ, "XDG_STATE_HOME", ".local/state") / "overlaytool"
    path, data = _read(file, checkout, environ)
    _refuse_unknown(path, data, {"gentoo", "boards", "source"})
    return Config(
        gentoo=_gentoo(path, data.get("gentoo"), cache),
        sources=tuple(_source(path, entry, cache) for entry in _list(path, data, "source", dict)),
        boards=tuple(_list(path, data, "boards", str)),
        cache=cache,
        state=state,
    )


def places(checkout: Path | None, environ: Mapping[str, str] | None = None) -> list[Path]:
    """Where a configuration is looked for: in the checkout, then in the user's directory."""
    own = _base(os.environ if environ is None else environ, "XDG_CONFIG_HOME", ".config")
    return [*([checkout / FILE_NAME] if checkout else []), own / "overlaytool" / FILE_NAME]


def _base(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """An XDG base directory; relative values are to be ignored, says the specification."""
    value = environ.get(variable, "")
    if value.startswith("/"):
        return Path(value)
    return Path(environ.get("HOME") or Path.home()) / fallback


def _read(
    file: Path | None, checkout: Path | None, environ: Mapping[str, str]
) -> tuple[Path, dict[str, Any]]:
    looked_at = [file] if file else places(checkout, environ)
    for place in looked_at:
        try:
            text = read_text(place)
            import tomllib  # mostly there is no file

            return place, tomllib.loads(text)
        except FileNotFoundError:
            if file:
                raise ConfigError(f"no configuration file {file}") from None
        except (OSError, ValueError) as error:  # of Unicode or TOML
            raise ConfigError(f"{place} cannot be read: {error}") from error
    return looked_at[-1], {}


def _refuse_unknown(path: Path, data: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise ConfigError(
            f"{path} has an unknown key: {', '.join(unknown)}", hint=f"known are {', '.join(sorted(known))}"
        )


def _list[T](path: Path, data: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, kind) for entry in value):
        raise ConfigError(f"{path}: {key} has to be a list")
    return value


def _gentoo(path: Path, value: object, cache: Path) -> SourceConfig:
    if value is None:
        return SourceConfig(name="gentoo", path=cache / "trees/gentoo", url=GENTOO_URL)
    if isinstance(value, str):
        return SourceConfig(name="gentoo", path=_absolute(path, value), url=None)
    if isinstance(value, dict):
        return _source(path, {"url": GENTOO_URL, **value, "name": "gentoo"}, cache)
    raise ConfigError(f"{path}: gentoo has to be a path or a table")


def _source(path: Path, entry: Mapping[str, Any], cache: Path) -> SourceConfig:
    _refuse_unknown(path, entry, {"name", "url", "path", "trusted"})
    trusted = entry.get("trusted", False)
    if not isinstance(trusted, bool):
        raise ConfigError(f"{path}: trusted of a source has to be true or false")
    if not all(isinstance(value, str) and value for key, value in entry.items() if key != "trusted"):
        raise ConfigError(f"{path}: name, url and path of a source have to be text")
    name, url, place = entry.get("name"), entry.get("url"), entry.get("path")
    if not name or "/" in name or name.startswith("."):
        raise ConfigError(f"{path}: every [[source]] needs a plain name", hint='name = "guru"')
    if not url and not place:
        raise ConfigError(f"{path}: source {name} needs a path or a url")
    where = _absolute(path, place) if place else cache / "trees" / name
    return SourceConfig(name=name, path=where, url=url, trusted=trusted)


def _absolute(path: Path, value: str) -> Path:
    """A path of the file: ``~`` expanded, relative ones from the file's directory."""
    expanded = Path(value).expanduser()
    return expanded if expanded.is_absolute() else (path.parent / expanded).absolute()
